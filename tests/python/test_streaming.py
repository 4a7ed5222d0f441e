"""Response bodies over the wire: read, streamed, compressed, broken, given up."""

import datetime
import gc
import os
import sys
import threading
import unittest

import httpx

URL = os.environ["TAURARO_TEST_HTTP"]
ON_CPYTHON = sys.implementation.name == "cpython"
CODINGS = ["gzip", "deflate", "raw-deflate"] + ([] if ON_CPYTHON else ["br", "zstd", "gzip,br", "zstd,deflate"])
only_tauraro = unittest.skipIf(ON_CPYTHON, "an addition of Tauraro's")


def pattern(size):
    return bytes(index % 251 for index in range(size))


class ClientTest(unittest.TestCase):
    def setUp(self):
        self.client = self.enterContext(httpx.Client(base_url=URL))

    def accepted(self):
        return self.client.get("/connections").json()["accepted"]


class ReadTest(ClientTest):
    def test_content_of_a_known_length(self):
        for size in (0, 1, 1000, 1_000_000):
            response = self.client.get(f"/bytes/{size}")
            self.assertEqual(response.content, pattern(size))
            self.assertEqual(response.headers["content-length"], str(size))
            self.assertEqual(response.num_bytes_downloaded, size)
            self.assertTrue(response.is_closed)
            self.assertTrue(response.is_stream_consumed)

    def test_chunked_content(self):
        response = self.client.get("/chunked/100000?size=777")
        self.assertEqual(response.content, pattern(100_000))
        self.assertNotIn("content-length", response.headers)
        self.assertEqual(response.num_bytes_downloaded, 100_000)

    def test_what_the_head_says(self):
        response = self.client.get("/status/418?reason=Short%20and%20stout")
        self.assertEqual((response.status_code, response.reason_phrase), (418, "Short and stout"))
        self.assertEqual(repr(response), "<Response [418 Short and stout]>")
        self.assertEqual(response.http_version, "HTTP/1.1")
        self.assertEqual(response.extensions["http_version"], b"HTTP/1.1")
        self.assertEqual(response.extensions["reason_phrase"], b"Short and stout")
        self.assertEqual(response.url, f"{URL}/status/418?reason=Short%20and%20stout")
        self.assertEqual(response.request.method, "GET")
        self.assertEqual((response.history, response.next_request), ([], None))
        with self.assertRaises(httpx.HTTPStatusError):
            response.raise_for_status()

    def test_json(self):
        response = self.client.get("/json")
        self.assertEqual(len(response.content), 1024)
        self.assertIsInstance(response.json(), dict)

    def test_no_content(self):
        for response in (self.client.get("/no-content"), self.client.head("/head-only")):
            self.assertEqual((response.content, response.text), (b"", ""))
            self.assertTrue(response.is_closed)

    def test_elapsed(self):
        quick, slow = self.client.get("/json").elapsed, self.client.get("/slow-head?ms=200").elapsed
        self.assertIsInstance(quick, datetime.timedelta)
        self.assertGreaterEqual(slow, datetime.timedelta(milliseconds=200))
        with self.client.stream("GET", "/json") as response:
            with self.assertRaises(RuntimeError):
                _ = response.elapsed
            response.read()
            self.assertGreater(response.elapsed, datetime.timedelta(0))

    def test_links(self):
        links = self.client.get("/link").links
        self.assertEqual(links["next"], {"url": "/link?page=2", "rel": "next"})
        self.assertEqual(links["last"], {"url": "/link?page=9", "rel": "last", "title": "the end"})

    def test_charsets(self):
        texts = {
            "utf-8": "Zażółć gęślą jaźń – naïve café, 日本語 😀",
            "utf-8-sig": "Zażółć gęślą jaźń",
            "iso-8859-1": "Grüße, naïve café ½",
            "iso-8859-2": "Zażółć gęślą jaźń",
            "windows-1252": "“Grüße” – 5 €",
            "koi8-r": "Привет, мир",
            "shift_jis": "こんにちは、世界",
            "gbk": "你好，世界",
            "utf-16": "Zażółć 😀",
        }
        for charset, text in texts.items():
            with self.subTest(charset=charset):
                response = self.client.get("/text", params={"charset": charset})
                self.assertEqual((response.text, response.encoding), (text, charset))
                with self.client.stream("GET", "/text", params={"charset": charset}) as response:
                    self.assertEqual("".join(response.iter_text(chunk_size=1)), text)
        self.assertEqual(self.client.get("/text").text, texts["utf-8"])


class StreamTest(ClientTest):
    def test_in_chunks(self):
        for method in ("iter_bytes", "iter_raw"):
            with self.client.stream("GET", "/chunked/10000?size=300") as response:
                self.assertFalse(response.is_closed)
                chunks = list(getattr(response, method)(chunk_size=4096))
            self.assertEqual([len(chunk) for chunk in chunks], [4096, 4096, 1808])
            self.assertEqual(b"".join(chunks), pattern(10_000))
            self.assertTrue(response.is_closed)

    def test_as_it_comes(self):
        with self.client.stream("GET", "/slow-body?ms=50&chunks=3") as response:
            counts = []
            for chunk in response.iter_bytes():
                counts.append(response.num_bytes_downloaded)
                self.assertTrue(chunk)
        self.assertEqual(counts[0], len(b"chunk 0\n"))
        self.assertEqual(counts[-1], 3 * len(b"chunk 0\n"))

    def test_lines(self):
        with self.client.stream("GET", "/lines") as response:
            lines = list(response.iter_lines())
        self.assertEqual(
            lines, ["first", "second", "third", "fourth", "", "fifth", "sixth", "seventh", "eighth", "last"]
        )

    def test_server_sent_events(self):
        with self.client.stream("GET", "/sse") as response:
            data = [line.removeprefix("data: ") for line in response.iter_lines() if line.startswith("data: ")]
        self.assertEqual(data, ["first", "second", "line", "third"])

    def test_reading_within_the_block(self):
        with self.client.stream("GET", "/bytes/1000") as response:
            with self.assertRaises(httpx.ResponseNotRead):
                _ = response.content
            self.assertEqual(response.read(), pattern(1000))
            self.assertEqual(response.content, pattern(1000))
        self.assertEqual(response.read(), pattern(1000))
        self.assertEqual(list(response.iter_bytes(600)), [pattern(1000)[:600], pattern(1000)[600:]])

    def test_reading_twice(self):
        with self.client.stream("GET", "/bytes/1000") as response:
            list(response.iter_raw())
            with self.assertRaises(httpx.StreamConsumed):
                list(response.iter_raw())
            with self.assertRaises(httpx.StreamConsumed):
                response.read()

    def test_reading_after_the_block(self):
        with self.client.stream("GET", "/bytes/1000") as response:
            pass
        self.assertTrue(response.is_closed)
        with self.assertRaises(httpx.StreamClosed):
            response.read()
        with self.assertRaises(httpx.StreamClosed):
            next(response.iter_lines())
        with self.assertRaises(httpx.ResponseNotRead):
            _ = response.text

    @only_tauraro
    def test_an_iterator_that_outlives_the_block(self):
        with self.client.stream("GET", "/chunked/1000000") as response:
            chunks = response.iter_bytes()
            next(chunks)
        with self.assertRaises(httpx.StreamClosed):
            next(chunks)

    def test_a_wrapped_stream(self):
        class Shouting(httpx.SyncByteStream):
            def __init__(self, stream):
                self.stream = stream

            def __iter__(self):
                for chunk in self.stream:
                    yield chunk.upper()

            def close(self):
                self.stream.close()

        with self.client.stream("GET", "/slow-body?ms=1&chunks=2") as response:
            self.assertIsInstance(response.stream, httpx.SyncByteStream)
            response.stream = Shouting(response.stream)
            self.assertEqual(response.read(), b"CHUNK 0\nCHUNK 1\n")
        self.assertGreater(response.elapsed, datetime.timedelta(0))


class ConnectionTest(ClientTest):
    def test_reading_to_the_end_keeps_the_connection(self):
        before = self.accepted()
        for _ in range(5):
            self.client.get("/bytes/100000")
            with self.client.stream("GET", "/chunked/10000") as response:
                for _ in response.iter_bytes():
                    pass
        self.assertEqual(self.accepted(), before)

    def test_closing_early_gives_the_connection_up(self):
        before = self.accepted()
        with self.client.stream("GET", "/chunked/100000000") as response:
            next(response.iter_bytes())
        self.assertTrue(response.is_closed)
        self.assertGreater(self.accepted(), before)

    def test_dropping_a_response_gives_its_connection_up(self):
        client = self.enterContext(httpx.Client(base_url=URL, limits=httpx.Limits(max_connections=1), timeout=30))
        request = client.build_request("GET", "/chunked/100000000")
        response = client.send(request, stream=True)
        next(response.iter_bytes())
        if ON_CPYTHON:
            response.close()
        del response
        gc.collect()
        # There is room for one connection only: it must have been given back.
        self.assertEqual(client.get("/bytes/10").content, pattern(10))


class CodingTest(ClientTest):
    def test_decoding(self):
        for coding in CODINGS:
            with self.subTest(coding=coding):
                plain = self.client.get(f"/encoded/{coding}")
                self.assertEqual(plain.json()["coding"], coding)
                self.assertEqual(plain.num_bytes_downloaded, int(plain.headers["content-length"]))
                large = self.client.get(f"/encoded/{coding}?size=300000")
                self.assertEqual(large.content, pattern(300_000))
                with self.client.stream("GET", f"/encoded/{coding}?size=300000") as response:
                    chunks = list(response.iter_bytes(chunk_size=10_000))
                self.assertEqual({len(chunk) for chunk in chunks}, {10_000})
                self.assertEqual(b"".join(chunks), pattern(300_000))

    def test_raw_is_not_decoded(self):
        with self.client.stream("GET", "/encoded/gzip") as response:
            raw = b"".join(response.iter_raw())
        self.assertEqual(raw[:2], b"\x1f\x8b")
        self.assertEqual(response.num_bytes_downloaded, len(raw))

    def test_junk(self):
        for coding in ("gzip", "deflate") if ON_CPYTHON else ("gzip", "deflate", "br", "zstd"):
            with self.subTest(coding=coding):
                with self.assertRaises(httpx.DecodingError) as caught:
                    self.client.get(f"/bad-encoding?coding={coding}")
                self.assertEqual(caught.exception.request.url.path, "/bad-encoding")
                with self.client.stream("GET", f"/bad-encoding?coding={coding}") as response:
                    with self.assertRaises(httpx.DecodingError):
                        list(response.iter_lines())
        self.assertEqual(self.client.get("/bytes/3").content, pattern(3))

    @only_tauraro
    def test_bombs_stop_at_the_limit(self):
        client = self.enterContext(httpx.Client(base_url=URL, max_decoded_size=1 << 20))
        for coding in ("gzip", "deflate", "br", "zstd"):
            with self.subTest(coding=coding):
                with self.assertRaises(httpx.DecodingError):
                    client.get(f"/bomb/{coding}?size={1 << 30}")
                # Up to the limit all is well, and what is not compressed has none.
                self.assertEqual(len(client.get(f"/bomb/{coding}?size={1 << 20}").content), 1 << 20)
        self.assertEqual(len(client.get("/bytes/2000000").content), 2_000_000)

    @only_tauraro
    def test_bombs_can_be_streamed_in_small_chunks(self):
        for coding in ("gzip", "deflate", "br", "zstd"):
            with self.client.stream("GET", f"/bomb/{coding}?size={64 << 20}") as response:
                sizes = [len(chunk) for chunk in response.iter_bytes()]
            self.assertEqual(sum(sizes), 64 << 20)
            self.assertLess(max(sizes), 1 << 20)


class BrokenTest(ClientTest):
    def test_a_body_that_breaks_off(self):
        for path in ("/cut?after=10&length=1000", "/cut-chunked?after=10"):
            with self.subTest(path=path):
                with self.assertRaises((httpx.RemoteProtocolError, httpx.ReadError)) as caught:
                    self.client.get(path)
                self.assertEqual(caught.exception.request.method, "GET")
                with self.client.stream("GET", path) as response:
                    with self.assertRaises((httpx.RemoteProtocolError, httpx.ReadError)):
                        for _ in response.iter_bytes():
                            pass
                    with self.assertRaises(httpx.StreamConsumed):
                        response.read()
        self.assertEqual(self.client.get("/bytes/3").content, pattern(3))

    def test_a_body_that_does_not_come(self):
        timeout = httpx.Timeout(10, read=0.2)
        with self.client.stream("GET", "/slow-body?ms=60000", timeout=timeout) as response:
            with self.assertRaises(httpx.ReadTimeout) as caught:
                response.read()
        self.assertEqual(caught.exception.request.url.path, "/slow-body")


class ThreadTest(ClientTest):
    @only_tauraro
    def test_one_reader_at_a_time(self):
        entered = threading.Event()
        with self.client.stream("GET", "/slow-body?ms=500&chunks=3") as response:
            chunks = response.iter_bytes()
            received = [next(chunks)]

            def read():
                entered.set()
                received.extend(chunks)

            reader = threading.Thread(target=read)
            reader.start()
            entered.wait()
            with self.assertRaises(httpx.StreamConsumed):
                response.read()
            reader.join()
        self.assertEqual(b"".join(received), b"chunk 0\nchunk 1\nchunk 2\n")

    @only_tauraro
    def test_closing_while_another_thread_reads(self):
        with self.client.stream("GET", "/slow-body?ms=300&chunks=4") as response:
            chunks = response.iter_bytes()
            next(chunks)
            errors = []

            def read():
                try:
                    list(chunks)
                except httpx.StreamError as error:
                    errors.append(error)

            reader = threading.Thread(target=read)
            reader.start()
            response.close()
            reader.join()
        self.assertEqual([type(error) for error in errors], [httpx.StreamClosed])

    def test_many_threads_many_streams(self):
        failures = []

        def download(size):
            try:
                with self.client.stream("GET", f"/chunked/{size}?size=1000") as response:
                    content = b"".join(response.iter_bytes())
                if content != pattern(size):
                    failures.append(size)
            except Exception as error:  # whatever it is, the test must hear of it
                failures.append(error)

        threads = [threading.Thread(target=download, args=(10_000 + number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])


if __name__ == "__main__":
    unittest.main()
