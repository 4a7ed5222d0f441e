"""What `network_stream` of a response raises, and when: the exceptions are httpcore's and httpx's."""

import asyncio
import contextlib
import os
import socket
import struct
import sys
import tempfile
import threading
import unittest

import httpcore
import httpx

ON_CPYTHON = sys.implementation.name == "cpython"
UPGRADE = {"Connection": "Upgrade", "Upgrade": "x"}
PATIENCE = 30  # seconds after which a test that hangs is given up


@contextlib.contextmanager
def peer(act, family=socket.AF_UNIX):
    """A server that agrees to leave HTTP, and then does `act(connection)` before it closes the connection."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(family) as listening:
        listening.bind(os.path.join(folder, "socket") if family == socket.AF_UNIX else ("127.0.0.1", 0))
        listening.listen()
        done = threading.Event()

        def serve():
            connection, _ = listening.accept()
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(1000)
                connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
                act(connection)
            done.set()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        if family == socket.AF_UNIX:
            yield {"uds": listening.getsockname()}, "http://localhost/", done
        else:
            yield {}, "http://127.0.0.1:%d/" % listening.getsockname()[1], done
        thread.join(PATIENCE)


def read_one(connection):
    connection.recv(1)


class Streams(unittest.TestCase):
    def test_a_write_to_a_peer_that_has_gone_fails_afterwards(self):
        async def scenario(options, url, done):
            async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(**options)) as client:
                async with client.stream("GET", url, headers=UPGRADE) as response:
                    stream = response.extensions["network_stream"]
                    await stream.write(b"x")
                    await asyncio.to_thread(done.wait, PATIENCE)
                    # As with a transport of asyncio, which finds out as it sends.
                    await stream.write(b"late")
                    with self.assertRaises(httpcore.WriteError) as raised:
                        for _ in range(100):
                            await stream.write(b"later")
                    if not ON_CPYTHON:
                        self.assertIsInstance(raised.exception, httpx.WriteError)

        with peer(read_one) as (options, url, done):
            asyncio.run(asyncio.wait_for(scenario(options, url, done), PATIENCE))

    def test_a_thread_is_told_at_once(self):
        with peer(read_one) as (options, url, done):
            with httpx.Client(transport=httpx.HTTPTransport(**options)) as client:
                with client.stream("GET", url, headers=UPGRADE) as response:
                    stream = response.extensions["network_stream"]
                    stream.write(b"x")
                    done.wait(PATIENCE)
                    with self.assertRaises(httpcore.WriteError):
                        stream.write(b"late")

    def test_the_end_and_a_broken_connection(self):
        def reset(connection):
            connection.recv(1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        with peer(read_one) as (options, url, done):
            with httpx.Client(transport=httpx.HTTPTransport(**options)) as client:
                with client.stream("GET", url, headers=UPGRADE) as response:
                    stream = response.extensions["network_stream"]
                    stream.write(b"x")
                    self.assertEqual(stream.read(100), b"")
        with peer(reset, socket.AF_INET) as (_, url, done):
            with httpx.Client() as client, client.stream("GET", url, headers=UPGRADE) as response:
                stream = response.extensions["network_stream"]
                stream.write(b"x")
                with self.assertRaises(httpcore.ReadError) as raised:
                    stream.read(100)
                if not ON_CPYTHON:
                    self.assertIsInstance(raised.exception, httpx.ReadError)
                    self.assertIsInstance(raised.exception, httpx.TransportError)

    def test_timeouts(self):
        go_on = threading.Event()
        with peer(lambda connection: go_on.wait(PATIENCE)) as (options, url, done):
            with httpx.Client(transport=httpx.HTTPTransport(**options)) as client:
                with client.stream("GET", url, headers=UPGRADE) as response:
                    stream = response.extensions["network_stream"]
                    with self.assertRaises(httpcore.ReadTimeout) as raised:
                        stream.read(1, timeout=0.01)
                    if not ON_CPYTHON:
                        self.assertIsInstance(raised.exception, httpx.ReadTimeout)
                        self.assertIsInstance(raised.exception, httpcore.TimeoutException)
            go_on.set()

    def test_the_interfaces(self):
        for name in ("read", "write", "start_tls", "get_extra_info"):
            self.assertTrue(callable(getattr(httpcore.NetworkStream, name)))
            self.assertTrue(callable(getattr(httpcore.AsyncNetworkStream, name)))


@unittest.skipIf(ON_CPYTHON, "PyPI's are of its own making")
class PrivateNames(unittest.TestCase):
    def test_they_are_there(self):
        import importlib

        for module, names in {
            "httpx._client": "ClientState BaseClient UseClientDefault EventHook USER_AGENT logger",
            "httpx._config": "DEFAULT_TIMEOUT_CONFIG DEFAULT_LIMITS DEFAULT_MAX_REDIRECTS UNSET UnsetType",
            "httpx._content": "IteratorByteStream AsyncIteratorByteStream UnattachedStream encode_response encode_content",
            "httpx._decoders": "LineDecoder ByteChunker TextDecoder GZipDecoder SUPPORTED_DECODERS",
            "httpx._multipart": "MultipartStream DataField FileField get_multipart_boundary_from_content_type",
            "httpx._transports.default": "ResponseStream AsyncResponseStream map_httpcore_exceptions HTTPCORE_EXC_MAP",
            "httpx._urlparse": "urlparse ParseResult",
            "httpx._utils": "URLPattern get_environment_proxies primitive_value_to_str to_bytes to_str",
            "httpcore._backends.base": "NetworkStream NetworkBackend AsyncNetworkBackend SOCKET_OPTION",
            "httpcore._backends.sync": "SyncBackend SyncStream",
            "httpcore._backends.auto": "AutoBackend",
            "httpcore._exceptions": "ConnectError ReadTimeout",
            "httpcore._models": "Request Response URL Origin",
            "httpcore._async.interfaces": "AsyncConnectionInterface",
            "httpcore._async.connection_pool": "AsyncConnectionPool",
            "httpcore._sync.socks_proxy": "SOCKSProxy",
        }.items():
            for name in names.split():
                self.assertTrue(hasattr(importlib.import_module(module), name), f"{module}.{name}")
        with self.assertRaises(ImportError):
            from httpx._models import NoSuchName  # noqa: F401

    def test_backends(self):
        from httpcore._backends.sync import SyncBackend

        with socket.create_server(("127.0.0.1", 0)) as listening:
            stream = SyncBackend().connect_tcp("127.0.0.1", listening.getsockname()[1], timeout=PATIENCE)
            connection, _ = listening.accept()
            with connection:
                stream.write(b"ping")
                self.assertEqual(connection.recv(4), b"ping")
                with self.assertRaises(httpcore.ReadTimeout):
                    stream.read(1, timeout=0.01)
                connection.sendall(b"pong")
                self.assertEqual(stream.read(100), b"pong")
            stream.close()
        with self.assertRaises(httpcore.ConnectError):
            SyncBackend().connect_unix_socket("/nonexistent/socket")

    def test_a_backend_is_not_silently_ignored(self):
        pool = httpcore.ConnectionPool()
        with self.assertRaisesRegex(NotImplementedError, "network_backend"):
            pool._network_backend = object()
        with self.assertRaisesRegex(NotImplementedError, "network_backend"):
            httpcore.ConnectionPool(network_backend=object())
        pool.close()

    def test_states_of_clients(self):
        from httpx._client import ClientState

        client = httpx.Client()
        self.assertIs(client._state, ClientState.OPENED)
        client.close()
        self.assertIs(client._state, ClientState.CLOSED)

    def test_decoders(self):
        import gzip
        import zlib

        from httpx._decoders import ByteChunker, LineDecoder, MultiDecoder, SUPPORTED_DECODERS

        for name, data in {
            "gzip": gzip.compress(b"data"),
            "deflate": zlib.compress(b"data"),
            "identity": b"data",
        }.items():
            decoder = SUPPORTED_DECODERS[name]()
            self.assertEqual(decoder.decode(data) + decoder.flush(), b"data")
        decoder = MultiDecoder([SUPPORTED_DECODERS["deflate"](), SUPPORTED_DECODERS["gzip"]()])
        self.assertEqual(decoder.decode(gzip.compress(zlib.compress(b"data"))) + decoder.flush(), b"data")
        with self.assertRaises(httpx.DecodingError):
            SUPPORTED_DECODERS["gzip"]().decode(b"no gzip")
        lines = LineDecoder()
        self.assertEqual([*lines.decode("a\r"), *lines.decode("\nb\n"), *lines.decode("c"), *lines.flush()], ["a", "b", "c"])
        chunks = ByteChunker(3)
        self.assertEqual([*chunks.decode(b"abcd"), *chunks.decode(b"ef"), *chunks.decode(b"g"), *chunks.flush()], [b"abc", b"def", b"g"])

    def test_urls_in_parts(self):
        from httpx._urlparse import urlparse

        parts = urlparse("http://u:p@Example.com:80/a b?q#f")
        self.assertEqual(parts, ("http", "u:p", "example.com", None, "/a%20b", "q", "f"))
        self.assertEqual((parts.authority, parts.netloc), ("u:p@example.com", "example.com"))
        self.assertEqual(str(parts.copy_with(host="b.example")), "http://u:p@b.example/a%20b?q#f")
        self.assertIsNone(urlparse("http://a/").query)
        with self.assertRaises(httpx.InvalidURL):
            urlparse("http://a:port/")


if __name__ == "__main__":
    unittest.main()
