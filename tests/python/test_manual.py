"""The httpx examples of Tauraro's manual, as written there.

Only the origin of each URL is replaced, so that the example talks to a server of this test. Each
test checks what the example printed and what the server was asked.
"""

import asyncio
import contextlib
import io
import logging
import os
import sys
import tempfile
import textwrap
import threading
import unittest
import warnings

import httpx
from recording_server import RecordingServer

ON_CPYTHON = sys.implementation.name == "cpython"
if ON_CPYTHON:  # PyPI's httpx lacks the two names that the manual adds
    httpx.Session = httpx.Client
    httpx.TimeoutError = httpx.TimeoutException

ORIGINS = ["https://api.github.com", "https://api.example.com", "https://example.com"]


class ManualTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.server = self.enterContext(RecordingServer())
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder)

    def run_example(self, source, **names):
        """Runs an example with `names` defined; gives its namespace, and what it printed as `printed`."""
        source = textwrap.dedent(source)
        for origin in ORIGINS:
            source = source.replace(origin, self.server.url)
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(source, "<manual>", "exec"), names)
        return names | {"printed": output.getvalue().splitlines()}

    def asked(self):
        """Method and target of each request that the server has seen."""
        return [(request.method, request.target) for request in self.server.requests]


class BasicUsage(ManualTest):
    def test_simple_get(self):
        self.server.answers["GET", "/"] = (200, [], {"current_user_url": "/user", "emoji": "é"})
        names = self.run_example("""
            import httpx

            # Make a GET request
            response = httpx.get("https://api.github.com")

            # Check status
            print(response.status_code)  # 200

            # Get response text
            print(response.text)

            # Parse JSON response
            data = response.json()
            print(data)
        """)
        self.assertEqual(self.asked(), [("GET", "/")])
        self.assertEqual(names["data"], {"current_user_url": "/user", "emoji": "é"})
        self.assertEqual(
            names["printed"],
            [
                "200",
                '{"current_user_url": "/user", "emoji": "\\u00e9"}',
                "{'current_user_url': '/user', 'emoji': 'é'}",
            ],
        )

    def test_default_headers(self):
        self.run_example('import httpx; httpx.get("https://api.github.com")')
        headers = self.server.requests[0].headers
        self.assertEqual(headers["Host"], self.server.url.removeprefix("http://"))
        self.assertEqual(headers["Accept"], "*/*")
        self.assertIn("gzip", headers["Accept-Encoding"])
        self.assertTrue(headers["User-Agent"].startswith("python-httpx/"), headers["User-Agent"])

    def test_post_json_and_form(self):
        self.server.answers["POST", "/users"] = lambda request: (201, [], {"id": 7} | request.json())
        names = self.run_example("""
            import httpx

            # POST with JSON data
            data = {"name": "Alice", "email": "alice@example.com"}
            response = httpx.post("https://api.example.com/users", json=data)

            print(response.status_code)
            print(response.json())

            # POST with form data
            form_data = {"username": "alice", "password": "secret"}
            response = httpx.post("https://example.com/login", data=form_data)
        """)
        users, login = self.server.requests
        self.assertEqual(self.asked(), [("POST", "/users"), ("POST", "/login")])
        self.assertEqual(users.headers["Content-Type"], "application/json")
        self.assertEqual(users.body, b'{"name":"Alice","email":"alice@example.com"}')
        self.assertEqual(users.headers["Content-Length"], str(len(users.body)))
        self.assertEqual(login.headers["Content-Type"], "application/x-www-form-urlencoded")
        self.assertEqual(login.body, b"username=alice&password=secret")
        self.assertEqual(
            names["printed"], ["201", "{'id': 7, 'name': 'Alice', 'email': 'alice@example.com'}"]
        )
        self.assertEqual(names["response"].status_code, 200)

    def test_request_methods(self):
        names = self.run_example("""
            import httpx

            # GET
            response = httpx.get("https://api.example.com/users")

            # POST
            response = httpx.post("https://api.example.com/users", json={"name": "Bob"})

            # PUT
            response = httpx.put("https://api.example.com/users/1", json={"name": "Bob Updated"})

            # DELETE
            response = httpx.delete("https://api.example.com/users/1")

            # PATCH
            response = httpx.patch("https://api.example.com/users/1", json={"email": "new@example.com"})

            # HEAD
            response = httpx.head("https://example.com")
            head = response

            # OPTIONS
            response = httpx.options("https://api.example.com")
        """)
        self.assertEqual(
            self.asked(),
            [
                ("GET", "/users"),
                ("POST", "/users"),
                ("PUT", "/users/1"),
                ("DELETE", "/users/1"),
                ("PATCH", "/users/1"),
                ("HEAD", "/"),
                ("OPTIONS", "/"),
            ],
        )
        bodies = [request.body for request in self.server.requests]
        self.assertEqual(
            bodies,
            [b"", b'{"name":"Bob"}', b'{"name":"Bob Updated"}', b"", b'{"email":"new@example.com"}', b"", b""],
        )
        # The answer to HEAD tells a length and has no body.
        self.assertEqual(names["head"].content, b"")
        self.assertEqual(names["head"].headers["Content-Length"], "12")
        self.assertEqual(names["response"].json(), {"ok": True})


class RequestParameters(ManualTest):
    def test_headers(self):
        names = self.run_example("""
            import httpx

            headers = {
                "Authorization": "Bearer token123",
                "Content-Type": "application/json",
                "User-Agent": "TauraroBot/1.0"
            }

            response = httpx.get("https://api.example.com/protected", headers=headers)
        """)
        seen = self.server.requests[0].headers
        for name, value in names["headers"].items():
            self.assertEqual(seen.get_all(name), [value])

    def test_query_parameters(self):
        names = self.run_example("""
            import httpx

            # Using params dictionary
            params = {
                "search": "python",
                "limit": 10,
                "offset": 0
            }

            response = httpx.get("https://api.example.com/search", params=params)
            # Requests: https://api.example.com/search?search=python&limit=10&offset=0
        """)
        self.assertEqual(self.asked(), [("GET", "/search?search=python&limit=10&offset=0")])
        self.assertEqual(
            str(names["response"].url), f"{self.server.url}/search?search=python&limit=10&offset=0"
        )

    def test_timeout_number(self):
        names = self.run_example("""
            import httpx

            # Set timeout (in seconds)
            response = httpx.get("https://api.example.com", timeout=5.0)
        """)
        self.assertEqual(names["response"].status_code, 200)
        self.assertEqual(
            names["response"].request.extensions["timeout"],
            {"connect": 5.0, "read": 5.0, "write": 5.0, "pool": 5.0},
        )

    @unittest.skipIf(ON_CPYTHON, "PyPI's httpx has no timeouts given as a dict")
    def test_timeout_dict(self):
        names = self.run_example("""
            import httpx

            # Different timeouts for connect and read
            response = httpx.get(
                "https://api.example.com",
                timeout={"connect": 3.0, "read": 10.0}
            )
        """)
        self.assertEqual(names["response"].status_code, 200)
        self.assertEqual(
            names["response"].request.extensions["timeout"],
            {"connect": 3.0, "read": 10.0, "write": 5.0, "pool": 5.0},
        )

    @unittest.skipIf(ON_CPYTHON, "PyPI's httpx has no timeouts given as a dict")
    def test_timeout_dict_is_obeyed(self):
        self.server.answers["GET", "/slow"] = self.slow
        with self.assertRaises(httpx.ReadTimeout):
            httpx.get(f"{self.server.url}/slow", timeout={"connect": 3.0, "read": 0.1})

    def slow(self, request):
        self.server.released.wait(30)
        return 200, [], {}


class ResponseObject(ManualTest):
    EXAMPLE = """
        import httpx

        response = httpx.get("https://api.github.com")

        # Status code
        print(response.status_code)  # 200

        # Headers
        print(response.headers)
        print(response.headers["content-type"])

        # Body
        print(response.text)          # As string
        print(response.content)       # As bytes
        print(response.json())        # Parse JSON

        # URL
        print(response.url)

        # Encoding
        print(response.encoding)

        # Check success
        if response.status_code == 200:
            print("Success!")
    """

    def test_attributes(self):
        self.server.answers["GET", "/"] = (200, [], {"stars": 12})
        names = self.run_example(self.EXAMPLE)
        status, headers, *others = names["printed"]
        self.assertEqual(status, "200")
        self.assertTrue(headers.startswith("Headers({'server': "), headers)
        self.assertIn("'content-type': 'application/json'", headers)
        self.assertEqual(
            others,
            [
                "application/json",
                '{"stars": 12}',
                "b'{\"stars\": 12}'",
                "{'stars': 12}",
                self.server.url,
                "utf-8",
                "Success!",
            ],
        )
        response = names["response"]
        self.assertIsInstance(response.text, str)
        self.assertIsInstance(response.content, bytes)
        self.assertIsInstance(response.url, httpx.URL)
        self.assertEqual(response.headers["Content-Type"], response.headers["CONTENT-TYPE"])

    def test_declared_encoding(self):
        self.server.answers["GET", "/"] = (
            200,
            [("Content-Type", "application/json; charset=iso-8859-1")],
            '{"city": "Málaga"}'.encode("iso-8859-1"),
        )
        names = self.run_example('import httpx; response = httpx.get("https://api.github.com")')
        self.assertEqual(names["response"].encoding, "iso-8859-1")
        self.assertEqual(names["response"].text, '{"city": "Málaga"}')


class AdvancedFeatures(ManualTest):
    def test_sessions(self):
        self.server.answers["GET", "/profile"] = (200, [("Set-Cookie", "sid=abc; Path=/; HttpOnly")], {"id": 1})
        names = self.run_example("""
            import httpx

            # Create a session (maintains cookies and connections)
            session = httpx.Session()

            # Set default headers for all requests
            session.headers["Authorization"] = "Bearer token123"

            # Make requests with session
            response = session.get("https://api.example.com/profile")
            response = session.post("https://api.example.com/data", json={"key": "value"})

            # Close session when done
            session.close()
        """)
        profile, data = self.server.requests
        self.assertEqual(self.asked(), [("GET", "/profile"), ("POST", "/data")])
        self.assertEqual(profile.headers["Authorization"], "Bearer token123")
        self.assertEqual(data.headers["Authorization"], "Bearer token123")
        self.assertIsNone(profile.headers["Cookie"])
        self.assertEqual(data.headers["Cookie"], "sid=abc")
        self.assertEqual(data.json(), {"key": "value"})
        self.assertEqual(self.server.connections, 1, "a session keeps its connection")
        self.assertTrue(names["session"].is_closed)
        with self.assertRaisesRegex(RuntimeError, "closed"):
            names["session"].get(self.server.url)

    def test_session_is_the_client_class(self):
        self.assertIs(httpx.Session, httpx.Client)

    def test_file_uploads(self):
        document, image = b"%PDF-1.7\r\n" + bytes(range(256)) * 300, b"\xff\xd8\xff\xe0 a picture"
        for name, content in (("document.pdf", document), ("image.jpg", image)):
            with open(name, "wb") as file:
                file.write(content)
        warnings.simplefilter("ignore", ResourceWarning)  # the example leaves its files to the collector
        names = self.run_example("""
            import httpx

            # Upload a file
            files = {"file": open("document.pdf", "rb")}
            response = httpx.post("https://api.example.com/upload", files=files)

            # Upload with additional data
            files = {"file": open("image.jpg", "rb")}
            data = {"description": "Profile picture"}
            response = httpx.post("https://api.example.com/upload", files=files, data=data)
        """)
        alone, with_data = self.server.requests
        self.assertEqual(names["response"].status_code, 200)
        self.assertTrue(alone.headers["Content-Type"].startswith("multipart/form-data; boundary="))
        self.assertEqual(alone.headers["Content-Length"], str(len(alone.body)))
        self.assertEqual(alone.parts(), [("file", "document.pdf", "application/pdf", document)])
        self.assertEqual(
            with_data.parts(),
            [("description", None, None, b"Profile picture"), ("file", "image.jpg", "image/jpeg", image)],
        )

    def test_authentication(self):
        self.run_example("""
            import httpx

            # Basic authentication
            response = httpx.get(
                "https://api.example.com/protected",
                auth=("username", "password")
            )

            # Bearer token
            headers = {"Authorization": "Bearer your_token_here"}
            response = httpx.get("https://api.example.com/protected", headers=headers)
        """)
        basic, bearer = self.server.requests
        self.assertEqual(basic.headers["Authorization"], "Basic dXNlcm5hbWU6cGFzc3dvcmQ=")
        self.assertEqual(bearer.headers["Authorization"], "Bearer your_token_here")


class ErrorHandling(ManualTest):
    EXAMPLE = """
        import httpx

        try:
            response = httpx.get("https://api.example.com/endpoint", timeout={timeout})
            response.raise_for_status()  # Raises exception for 4xx/5xx status codes
            data = response.json()
        except httpx.TimeoutError:
            print("Request timed out")
        except httpx.HTTPError as e:
            print(f"HTTP error: {{e}}")
        except Exception as e:
            print(f"Error: {{e}}")
    """

    def outcome(self, answer, timeout=5.0):
        self.server.answers["GET", "/endpoint"] = answer
        return self.run_example(self.EXAMPLE.format(timeout=timeout))

    def test_success(self):
        names = self.outcome((200, [], {"fine": True}))
        self.assertEqual((names["printed"], names["data"]), ([], {"fine": True}))

    def test_status_errors(self):
        for status, text in ((404, "Client error '404 Not Found'"), (503, "Server error '503 Service Unavailable'")):
            with self.subTest(status=status):
                first, second = self.outcome((status, [], {}))["printed"]
                self.assertEqual(first, f"HTTP error: {text} for url '{self.server.url}/endpoint'")
                self.assertTrue(second.endswith(f"Web/HTTP/Status/{status}"), second)

    def test_timeout(self):
        def slow(request):
            self.server.released.wait(30)
            return 200, [], {}

        self.assertEqual(self.outcome(slow, timeout=0.1)["printed"], ["Request timed out"])

    def test_connection_refused(self):
        self.server.shutdown()
        self.server.server_close()
        (line,) = self.run_example(self.EXAMPLE.format(timeout=5.0))["printed"]
        self.assertTrue(line.startswith("HTTP error: "), line)

    def test_not_json(self):
        (line,) = self.outcome((200, [], b"<html>"))["printed"]
        self.assertEqual(line, "Error: Expecting value: line 1 column 1 (char 0)")

    def test_classes(self):
        self.assertIs(httpx.TimeoutError, httpx.TimeoutException)
        self.assertTrue(issubclass(httpx.TimeoutError, httpx.HTTPError))
        self.assertTrue(issubclass(httpx.HTTPStatusError, httpx.HTTPError))


class CompleteExample(ManualTest):
    EXAMPLE = """
        import httpx
        import json

        def fetch_user_data(user_id: int) -> dict:
            \"\"\"Fetch user data from API.\"\"\"
            base_url = "https://api.example.com"
            headers = {
                "Authorization": "Bearer secret_token",
                "Content-Type": "application/json"
            }

            try:
                response = httpx.get(
                    f"{base_url}/users/{user_id}",
                    headers=headers,
                    timeout=10.0
                )

                if response.status_code == 200:
                    return response.json()
                elif response.status_code == 404:
                    print(f"User {user_id} not found")
                    return None
                else:
                    print(f"Error: {response.status_code}")
                    return None

            except httpx.TimeoutError:
                print("Request timed out")
                return None
            except Exception as e:
                print(f"Error: {e}")
                return None

        # Usage
        user = fetch_user_data(123)
        if user:
            print(f"User: {user['name']}")
    """

    def outcome(self, *answer):
        self.server.answers["GET", "/users/123"] = answer
        return self.run_example(self.EXAMPLE)["printed"]

    def test_outcomes(self):
        self.assertEqual(self.outcome(200, [], {"name": "Alice"}), ["User: Alice"])
        self.assertEqual(self.outcome(404, [], {}), ["User 123 not found"])
        self.assertEqual(self.outcome(500, [], {}), ["Error: 500"])
        self.assertEqual(self.outcome(200, [], b"{"), [
            "Error: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
        ])
        for request in self.server.requests:
            self.assertEqual((request.method, request.target), ("GET", "/users/123"))
            self.assertEqual(request.headers["Authorization"], "Bearer secret_token")
            self.assertEqual(request.headers["Content-Type"], "application/json")


class BestPractices(ManualTest):
    def test_use_timeouts(self):
        names = self.run_example("""
            # Always set timeouts to prevent hanging
            response = httpx.get("https://api.example.com", timeout=10.0)
        """, httpx=httpx)
        self.assertEqual(names["response"].json(), {"ok": True})

    def test_handle_errors(self):
        self.server.answers["GET", "/broken"] = (502, [], {})
        with self.assertLogs("manual", logging.ERROR) as logs:
            self.run_example("""
                try:
                    response = httpx.get(url)
                    response.raise_for_status()
                except httpx.HTTPError as e:
                    # Handle error appropriately
                    logger.error(f"HTTP error: {e}")
            """, httpx=httpx, url=f"{self.server.url}/broken", logger=logging.getLogger("manual"))
        self.assertIn("HTTP error: Server error '502 Bad Gateway' for url", logs.output[0])

    def test_use_sessions(self):
        seen = []
        self.run_example("""
            # More efficient than creating new connections
            session = httpx.Session()
            for url in urls:
                response = session.get(url)
                process(response)
            session.close()
        """, httpx=httpx, urls=[f"{self.server.url}/{i}" for i in range(20)], process=seen.append)
        self.assertEqual(self.asked(), [("GET", f"/{i}") for i in range(20)])
        self.assertEqual([response.json() for response in seen], [{"ok": True}] * 20)
        self.assertEqual(self.server.connections, 1)

    def test_stream_large_responses(self):
        body = bytes(range(256)) * 40_000
        self.server.answers["GET", "/large"] = (200, [], body)
        chunks = []
        names = self.run_example("""
            # Don't load entire response into memory
            with httpx.stream("GET", url) as response:
                for chunk in response.iter_bytes():
                    process_chunk(chunk)
        """, httpx=httpx, url=f"{self.server.url}/large", process_chunk=chunks.append)
        self.assertGreater(len(chunks), 1)
        self.assertEqual(b"".join(chunks), body)
        self.assertTrue(names["response"].is_closed)
        self.assertEqual(names["response"].num_bytes_downloaded, len(body))

    FETCH_ALL = """
        import asyncio
        import httpx

        async def fetch_all(urls):
            async with httpx.AsyncClient() as client:
                tasks = [client.get(url) for url in urls]
                responses = await asyncio.gather(*tasks)
                return responses
    """

    def test_use_async_for_concurrent_requests(self):
        count = 20
        arrived = threading.Barrier(count, timeout=30)  # nobody is answered before all have asked

        def answer(request):
            arrived.wait()
            return 200, [], {"path": request.target}

        self.server.answers.update({("GET", f"/{number}"): answer for number in range(count)})
        fetch_all = self.run_example(self.FETCH_ALL)["fetch_all"]
        responses = asyncio.run(fetch_all(f"{self.server.url}/{number}" for number in range(count)))
        self.assertEqual([response.json()["path"] for response in responses], [f"/{number}" for number in range(count)])
        self.assertEqual(self.server.connections, count)

    def test_a_failure_of_concurrent_requests_is_raised(self):
        fetch_all = self.run_example(self.FETCH_ALL)["fetch_all"]
        with self.assertRaises(httpx.UnsupportedProtocol):
            asyncio.run(fetch_all([self.server.url, "ftp://127.0.0.1/"]))


if __name__ == "__main__":
    unittest.main()
