"""A tour of httpx in Tauraro, against a real HTTP server that this script starts on loopback.

    cargo tauraro scripts/quickstart.py

The same file runs unchanged on CPython with PyPI's httpx.
"""

import base64
import email
import json
import tempfile
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

DOWNLOAD_SIZE = 8 * 1024 * 1024


class Handler(BaseHTTPRequestHandler):
    """A small web service: it echoes what it is sent, asks for passwords, counts visits, and delays answers."""

    protocol_version = "HTTP/1.1"  # keep-alive: a client may use one connection for many requests

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == "/search":
            self.answer(200, {"query": parse_qs(url.query), "raw": url.query})
        elif url.path == "/private":
            expected = "Basic " + base64.b64encode(b"alice:wonderland").decode()
            authorized = self.headers.get("Authorization") == expected
            self.answer(200 if authorized else 401, {"user": "alice" if authorized else None})
        elif url.path == "/visit":
            cookies = dict(pair.split("=", 1) for pair in self.headers.get("Cookie", "").split("; ") if pair)
            visits = int(cookies.get("visits", 0)) + 1
            answer = {"visits": visits, "client": self.headers.get("X-Client")}
            self.answer(200, answer, {"Set-Cookie": f"visits={visits}; Path=/"})
        elif url.path == "/download":
            self.answer(200, bytes(DOWNLOAD_SIZE), {"Content-Type": "application/octet-stream"})
        elif url.path == "/slow":
            self.server.released.wait(30)  # never answers before the client has given up
            self.close_connection = True
        else:
            self.answer(404, {"error": f"there is no {url.path}"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        content_type = self.headers["Content-Type"]
        if content_type == "application/json":
            answer = {"created": json.loads(body)}
        elif content_type == "application/x-www-form-urlencoded":
            answer = {"form": {name: values[0] for name, values in parse_qs(body.decode()).items()}}
        else:
            message = email.message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
            answer = {"parts": [self.describe(part) for part in message.get_payload()]}
        self.answer(201, answer)

    @staticmethod
    def describe(part):
        name, size = part.get_param("name", header="content-disposition"), len(part.get_payload(decode=True))
        return f"part {name!r}: {part.get_filename() or 'no file'}, {part.get_content_type()}, {size} bytes"

    def answer(self, status, body, headers=None):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format, *args):
        pass  # the client does the printing


@contextmanager
def serve():
    """Runs the service on a free port and yields its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.released = threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()


def step(title, *lines):
    print("", title, *(f"    {line}" for line in lines), sep="\n")


def main():
    with serve() as base:
        print(f"A web server listens on {base}.")

        response = httpx.get(f"{base}/search", params={"q": "tauraro", "page": 2, "tag": ["python", "rust"]})
        step("GET with query parameters", response, f"the server saw ?{response.json()['raw']}")

        response = httpx.post(f"{base}/users", json={"name": "Alice", "languages": ["Hausa", "Python"]})
        step("POST of JSON", response, f"created {response.json()['created']}")

        response = httpx.post(f"{base}/login", data={"username": "alice", "password": "wonder & land"})
        step("POST of a form", response, f"the server read {response.json()['form']}")

        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder, "report.csv")
            report.write_text("city,people\nKano,4000000\n")
            with report.open("rb") as file:
                response = httpx.post(f"{base}/upload", files={"report": file}, data={"year": "2026"})
        step("Upload of a file with an extra field", response, *response.json()["parts"])

        refused = httpx.get(f"{base}/private")
        response = httpx.get(f"{base}/private", auth=("alice", "wonderland"))
        step("Basic authentication", f"without: {refused}", f"with:    {response} for {response.json()['user']}")

        with httpx.Client(base_url=base, headers={"X-Client": "quickstart"}) as client:
            visits = [client.get("/visit").json() for _ in range(3)]
            step("A session keeps headers, cookies and its connection", *visits, dict(client.cookies))

            started, received = time.perf_counter(), 0
            with client.stream("GET", "/download") as response:
                for chunk in response.iter_bytes():
                    received += len(chunk)
            elapsed = time.perf_counter() - started
            step("A streamed download", f"{received:,} bytes in {elapsed * 1000:.0f} ms, never all in memory")

        try:
            httpx.get(f"{base}/slow", timeout=0.3)
        except httpx.TimeoutException as error:
            step("A timeout, caught", f"{type(error).__name__} for {error.request.url}")

        try:
            httpx.get(f"{base}/nowhere").raise_for_status()
        except httpx.HTTPStatusError as error:
            step("A 404, caught", str(error).splitlines()[0], f"the server says: {error.response.json()['error']}")

    print("\nDone.")


if __name__ == "__main__":
    main()
