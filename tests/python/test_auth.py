"""Authentication: pairs, URLs, functions, and schemes written in Python."""

import gc
import hashlib
import os
import tempfile
import unittest
import urllib.request
import weakref

import httpx

URL = os.environ["TAURARO_TEST_HTTP"]
PROTECTED = f"{URL}/basic-auth/me/secret"
WITH_USERINFO = PROTECTED.replace("http://", "http://me:secret@")


def sent(response, name="authorization"):
    return [value for key, value in response.json()["headers"] if key.lower() == name]


class BasicTest(unittest.TestCase):
    def test_pairs(self):
        for auth in [("me", "secret"), (b"me", b"secret"), httpx.BasicAuth("me", "secret")]:
            with self.subTest(auth=auth):
                self.assertEqual(httpx.get(PROTECTED, auth=auth).status_code, 200)
        self.assertEqual(httpx.get(PROTECTED, auth=("me", "wrong")).status_code, 401)
        self.assertEqual(httpx.get(PROTECTED).status_code, 401)

    def test_the_header(self):
        response = httpx.get(f"{URL}/headers", auth=("Aladdin", "open sesame"))
        self.assertEqual(sent(response), ["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="])
        response = httpx.get(f"{URL}/headers", auth=("\u00e4", ""))
        self.assertEqual(sent(response), ["Basic w6Q6"])

    def test_the_url(self):
        self.assertEqual(httpx.get(WITH_USERINFO).status_code, 200)
        encoded = f"{URL}/headers".replace("http://", "http://a%40b:c%3Ad@")
        self.assertEqual(sent(httpx.get(encoded)), ["Basic YUBiOmM6ZA=="])

    def test_which_credentials_win(self):
        with httpx.Client(auth=("client", "1")) as client:
            url = f"{URL}/headers"
            self.assertEqual(sent(client.get(url)), ["Basic Y2xpZW50OjE="])
            self.assertEqual(sent(client.get(url, auth=("call", "2"))), ["Basic Y2FsbDoy"])
            self.assertEqual(sent(client.get(url, auth=None)), [])
            self.assertEqual(sent(client.get(url, auth=httpx.USE_CLIENT_DEFAULT)), ["Basic Y2xpZW50OjE="])
            self.assertEqual(sent(client.get(url.replace("://", "://u:p@"))), ["Basic Y2xpZW50OjE="])
            self.assertEqual(sent(client.get(url.replace("://", "://u:p@"), auth=None)), ["Basic dTpw"])
            client.auth = None
            self.assertEqual(sent(client.get(url)), [])
            client.auth = ("again", "3")
            self.assertIsInstance(client.auth, httpx.BasicAuth)
            self.assertEqual(sent(client.get(url)), ["Basic YWdhaW46Mw=="])

    def test_the_request_has_the_header(self):
        response = httpx.get(f"{URL}/headers", auth=("a", "b"))
        self.assertEqual(response.request.headers["authorization"], "Basic YTpi")

    def test_mistakes(self):
        for auth in [1, "text", ["a", "b"]]:
            with self.subTest(auth=auth), self.assertRaisesRegex(TypeError, 'Invalid "auth" argument'):
                httpx.get(URL, auth=auth)
        with self.assertRaises((TypeError, IndexError)):
            httpx.Client(auth=("a",))
        with self.assertRaises((TypeError, AttributeError)):
            httpx.Client(auth=("a", 1))

    def test_stream(self):
        with httpx.Client(auth=("me", "secret")) as client, client.stream("GET", PROTECTED) as response:
            self.assertEqual(response.status_code, 200)


class FunctionTest(unittest.TestCase):
    def test_a_function(self):
        def auth(request):
            request.headers["Authorization"] = "Token abc"
            return request

        self.assertEqual(sent(httpx.get(f"{URL}/headers", auth=auth)), ["Token abc"])
        with httpx.Client(auth=auth) as client:
            self.assertIsInstance(client.auth, httpx.Auth)
            self.assertEqual(sent(client.get(f"{URL}/headers")), ["Token abc"])

    def test_its_exception_reaches_the_caller(self):
        def auth(request):
            raise KeyError("no token")

        with httpx.Client(auth=auth) as client:
            with self.assertRaises(KeyError):
                client.get(f"{URL}/headers")
            self.assertEqual(client.get(f"{URL}/headers", auth=None).status_code, 200)


class FlowTest(unittest.TestCase):
    def test_one_request(self):
        class Token(httpx.Auth):
            def auth_flow(self, request):
                request.headers["X-Token"] = "1"
                yield request

        self.assertEqual(sent(httpx.get(f"{URL}/headers", auth=Token()), "x-token"), ["1"])

    def test_a_second_request_after_a_challenge(self):
        class Login(httpx.Auth):
            def __init__(self):
                self.statuses = []

            def auth_flow(self, request):
                response = yield request
                self.statuses.append(response.status_code)
                if response.status_code == 401:
                    request.headers["Authorization"] = httpx.Request(
                        "GET", "http://x/", headers={"A": "Basic bWU6c2VjcmV0"}
                    ).headers["A"]
                    response = yield request
                    self.statuses.append(response.status_code)

        auth = Login()
        response = httpx.get(PROTECTED, auth=auth)
        self.assertEqual((response.status_code, auth.statuses), (200, [401, 200]))
        self.assertEqual([past.status_code for past in response.history], [401])
        self.assertTrue(response.history[0].is_closed)

    def test_another_request_first(self):
        class Fetch(httpx.Auth):
            requires_response_body = True

            def auth_flow(self, request):
                response = yield httpx.Request("GET", f"{URL}/json")
                request.headers["X-Size"] = str(len(response.content))
                yield request

        self.assertEqual(sent(httpx.get(f"{URL}/headers", auth=Fetch()), "x-size"), ["1024"])

    def test_the_body_of_the_request(self):
        class Signed(httpx.Auth):
            requires_request_body = True

            def auth_flow(self, request):
                request.headers["X-Body"] = request.content.decode()
                yield request

        response = httpx.post(f"{URL}/echo", content=(part for part in [b"a", b"b"]), auth=Signed())
        self.assertEqual((sent(response, "x-body"), response.json()["text"]), (["ab"], "ab"))

    def test_the_flow_of_a_synchronous_client(self):
        class Locked(httpx.Auth):
            def sync_auth_flow(self, request):
                request.headers["X-Sync"] = "1"
                yield request

        self.assertEqual(sent(httpx.get(f"{URL}/headers", auth=Locked()), "x-sync"), ["1"])

    def test_the_base_class_sends_the_request_as_it_is(self):
        self.assertEqual(sent(httpx.get(f"{URL}/headers", auth=httpx.Auth())), [])

    def test_a_flow_is_closed_when_the_request_fails(self):
        closed = []

        class Watching(httpx.Auth):
            def auth_flow(self, request):
                try:
                    yield request
                finally:
                    closed.append(True)

        with self.assertRaises(httpx.ReadTimeout):
            httpx.get(f"{URL}/hang", auth=Watching(), timeout=0.1)
        gc.collect()
        self.assertEqual(closed, [True])

    def test_an_exception_in_the_flow(self):
        class Broken(httpx.Auth):
            def auth_flow(self, request):
                yield request
                raise LookupError("later")

        with httpx.Client() as client:
            with self.assertRaisesRegex(LookupError, "later"):
                client.get(f"{URL}/json", auth=Broken())
            self.assertEqual(client.get(f"{URL}/json").status_code, 200)

    def test_a_flow_uses_redirects(self):
        class Token(httpx.Auth):
            def auth_flow(self, request):
                request.headers["X-Token"] = "1"
                response = yield request
                assert response.status_code == 200

        response = httpx.get(f"{URL}/redirect/2", auth=Token(), follow_redirects=True)
        self.assertEqual((response.status_code, len(response.history)), (200, 2))

    def test_schemes_are_collected(self):
        class Holding(httpx.Auth):
            pass

        auth = Holding()
        auth.itself = auth
        reference = weakref.ref(auth)
        client = httpx.Client(auth=auth)
        auth.client = client
        del auth, client
        gc.collect()
        self.assertIsNone(reference())


class DigestTest(unittest.TestCase):
    CHALLENGE = 'Digest realm="r, x", nonce="abc", qop="auth, auth-int", opaque="o", algorithm=%s'

    def client(self, challenge, accept=lambda value: True):
        self.seen = []

        def handler(request):
            value = request.headers.get("authorization")
            self.seen.append(value)
            if value is None or not accept(value):
                return httpx.Response(401, headers={"WWW-Authenticate": challenge, "Set-Cookie": "c=1"})
            return httpx.Response(200, text=request.headers.get("cookie", ""))

        client = httpx.Client(transport=httpx.MockTransport(handler), auth=httpx.DigestAuth("me", b"secret"))
        self.addCleanup(client.close)
        return client

    def fields(self, value):
        scheme, _, rest = value.partition(" ")
        self.assertEqual(scheme, "Digest")
        return urllib.request.parse_keqv_list(urllib.request.parse_http_list(rest))

    def expected(self, name, fields, target):
        def digest(*parts):
            return hashlib.new(name, ":".join(parts).encode()).hexdigest()

        first = digest("me", "r, x", "secret")
        if fields["algorithm"].lower().endswith("-sess"):
            first = digest(first, "abc", fields["cnonce"])
        second = digest("GET", target)
        return digest(first, "abc", fields["nc"], fields["cnonce"], "auth", second)

    def test_algorithms(self):
        table = [("MD5", "md5"), ("SHA", "sha1"), ("SHA-256", "sha256"), ("SHA-512", "sha512"), ("MD5-SESS", "md5")]
        for algorithm, name in table:
            with self.subTest(algorithm):
                client = self.client(self.CHALLENGE % algorithm)
                response = client.get("http://example.org/p?a=1")
                self.assertEqual((response.status_code, len(response.history)), (200, 1))
                fields = self.fields(self.seen[1])
                self.assertEqual(fields["response"], self.expected(name, fields, "/p?a=1"))
                self.assertEqual(
                    [fields[key] for key in ["username", "realm", "nonce", "uri", "opaque", "qop", "nc"]],
                    ["me", "r, x", "abc", "/p?a=1", "o", "auth", "00000001"],
                )

    def test_the_next_request_answers_at_once(self):
        client = self.client(self.CHALLENGE % "MD5")
        client.get("http://example.org/")
        client.get("http://example.org/")
        self.assertEqual(len(self.seen), 3)
        self.assertEqual(self.fields(self.seen[2])["nc"], "00000002")
        self.assertNotEqual(self.fields(self.seen[1])["cnonce"], self.fields(self.seen[2])["cnonce"])

    def test_wrong_credentials_are_tried_once(self):
        client = self.client(self.CHALLENGE % "MD5", accept=lambda value: False)
        self.assertEqual(client.get("http://example.org/").status_code, 401)
        self.assertEqual(len(self.seen), 2)

    def test_cookies_of_the_challenge(self):
        self.assertEqual(self.client(self.CHALLENGE % "MD5").get("http://example.org/").text, "c=1")

    def test_another_scheme(self):
        self.assertEqual(self.client("Basic realm=x").get("http://example.org/").status_code, 401)
        self.assertEqual(len(self.seen), 1)

    def test_bad_challenges(self):
        for challenge in ['Digest realm="r"', 'Digest realm="r", nonce="n", qop="other"']:
            with self.subTest(challenge), self.assertRaises(httpx.ProtocolError):
                self.client(challenge).get("http://example.org/")


class NetRCTest(unittest.TestCase):
    def test_credentials_of_the_host(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "netrc")
            with open(path, "w", encoding="ascii") as file:
                file.write("machine example.org login me password secret\n")
            os.chmod(path, 0o600)
            auth = httpx.NetRCAuth(path)
        answer = httpx.MockTransport(lambda request: httpx.Response(200, text=request.headers.get("authorization", "")))
        with httpx.Client(transport=answer, auth=auth) as client:
            self.assertEqual(client.get("http://example.org/").text, "Basic bWU6c2VjcmV0")
            self.assertEqual(client.get("http://example.net/").text, "")

    def test_no_file(self):
        with self.assertRaises(FileNotFoundError):
            httpx.NetRCAuth("/no/such/netrc")


class EventHookTest(unittest.TestCase):
    def test_hooks_see_each_hop(self):
        seen = []
        hooks = {
            "request": [lambda request: seen.append(request.url.path)],
            "response": [lambda response: seen.append(response.status_code)],
        }
        with httpx.Client(event_hooks=hooks, follow_redirects=True) as client:
            client.get(f"{URL}/redirect/1")
            self.assertEqual(seen, ["/redirect/1", 302, "/redirect/0", 200])

    def test_hooks_can_be_changed(self):
        def tag(request):
            request.headers["X-Hook"] = "1"

        with httpx.Client() as client:
            client.event_hooks["request"].append(tag)
            self.assertEqual(sent(client.get(f"{URL}/headers"), "x-hook"), ["1"])
            client.event_hooks = {"response": []}
            self.assertEqual(client.event_hooks, {"request": [], "response": []})
            self.assertEqual(sent(client.get(f"{URL}/headers"), "x-hook"), [])

    def test_a_hook_may_raise_and_may_read(self):
        def check(response):
            response.read()
            response.raise_for_status()

        with httpx.Client(event_hooks={"response": [check]}) as client:
            with self.assertRaises(httpx.HTTPStatusError) as caught:
                client.get(f"{URL}/status/404")
            self.assertEqual(caught.exception.response.status_code, 404)
            self.assertTrue(caught.exception.response.is_closed)
            self.assertEqual(client.get(f"{URL}/json").status_code, 200)


if __name__ == "__main__":
    unittest.main()
