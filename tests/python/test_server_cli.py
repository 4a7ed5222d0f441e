"""`tauraro serve`, as a process."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import httpx

APPS = """
import asyncio, time

async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("stopped", flush=True)
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/slow":
        await asyncio.sleep(0.5)
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": scope["client"][0].encode()})

def wsgi(environ, start_response):
    start_response("200 OK", [])
    return [environ["SCRIPT_NAME"].encode()]

def make():
    return wsgi

async def handler(request):
    await asyncio.sleep(100 if request.path == "/forever" else 0)
    return "native"
"""


class ServeTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (self.folder / "apps.py").write_text(APPS)
        (self.folder / "site").mkdir()
        (self.folder / "site" / "index.html").write_text("<p>here</p>")

    def serve(self, *arguments):
        process = subprocess.Popen(
            [sys.executable, "serve", *arguments], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )  # fmt: skip
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        line = process.stderr.readline()
        found = re.search(r" at (\S+) \(", line)
        if found is None:
            self.fail(line + process.stderr.read())
        return process, found[1]

    def test_interfaces(self):
        cases = [
            (["apps:asgi", "--port=0"], "127.0.0.1"),
            (["apps:wsgi", "--port=0", "--root-path=/r"], "/r"),
            (["apps:make", "--port=0", "--factory"], ""),
            (["apps:handler", "--port=0"], "native"),
            (["apps.py", "--port=0"], "native"),
            (["site", "--port=0"], "<p>here</p>"),
        ]
        for arguments, expected in cases:
            with self.subTest(arguments=arguments):
                process, url = self.serve(*arguments)
                self.assertEqual(httpx.get(url).text, expected)
                process.terminate()
                self.assertEqual(process.wait(20), 0)

    def test_graceful_stop(self):
        process, url = self.serve("apps:asgi", "--port=0")
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=20) as sock:
            sock.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            received = b"".join(iter(lambda: sock.recv(1000), b""))
        self.assertIn(b"\r\nConnection: close\r\n", received)
        self.assertTrue(received.endswith(b"127.0.0.1"), received)
        self.assertEqual(process.wait(20), 0)
        self.assertEqual(process.stdout.read(), "stopped\n")
        self.assertIn('"GET /slow HTTP/1.1" 200 9', process.stderr.read())

    def test_second_signal(self):
        process, url = self.serve("apps:handler", "--port=0")
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=20) as sock:
            sock.sendall(b"GET /forever HTTP/1.1\r\nHost: a\r\n\r\n")
            time.sleep(0.3)
            process.terminate()
            time.sleep(0.3)
            self.assertIsNone(process.poll())
            process.terminate()
            self.assertEqual(process.wait(20), 128 + signal.SIGTERM)

    def test_unix_socket_and_proxy(self):
        path = self.folder / "s"
        self.serve("apps:asgi", f"--uds={path}", "--forwarded-allow-ips=unix", "--no-access-log")
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as client:
            self.assertEqual(client.get("http://localhost/", headers={"X-Forwarded-For": "1.2.3.4"}).text, "1.2.3.4")

    def test_mistakes(self):
        for arguments, expected in (
            ([], "the following arguments are required"),
            (["nothere:app"], "no module named 'nothere'"),
            (["apps:nothere"], "module 'apps' has no 'nothere'"),
            (["apps:"], "expected MODULE:APP"),
            (["apps:asgi", "--ssl-certfile=x"], "--ssl-certfile and --ssl-keyfile go together"),
            (["apps:asgi", "--port=0", "--lifespan=x"], "invalid choice"),
        ):
            with self.subTest(arguments=arguments):
                done = subprocess.run([sys.executable, "serve", *arguments], cwd=self.folder, capture_output=True, text=True,
                                      timeout=60)
                self.assertEqual(done.returncode, 2)
                self.assertIn(expected, done.stderr)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = subprocess.run([sys.executable, "serve", "apps:handler", f"--port={port}"], cwd=self.folder,
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"{port}", done.stderr)

    def test_sandbox(self):
        done = subprocess.run([sys.executable, "--sandbox", "--allow-read", "serve", "apps:handler", "--port=0"],
                              cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("--allow-listen", done.stderr)


if __name__ == "__main__":
    unittest.main()
