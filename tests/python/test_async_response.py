"""Requests and responses with `await`: reading, iterating, closing, and what cannot be mixed."""

import asyncio
import copy
import gc
import gzip
import io
import pickle
import sys
import typing
import unittest
import warnings

import httpx

ON_CPYTHON = sys.implementation.name == "cpython"
only_tauraro = unittest.skipIf(ON_CPYTHON, "an addition of Tauraro's")


async def chunks(*parts):
    for part in parts:
        await asyncio.sleep(0)
        yield part


class Stream(httpx.AsyncByteStream):
    """A body that notes what becomes of it."""

    def __init__(self, *parts, error=None):
        self.parts = parts
        self.error = error
        self.closed = 0

    async def __aiter__(self):
        for part in self.parts:
            await asyncio.sleep(0)
            yield part
        if self.error:
            raise self.error

    async def aclose(self):
        await asyncio.sleep(0)
        self.closed += 1


class AsyncFile:
    """A file object that is read with `await`; iterating over it is wrong."""

    def __init__(self, content):
        self.file = io.BytesIO(content)
        self.sizes = []

    async def aread(self, size):
        await asyncio.sleep(0)
        self.sizes.append(size)
        return self.file.read(size)

    async def __aiter__(self):
        raise AssertionError("a file is read, not iterated over")
        yield b""


async def collect(iterable):
    return [item async for item in iterable]


def without_loop(coroutine):
    """The result of a coroutine that must not wait for anything."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")


class BaseTest(unittest.TestCase):
    def test_messages_of_the_base(self):
        async def main():
            with self.assertRaisesRegex(NotImplementedError, r"^The '__aiter__' method must be implemented\.$"):
                await collect(httpx.AsyncByteStream())
            self.assertIsNone(await httpx.AsyncByteStream().aclose())

        asyncio.run(main())

    def test_kinds(self):
        def kinds(stream):
            return tuple(
                isinstance(stream, kind)
                for kind in (httpx.SyncByteStream, typing.Iterable, httpx.AsyncByteStream, typing.AsyncIterable)
            )

        both, sync, only_async = (True,) * 4, (True, True, False, False), (False, False, True, True)

        def request(**body):
            return httpx.Request("POST", "https://example.com/", **body)

        def bodies(make):
            yield both, make(content=b"abc")
            yield both, make(content="abc")
            yield both, make(json=[1])
            yield both, make()
            yield sync, make(content=iter([b"abc"]))
            yield sync, make(content=io.BytesIO(b"abc"))
            yield only_async, make(content=chunks(b"abc"))
            yield only_async, make(content=AsyncFile(b"abc"))
            yield only_async, make(stream=Stream())

        for expected, message in [*bodies(request), *bodies(lambda **body: httpx.Response(200, **body))]:
            self.assertEqual(kinds(message.stream), expected, message.stream)
        self.assertEqual(kinds(request(data={"a": "b"}).stream), both)
        self.assertEqual(kinds(request(files={"a": b"b"}).stream), both)
        self.assertEqual(kinds(pickle.loads(pickle.dumps(request())).stream), both)
        self.assertTrue(issubclass(httpx.ByteStream, httpx.AsyncByteStream))
        self.assertTrue(issubclass(httpx.ByteStream, httpx.SyncByteStream))
        self.assertFalse(issubclass(httpx.SyncByteStream, httpx.AsyncByteStream))

    def test_subclasses_of_both(self):
        class Doubled(httpx.AsyncByteStream, httpx.SyncByteStream):
            def __iter__(self):
                yield b"sync"

            async def __aiter__(self):
                yield b"async"

        class Derived(httpx.ByteStream):
            def __init__(self, data, extra):
                super().__init__(data)
                self.extra = extra

        async def main():
            stream = Doubled()
            self.assertEqual(httpx.Response(200, stream=stream).read(), b"sync")
            self.assertEqual(await httpx.Response(200, stream=stream).aread(), b"async")
            self.assertIsNone(stream.close())
            self.assertIsNone(await stream.aclose())
            derived = Derived(b"data", 1)
            self.assertEqual((list(derived), await collect(derived), derived.extra), ([b"data"], [b"data"], 1))
            self.assertIsNone(derived.close())
            self.assertIsNone(await derived.aclose())

        asyncio.run(main())

    def test_bytes_need_no_loop(self):
        stream = httpx.ByteStream(b"abc")
        for _ in range(2):
            iterator = aiter(stream)
            self.assertEqual(without_loop(anext(iterator)), b"abc")
            with self.assertRaises(StopAsyncIteration):
                without_loop(anext(iterator))


class RequestTest(unittest.TestCase):
    def test_aread(self):
        async def main():
            for body, content in [
                ({"content": chunks(b"Hello, ", b"", b"world!")}, b"Hello, world!"),
                ({"content": AsyncFile(b"file")}, b"file"),
                ({"stream": Stream(b"a", b"b")}, b"ab"),
                ({"content": b"bytes"}, b"bytes"),
                ({"json": {"a": 1}}, b'{"a":1}'),
                ({}, b""),
            ]:
                request = httpx.Request("POST", "https://example.com/", **body)
                if "stream" in body or not isinstance(request.stream, httpx.ByteStream):
                    with self.assertRaises(httpx.RequestNotRead):
                        request.content
                self.assertEqual(await request.aread(), content)
                self.assertEqual(await request.aread(), content)
                self.assertEqual(request.read(), content)
                self.assertEqual(request.content, content)
                self.assertIsInstance(request.stream, httpx.ByteStream)
                self.assertEqual(await collect(request.stream), [content])

        asyncio.run(main())

    def test_headers_of_asynchronous_content(self):
        request = httpx.Request("POST", "https://example.com/", content=chunks(b"a"))
        self.assertEqual(request.headers, {"Host": "example.com", "Transfer-Encoding": "chunked"})
        request = httpx.Request("POST", "https://example.com/", content=chunks(b"a"), headers={"Content-Length": "1"})
        self.assertEqual(request.headers, {"Host": "example.com", "Content-Length": "1"})

    def test_a_multipart_form(self):
        async def main():
            form = {"field": (None, b"value"), "file": io.BytesIO(b"x" * 100_000)}
            request = httpx.Request("POST", "https://example.com/", files=form)
            parts = await collect(request.stream)
            self.assertEqual(b"".join(parts), b"".join(request.stream))
            self.assertEqual(await request.aread(), b"".join(parts))
            self.assertGreater(len(parts), 1)

        asyncio.run(main())

    def test_the_other_way_of_reading(self):
        async def main():
            with self.assertRaises(AssertionError):
                httpx.Request("POST", "https://example.com/", content=chunks(b"a")).read()
            with self.assertRaises(AssertionError):
                await httpx.Request("POST", "https://example.com/", content=iter([b"a"])).aread()

        asyncio.run(main())

    def test_a_generator_can_be_iterated_over_once(self):
        async def main():
            stream = httpx.Request("POST", "https://example.com/", content=chunks(b"a", b"b")).stream
            self.assertEqual(await collect(stream), [b"a", b"b"])
            with self.assertRaises(httpx.StreamConsumed):
                await collect(stream)

            class Again:
                def __aiter__(self):
                    return chunks(b"c")

            stream = httpx.Request("POST", "https://example.com/", content=Again()).stream
            self.assertEqual(await collect(stream), [b"c"])
            self.assertEqual(await collect(stream), [b"c"])

        asyncio.run(main())

    def test_a_response_as_content_is_sent_once(self):
        async def main():
            response = httpx.Response(200, content=chunks(b"a", b"b"))
            stream = httpx.Request("POST", "https://example.com/", content=response.aiter_bytes()).stream
            self.assertEqual(await collect(stream), [b"a", b"b"])
            with self.assertRaises(httpx.StreamConsumed):
                await collect(stream)
            stream = httpx.Request("POST", "https://example.com/", content=httpx.Response(200).iter_raw()).stream
            iter(stream)
            with self.assertRaises(httpx.StreamConsumed):
                list(stream)

        asyncio.run(main())

    def test_files_are_read_in_pieces(self):
        async def main():
            file = AsyncFile(bytes(100_000))
            request = httpx.Request("POST", "https://example.com/", content=file)
            self.assertEqual([len(part) for part in await collect(request.stream)], [65_536, 34_464])
            self.assertEqual(file.sizes, [65_536] * 3)

        asyncio.run(main())

    def test_pickled(self):
        async def main():
            request = httpx.Request("POST", "https://example.com/", content=chunks(b"a"))
            for other in (copy.copy(request), pickle.loads(pickle.dumps(request))):
                with self.assertRaises(httpx.RequestNotRead):
                    other.content
                with self.assertRaises(httpx.StreamClosed):
                    await other.aread()
            await request.aread()
            self.assertEqual(pickle.loads(pickle.dumps(request)).content, b"a")
            self.assertEqual(repr(request), "<Request('POST', 'https://example.com/')>")

        asyncio.run(main())


class ReadTest(unittest.TestCase):
    def test_aread(self):
        async def main():
            response = httpx.Response(200, content=chunks(b"Hello, ", b"world!"))
            self.assertEqual(response.headers, {"Transfer-Encoding": "chunked"})
            self.assertEqual(repr(response), "<Response [200 OK]>")
            self.assertEqual((response.is_closed, response.is_stream_consumed), (False, False))
            with self.assertRaises(httpx.ResponseNotRead):
                response.content
            self.assertEqual(await response.aread(), b"Hello, world!")
            self.assertEqual((response.is_closed, response.is_stream_consumed), (True, True))
            self.assertEqual(response.num_bytes_downloaded, 13)
            self.assertEqual((response.content, response.text), (b"Hello, world!", "Hello, world!"))
            self.assertEqual(await response.aread(), b"Hello, world!")
            self.assertEqual(response.read(), b"Hello, world!")
            self.assertEqual(list(response.iter_bytes(5)), [b"Hello", b", wor", b"ld!"])
            self.assertEqual(await collect(response.aiter_bytes(5)), [b"Hello", b", wor", b"ld!"])
            await response.aclose()

        asyncio.run(main())

    def test_content_at_hand_needs_no_loop(self):
        response = httpx.Response(200, content=b"Hello,\nworld!")
        self.assertEqual(without_loop(response.aread()), b"Hello,\nworld!")
        self.assertIsNone(without_loop(response.aclose()))
        lines = response.aiter_lines()
        self.assertEqual(without_loop(anext(lines)), "Hello,")
        self.assertEqual(without_loop(anext(lines)), "world!")
        with self.assertRaises(StopAsyncIteration):
            without_loop(anext(lines))

    def test_compressed(self):
        async def main():
            plain = "Grüße, " * 1000
            packed = gzip.compress(plain.encode())
            pieces = [packed[start : start + 7] for start in range(0, len(packed), 7)]

            def response():
                headers = {"Content-Encoding": "gzip", "Content-Type": "text/plain; charset=utf-8"}
                return httpx.Response(200, headers=headers, content=chunks(*pieces))

            self.assertEqual(await response().aread(), plain.encode())
            self.assertEqual("".join(await collect(response().aiter_text())), plain)
            self.assertEqual(b"".join(await collect(response().aiter_raw())), packed)
            read = response()
            self.assertEqual((await collect(read.aiter_bytes(10)))[0], plain.encode()[:10])
            self.assertEqual(read.num_bytes_downloaded, len(packed))

        asyncio.run(main())

    def test_broken_compression(self):
        async def main():
            stream = Stream(b"no gzip")
            request = httpx.Request("GET", "https://example.com/")
            headers = {"Content-Encoding": "gzip"}
            response = httpx.Response(200, headers=headers, stream=stream, request=request)
            with self.assertRaises(httpx.DecodingError) as caught:
                await response.aread()
            self.assertIs(caught.exception.request, request)
            await response.aclose()
            self.assertEqual(stream.closed, 1)

        asyncio.run(main())

    def test_what_the_stream_raises(self):
        async def main():
            request = httpx.Request("GET", "https://example.com/")
            for error in (httpx.ReadError("gone"), ValueError("wrong")):
                stream = Stream(b"a", error=error)
                response = httpx.Response(200, stream=stream, request=request)
                iterator = response.aiter_bytes()
                self.assertEqual(await anext(iterator), b"a")
                with self.assertRaises(type(error)) as caught:
                    await anext(iterator)
                self.assertIs(caught.exception, error)
                self.assertFalse(response.is_closed)
                await response.aclose()
                self.assertEqual(stream.closed, 1)
                with self.assertRaises(StopAsyncIteration):
                    await anext(iterator)
                if isinstance(error, httpx.RequestError):
                    self.assertIs(error.request, request)

        asyncio.run(main())

    def test_what_is_no_bytes(self):
        async def main():
            with self.assertRaisesRegex(TypeError, "bytes"):
                await httpx.Response(200, content=chunks("text")).aread()
            with self.assertRaises(TypeError):
                httpx.Response(200, content=object())

        asyncio.run(main())

    def test_a_second_reading(self):
        async def main():
            response = httpx.Response(200, content=chunks(b"a"))
            self.assertEqual(await collect(response.aiter_bytes()), [b"a"])
            for again in (response.aread(), collect(response.aiter_raw()), collect(response.aiter_lines())):
                with self.assertRaises(httpx.StreamConsumed):
                    await again
            response = httpx.Response(200, content=chunks(b"a"))
            await response.aclose()
            with self.assertRaises(httpx.StreamClosed):
                await response.aread()

        asyncio.run(main())


class IterateTest(unittest.TestCase):
    def test_items(self):
        async def main():
            def response():
                return httpx.Response(200, content=chunks("Grü".encode()[:3], "üße\nWe".encode()[1:], b"lt!"))

            self.assertEqual(
                await collect(response().aiter_raw()), ["Grü".encode()[:3], "üße\nWe".encode()[1:], b"lt!"]
            )
            self.assertEqual("".join(await collect(response().aiter_text())), "Grüße\nWelt!")
            self.assertEqual(await collect(response().aiter_text(4)), ["Grüß", "e\nWe", "lt!"])
            self.assertEqual(await collect(response().aiter_lines()), ["Grüße", "Welt!"])
            self.assertEqual([len(part) for part in await collect(response().aiter_bytes(chunk_size=6))], [6, 6, 1])
            self.assertEqual([len(part) for part in await collect(response().aiter_raw(6))], [6, 6, 1])
            self.assertEqual([line async for line in httpx.Response(200, content=b"a\nb").aiter_lines()], ["a", "b"])

        asyncio.run(main())

    def test_nothing_happens_before_the_first_item(self):
        async def main():
            response = httpx.Response(200, content=chunks(b"a"))
            iterator = response.aiter_raw()
            self.assertFalse(response.is_stream_consumed)
            self.assertEqual(await anext(iterator), b"a")
            self.assertTrue(response.is_stream_consumed)
            self.assertFalse(response.is_closed)
            self.assertEqual(await anext(iterator, "end"), "end")
            self.assertTrue(response.is_closed)

        asyncio.run(main())

    def test_progress_is_counted(self):
        async def main():
            response = httpx.Response(200, content=chunks(b"abc", b"de"))
            counts = [response.num_bytes_downloaded async for _ in response.aiter_bytes()]
            self.assertEqual(counts, [3, 5])

        asyncio.run(main())

    def test_as_an_asynchronous_generator(self):
        async def main():
            response = httpx.Response(200, content=chunks(b"a", b"b", b"c"))
            iterator = response.aiter_bytes()
            self.assertIs(aiter(iterator), iterator)
            self.assertEqual(await iterator.asend(None), b"a")
            await iterator.aclose()
            with self.assertRaises(StopAsyncIteration):
                await anext(iterator)
            self.assertFalse(response.is_closed)
            iterator = httpx.Response(200, content=chunks(b"a", b"b")).aiter_bytes()
            self.assertEqual(await anext(iterator), b"a")
            with self.assertRaisesRegex(ValueError, "^thrown$"):
                await iterator.athrow(ValueError("thrown"))
            with self.assertRaises(StopAsyncIteration):
                await anext(iterator)

        asyncio.run(main())

    def test_two_tasks_on_one_iterator(self):
        async def main():
            iterator = httpx.Response(200, content=chunks(b"a", b"b")).aiter_bytes()
            results = await asyncio.gather(anext(iterator), anext(iterator), return_exceptions=True)
            self.assertEqual(results[0], b"a")
            self.assertIsInstance(results[1], RuntimeError)
            self.assertIn("already running", str(results[1]))
            self.assertEqual(await anext(iterator), b"b")

        asyncio.run(main())

    def test_cancelled(self):
        async def main():
            class Stuck(Stream):
                async def __aiter__(self):
                    yield b"a"
                    await asyncio.sleep(3600)

            stream = Stuck()
            response = httpx.Response(200, stream=stream)
            iterator = response.aiter_bytes()
            self.assertEqual(await anext(iterator), b"a")
            task = asyncio.ensure_future(collect(iterator))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            with self.assertRaises(StopAsyncIteration):
                await anext(iterator)
            await response.aclose()
            self.assertEqual((response.is_closed, stream.closed), (True, 1))

        asyncio.run(main())

    @only_tauraro
    def test_an_awaitable_that_is_forgotten(self):
        response = httpx.Response(200, content=b"a")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            response.aread()
            gc.collect()
        self.assertEqual(
            [str(warning.message) for warning in caught], ["coroutine 'Response.aread' was never awaited"]
        )

    @only_tauraro
    def test_chunk_sizes(self):
        for size in (0, -1):
            with self.assertRaises(ValueError):
                httpx.Response(200).aiter_bytes(size)


class CloseTest(unittest.TestCase):
    def test_streams_are_closed_once(self):
        async def main():
            for read in ("aread", "aiter_raw", "aiter_lines"):
                stream = Stream(b"a", b"b")
                response = httpx.Response(200, stream=stream)
                self.assertEqual(response.headers, {})
                self.assertIs(response.stream, stream)
                result = getattr(response, read)()
                await (result if read == "aread" else collect(result))
                self.assertEqual((stream.closed, response.is_closed), (1, True))
                await response.aclose()
                self.assertEqual(stream.closed, 1)

        asyncio.run(main())

    def test_closing_may_fail(self):
        class Failing(Stream):
            async def aclose(self):
                raise httpx.CloseError("stuck")

        async def main():
            request = httpx.Request("GET", "https://example.com/")
            response = httpx.Response(200, stream=Failing(), request=request)
            with self.assertRaises(httpx.CloseError) as caught:
                await response.aclose()
            self.assertIs(caught.exception.request, request)
            self.assertTrue(response.is_closed)
            await response.aclose()

        asyncio.run(main())

    def test_a_stream_set_later(self):
        async def main():
            inner = Stream(b"a", b"b")

            class Wrapper(httpx.AsyncByteStream):
                async def __aiter__(self):
                    async for part in inner:
                        yield part.upper()

                async def aclose(self):
                    await inner.aclose()

            response = httpx.Response(200, stream=inner)
            response.stream = Wrapper()
            self.assertEqual(await response.aread(), b"AB")
            self.assertEqual(inner.closed, 1)

        asyncio.run(main())

    def test_the_wrong_surface(self):
        async def main():
            def fresh():
                return httpx.Response(200, content=chunks(b"a")), httpx.Response(200, content=iter([b"a"]))

            on_async = r"^Attempted to call a sync iterator on an async stream\.$"
            on_sync = r"^Attempted to call an async iterator on an sync stream\.$"
            for name in ("iter_raw", "iter_bytes", "iter_text", "iter_lines"):
                asynchronous, synchronous = fresh()
                with self.assertRaisesRegex(RuntimeError, on_async):
                    list(getattr(asynchronous, name)())
                with self.assertRaisesRegex(RuntimeError, on_sync):
                    await collect(getattr(synchronous, f"a{name}")())
                # Neither has been touched.
                self.assertEqual((await asynchronous.aread(), synchronous.read()), (b"a", b"a"))
            asynchronous, synchronous = fresh()
            with self.assertRaisesRegex(RuntimeError, on_async):
                asynchronous.read()
            with self.assertRaisesRegex(RuntimeError, on_sync):
                await synchronous.aread()
            with self.assertRaisesRegex(RuntimeError, r"^Attempted to call an sync close on an async stream\.$"):
                asynchronous.close()
            with self.assertRaisesRegex(RuntimeError, r"^Attempted to call an async close on an sync stream\.$"):
                await synchronous.aclose()
            self.assertEqual((asynchronous.is_closed, synchronous.is_closed), (False, False))

        asyncio.run(main())

    def test_pickled(self):
        async def main():
            response = httpx.Response(200, content=chunks(b"a"))
            other = pickle.loads(pickle.dumps(response))
            self.assertEqual((other.is_closed, other.is_stream_consumed), (True, False))
            with self.assertRaises(httpx.ResponseNotRead):
                other.content
            with self.assertRaises(httpx.StreamClosed):
                await other.aread()
            with self.assertRaises(httpx.StreamClosed):
                await collect(other.stream)
            with self.assertRaises(httpx.StreamClosed):
                list(other.stream)
            await other.aclose()
            self.assertEqual(await response.aread(), b"a")
            other = pickle.loads(pickle.dumps(response))
            self.assertEqual((other.content, await other.aread()), (b"a", b"a"))
            self.assertEqual((other.is_stream_consumed, other.num_bytes_downloaded), (True, 1))

        asyncio.run(main())


if __name__ == "__main__":
    unittest.main()
