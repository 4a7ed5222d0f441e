"""`ASGITransport`: an application in place of a server."""

import asyncio
import unittest

import httpx


async def hello(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"Hello"})


async def echo(scope, receive, send):
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body"})


class ASGITest(unittest.IsolatedAsyncioTestCase):
    async def request(self, app, method="GET", url="http://example.org/", transport=None, **arguments):
        transport = httpx.ASGITransport(app, **(transport or {}))
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.request(method, url, **arguments)

    async def test_a_response(self):
        response = await self.request(hello)
        self.assertEqual((response.status_code, response.text), (200, "Hello"))
        self.assertEqual(response.headers["content-type"], "text/plain")

    async def test_the_scope(self):
        seen = {}

        async def app(scope, receive, send):
            seen.update(scope)
            await hello(scope, receive, send)

        url = "https://example.org:8443/a%2Fb%20c?d=e"
        options = {"root_path": "/mount", "client": ("1.2.3.4", 5)}
        await self.request(app, "PUT", url, options, headers={"X-Some": "Thing"})
        headers = dict(seen.pop("headers"))
        self.assertEqual(headers[b"x-some"], b"Thing")
        self.assertEqual(headers[b"host"], b"example.org:8443")
        expected = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "PUT",
            "scheme": "https",
            "path": "/a/b c",
            "raw_path": b"/a%2Fb%20c",
            "query_string": b"d=e",
            "root_path": "/mount",
            "client": ("1.2.3.4", 5),
            "server": ("example.org", 8443),
        }
        self.assertEqual(seen, expected)

    async def test_uploads(self):
        async def pieces():
            yield b"one"
            yield b"two"

        for content, expected in [(b"body", b"body"), (pieces(), b"onetwo"), (None, b"")]:
            response = await self.request(echo, "POST", content=content)
            self.assertEqual(response.content, expected)

    async def test_head_has_no_body(self):
        self.assertEqual((await self.request(hello, "HEAD")).content, b"")

    async def test_exceptions(self):
        async def before(scope, receive, send):
            raise KeyError("mine")

        async def after(scope, receive, send):
            await hello(scope, receive, send)
            raise KeyError("mine")

        for app, status in [(before, 500), (after, 200)]:
            with self.assertRaisesRegex(KeyError, "mine"):
                await self.request(app)
            response = await self.request(app, transport={"raise_app_exceptions": False})
            self.assertEqual(response.status_code, status)

    async def test_disconnection_comes_after_the_response(self):
        messages = []

        async def app(scope, receive, send):
            messages.append(await receive())
            await hello(scope, receive, send)
            messages.append(await receive())

        await self.request(app)
        # A client may hand over an empty piece first.
        self.assertEqual(messages[0]["type"], "http.request")

        async def patient(scope, receive, send):
            while (await receive())["more_body"]:
                pass
            waiting = asyncio.ensure_future(receive())
            await asyncio.sleep(0)
            early = waiting.done()
            await hello(scope, receive, send)
            messages[:] = [early, await waiting]

        await self.request(patient)
        self.assertEqual(messages, [False, {"type": "http.disconnect"}])

    async def test_applications_that_break_the_rules(self):
        async def silent(scope, receive, send):
            pass

        async def unfinished(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})

        async def twice(scope, receive, send):
            for _ in range(2):
                await send({"type": "http.response.start", "status": 200})

        async def longer(scope, receive, send):
            await hello(scope, receive, send)
            await send({"type": "http.response.body", "body": b"more"})

        for app in (silent, unfinished, twice, longer):
            with self.subTest(app=app.__name__), self.assertRaises(AssertionError):
                await self.request(app)

    async def test_many_at_once(self):
        async def app(scope, receive, send):
            await asyncio.sleep(0)
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": scope["path"].encode()})

        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            requests = [client.get(f"http://a/{n}") for n in range(50)]
            texts = [response.text for response in await asyncio.gather(*requests)]
        self.assertEqual(texts, [f"/{n}" for n in range(50)])

    async def test_the_transport_itself(self):
        async with httpx.ASGITransport(app=hello) as transport:
            self.assertIsInstance(transport, httpx.AsyncBaseTransport)
            response = await transport.handle_async_request(httpx.Request("GET", "http://a/"))
            self.assertEqual(await response.aread(), b"Hello")


if __name__ == "__main__":
    unittest.main()
