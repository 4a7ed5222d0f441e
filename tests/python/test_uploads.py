"""Request bodies on their way out: streams, files, forms, and what can go wrong with them."""

import io
import os
import sys
import tempfile
import threading
import unittest
import zlib

import httpx

URL = os.environ["TAURARO_TEST_HTTP"]


def crc(data):
    return zlib.crc32(data)


class UploadTest(unittest.TestCase):
    def setUp(self):
        self.client = httpx.Client(timeout=30.0)
        self.addCleanup(self.client.close)

    def upload(self, **kwargs):
        return self.client.post(f"{URL}/upload", **kwargs).json()

    def assertUploaded(self, answer, data):
        self.assertEqual(answer["size"], len(data))
        expected = crc(data)
        self.assertIn(answer["crc32"], [expected, f"{expected:08x}"])

    def test_bytes_of_every_size(self):
        for size in [0, 1, 65_535, 65_536, 65_537, 1_000_000]:
            data = os.urandom(size)
            with self.subTest(size):
                self.assertUploaded(self.upload(content=data), data)

    def test_a_generator(self):
        pieces = [os.urandom(size) for size in [10, 0, 70_000, 1]]
        self.assertUploaded(self.upload(content=(piece for piece in pieces)), b"".join(pieces))

    def test_the_generator_runs_on_the_calling_thread(self):
        threads = set()

        def body():
            for _ in range(3):
                threads.add(threading.get_ident())
                yield b"x"

        self.upload(content=body())
        self.assertEqual(threads, {threading.get_ident()})

    def test_an_empty_generator(self):
        self.assertUploaded(self.upload(content=iter([])), b"")
        self.assertUploaded(self.upload(content=iter([b""])), b"")

    def test_many_small_chunks(self):
        self.assertUploaded(self.upload(content=(b"%d," % n for n in range(2000))), b"".join(b"%d," % n for n in range(2000)))

    def test_a_file(self):
        data = os.urandom(200_000)
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.seek(0)
            self.assertUploaded(self.upload(content=file), data)

    def test_a_slow_server(self):
        data = os.urandom(300_000)
        answer = self.client.post(f"{URL}/upload?delay-ms=5", content=(data[i : i + 50_000] for i in range(0, 300_000, 50_000)))
        self.assertUploaded(answer.json(), data)

    def test_a_generator_may_use_the_client(self):
        def body():
            yield self.client.get(f"{URL}/bytes/3").content
            yield b"x"

        self.assertUploaded(self.upload(content=body()), b"\x00\x01\x02x")

    def test_a_form_with_files(self):
        data = os.urandom(150_000)
        echo = self.client.post(
            f"{URL}/echo",
            data={"a": "1"},
            files={"f": ("n.bin", io.BytesIO(data)), "g": b"small"},
            headers={"Content-Type": "multipart/form-data; boundary=XX"},
        ).json()
        import base64

        body = base64.b64decode(echo["base64"])
        self.assertTrue(body.startswith(b'--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--XX\r\n'))
        self.assertIn(data, body)
        self.assertTrue(body.endswith(b"\r\n\r\nsmall\r\n--XX--\r\n"))
        headers = {name.lower(): value for name, value in echo["headers"]}
        self.assertEqual(headers["content-length"], str(len(body)))

    def test_an_exception_of_the_generator_reaches_the_caller(self):
        class Broken(Exception):
            pass

        def body():
            yield b"x" * 1000
            raise Broken("here")

        for _ in range(3):
            with self.assertRaisesRegex(Broken, "here"):
                self.upload(content=body())
        self.assertEqual(self.client.get(f"{URL}/json").status_code, 200)

    def test_a_broken_upload_does_not_look_complete(self):
        def body():
            yield b"x" * 1000
            raise KeyError("y")

        with self.assertRaises(KeyError):
            self.upload(content=body())
        # A connection that was left in the middle of a body must not serve the next request.
        self.assertUploaded(self.upload(content=b"next"), b"next")

    def test_a_file_that_fails(self):
        class File:
            def read(self, size):
                raise OSError("the disk is gone")

        with self.assertRaisesRegex(OSError, "the disk is gone"):
            self.upload(files={"f": File()})
        self.assertEqual(self.client.get(f"{URL}/json").status_code, 200)

    def test_a_closed_file(self):
        file = io.BytesIO(b"x")
        file.close()
        with self.assertRaises(ValueError):
            self.upload(content=file)
        self.assertEqual(self.client.get(f"{URL}/json").status_code, 200)

    @unittest.skipIf(sys.implementation.name == "cpython", "exceptions of h11, or none, there")
    def test_chunks_of_the_wrong_type(self):
        for chunk in ["text", 1, None]:
            with self.subTest(chunk=chunk), self.assertRaises(TypeError):
                self.upload(content=iter([chunk]))
        self.assertEqual(self.client.get(f"{URL}/json").status_code, 200)

    @unittest.skipIf(sys.implementation.name == "cpython", "an exception of h11 there")
    def test_a_wrong_length(self):
        for length, message in [("3", "Too much data for declared Content-Length"), ("9", "Too little data for declared Content-Length")]:
            for content in [b"12345", iter([b"123", b"45"])]:
                with self.subTest(length=length, content=content):
                    with self.assertRaisesRegex(httpx.LocalProtocolError, message):
                        self.upload(content=content, headers={"Content-Length": length})
        self.assertEqual(self.client.get(f"{URL}/json").status_code, 200)

    def test_an_early_answer_ends_the_upload(self):
        pulled = 0

        def body():
            nonlocal pulled
            for _ in range(10_000):
                pulled += 1
                yield b"x" * 10_000

        response = self.client.post(f"{URL}/early", content=body())
        self.assertEqual(response.status_code, 413)
        if sys.implementation.name != "cpython":
            self.assertLess(pulled, 10_000)

    def test_an_asynchronous_iterable_is_refused(self):
        async def body():
            yield b"x"

        with self.assertRaisesRegex(RuntimeError, "Attempted to send an async request with a sync Client instance."):
            self.upload(content=body())

    def test_a_stream_class_written_in_python(self):
        class Stream(httpx.SyncByteStream):
            def __iter__(self):
                yield b"ab"
                yield b"c"

        request = httpx.Request("POST", f"{URL}/upload", headers={"Host": "x", "Transfer-Encoding": "chunked"}, stream=Stream())
        self.assertUploaded(self.client.send(request).json(), b"abc")

    def test_a_read_request_can_be_sent_again(self):
        request = self.client.build_request("POST", f"{URL}/upload", content=(piece for piece in [b"a", b"b"]))
        request.read()
        for _ in range(2):
            self.assertUploaded(self.client.send(request).json(), b"ab")

    def test_a_generator_is_sent_once(self):
        request = self.client.build_request("POST", f"{URL}/upload", content=(piece for piece in [b"a"]))
        self.client.send(request)
        with self.assertRaises(httpx.StreamConsumed):
            self.client.send(request)


if __name__ == "__main__":
    unittest.main()
