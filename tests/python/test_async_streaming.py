"""Response bodies over the wire, with `await`: read, streamed, compressed, broken, cancelled, given up."""

import asyncio
import base64
import datetime
import os
import unittest

import httpx

URL = os.environ["TAURARO_TEST_HTTP"]


def pattern(size):
    return bytes(index % 251 for index in range(size))


async def collect(iterable):
    return [item async for item in iterable]


class ClientTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.client = httpx.AsyncClient(base_url=URL)

    async def asyncTearDown(self):
        await self.client.aclose()

    async def open(self, path):
        return await self.client.send(self.client.build_request("GET", path), stream=True)

    async def accepted(self):
        return (await self.client.get("/connections")).json()["accepted"]


class ReadTest(ClientTest):
    async def test_read(self):
        for size in (0, 1, 1000, 1_000_000):
            response = await self.open(f"/bytes/{size}")
            self.assertFalse(response.is_stream_consumed)
            self.assertEqual(await response.aread(), pattern(size))
            self.assertEqual(response.num_bytes_downloaded, size)
            self.assertEqual((response.is_closed, response.is_stream_consumed), (True, True))
            self.assertIsInstance(response.elapsed, datetime.timedelta)
            self.assertEqual(await response.aread(), response.content)

    async def test_iterated_over(self):
        async def pieces(name, *arguments):
            response = await self.open("/chunked/10000?size=300")
            self.assertFalse(response.is_closed)
            items = await collect(getattr(response, name)(*arguments))
            self.assertEqual((response.is_closed, response.num_bytes_downloaded), (True, 10_000))
            return items

        self.assertEqual(b"".join(await pieces("aiter_bytes")), pattern(10_000))
        self.assertEqual(b"".join(await pieces("aiter_raw")), pattern(10_000))
        sizes = [len(piece) for piece in await pieces("aiter_bytes", 4096)]
        self.assertEqual(sizes, [4096, 4096, 1808])
        self.assertEqual("".join(await pieces("aiter_text")), pattern(10_000).decode("utf-8", "replace"))

    async def test_compressed(self):
        response = await self.open("/encoded/gzip?size=300000")
        content = await response.aread()
        self.assertEqual(len(content), 300_000)
        self.assertLess(response.num_bytes_downloaded, 300_000)
        response = await self.open("/encoded/gzip?size=300000")
        self.assertEqual(b"".join(await collect(response.aiter_bytes())), content)

    async def test_read_at_once(self):
        responses = await asyncio.gather(*(self.open("/chunked/100000?size=777") for _ in range(8)))
        contents = await asyncio.gather(*(response.aread() for response in responses))
        self.assertEqual(set(contents), {pattern(100_000)})

    async def test_two_readers(self):
        response = await self.open("/chunked/100000?size=777")
        content, error = await asyncio.gather(response.aread(), response.aread(), return_exceptions=True)
        self.assertEqual(content, pattern(100_000))
        self.assertIsInstance(error, httpx.StreamConsumed)

    async def test_without_await(self):
        response = await self.open("/bytes/10")
        self.assertIsInstance(response.stream, httpx.AsyncByteStream)
        self.assertNotIsInstance(response.stream, httpx.SyncByteStream)
        with self.assertRaisesRegex(RuntimeError, "^Attempted to call a sync iterator on an async stream"):
            response.read()
        with self.assertRaisesRegex(RuntimeError, "^Attempted to call an sync close on an async stream"):
            response.close()
        self.assertEqual(await response.aread(), pattern(10))
        with httpx.Client(base_url=URL) as client, client.stream("GET", "/bytes/10") as response:
            self.assertNotIsInstance(response.stream, httpx.AsyncByteStream)
            with self.assertRaisesRegex(RuntimeError, "^Attempted to call an async iterator on an sync stream"):
                await response.aread()
            with self.assertRaisesRegex(RuntimeError, "^Attempted to call an async close on an sync stream"):
                await response.aclose()
            self.assertEqual(response.read(), pattern(10))


class StreamTest(ClientTest):
    async def test_the_stream_itself(self):
        response = await self.open("/chunked/1000?size=300")
        self.assertEqual(b"".join(await collect(response.stream)), pattern(1000))
        self.assertEqual(response.num_bytes_downloaded, 0)
        await response.stream.aclose()
        await response.aclose()
        self.assertTrue(response.is_closed)

    async def test_a_wrapped_stream(self):
        class Reversed(httpx.AsyncByteStream):
            def __init__(self, stream):
                self.stream = stream

            async def __aiter__(self):
                async for piece in self.stream:
                    yield piece[::-1]

            async def aclose(self):
                await self.stream.aclose()

        response = await self.open("/bytes/100")
        response.stream = Reversed(response.stream)
        self.assertEqual(sorted(await response.aread()), sorted(pattern(100)))
        self.assertEqual(response.num_bytes_downloaded, 100)

    async def test_a_stream_as_content(self):
        # The body of one response is that of the next request, and never all in memory.
        async with self.client.stream("GET", "/chunked/100000?size=777") as source:
            answer = await self.client.post("/echo", content=source.aiter_bytes())
        self.assertEqual(base64.b64decode(answer.json()["base64"]), pattern(100_000))


class GivenUpTest(ClientTest):
    async def test_cancelled(self):
        response = await self.open("/chunked/100000000?size=1000")
        task = asyncio.ensure_future(response.aread())
        while not response.num_bytes_downloaded:
            await asyncio.sleep(0.001)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        await response.aclose()
        self.assertTrue(response.is_closed)
        with self.assertRaises(httpx.StreamError):
            await response.aread()
        self.assertEqual((await self.client.get("/bytes/3")).content, pattern(3))

    async def test_left_in_the_middle(self):
        before = await self.accepted()
        async with self.client.stream("GET", "/chunked/100000000?size=1000") as response:
            async for piece in response.aiter_bytes():
                self.assertTrue(piece)
                break
        self.assertTrue(response.is_closed)
        with self.assertRaises(httpx.StreamConsumed):
            await collect(response.aiter_raw())
        self.assertEqual((await self.client.get("/bytes/3")).content, pattern(3))
        self.assertGreater(await self.accepted(), before)

    async def test_read_to_the_end_the_connection_is_used_again(self):
        before = await self.accepted()
        for _ in range(3):
            async with self.client.stream("GET", "/chunked/1000?size=300") as response:
                await collect(response.aiter_lines())
        self.assertEqual(await self.accepted(), before)

    async def test_too_slow(self):
        with self.assertRaises(httpx.ReadTimeout) as caught:
            async with self.client.stream("GET", "/slow-body?ms=10000", timeout=0.2) as response:
                await response.aread()
        self.assertEqual(caught.exception.request.url.path, "/slow-body")

    async def test_broken_off(self):
        async with self.client.stream("GET", "/cut-chunked") as response:
            with self.assertRaises(httpx.RemoteProtocolError) as caught:
                await collect(response.aiter_bytes())
        self.assertEqual(caught.exception.request.url.path, "/cut-chunked")
        self.assertTrue(response.is_closed)


if __name__ == "__main__":
    unittest.main()
