"""The local server that the scripts in this folder use with `--demo`: a paged API, files, events, unreliable services.

    with demo_server.start() as url: ...
"""

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

ITEMS = [{"id": number, "name": f"item {number:03}", "price": round(number * 1.25, 2)} for number in range(1, 96)]
PAGE = 20
FILE = bytes(range(256)) * 4096  # 1 MiB


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        url = urlsplit(self.path)
        first, _, rest = url.path.lstrip("/").partition("/")
        route = getattr(self, f"get_{first}", None)
        if route is None:
            self.answer(b"not here\n", status=404)
        else:
            route(rest, parse_qs(url.query))

    def get_items(self, _, query):
        """Pages of items; the second one is refused at first, as by a busy API."""
        if self.headers.get("Authorization") != "Bearer demo":
            return self.answer(b'{"error": "no token"}', status=401)
        page = int(query.get("page", ["1"])[0])
        if page == 2 and not self.server.refused:
            self.server.refused = True
            return self.answer(b"{}", [("Retry-After", "0")], status=429)
        headers = [("Content-Type", "application/json")]
        if page * PAGE < len(ITEMS):
            headers.append(("Link", f'<{self.server.url}/items?page={page + 1}>; rel="next"'))
        self.answer(json.dumps(ITEMS[(page - 1) * PAGE : page * PAGE]).encode(), headers)

    def get_files(self, _, query):
        """A file of one MiB, slowly enough to watch."""
        self.begin([("Content-Length", str(len(FILE)))])
        for start in range(0, len(FILE), 65536):
            self.wfile.write(FILE[start : start + 65536])
            self.wfile.flush()
            time.sleep(0.005)

    def get_events(self, _, query):
        """Three events, then the connection ends; a client that reconnects gets the following ones."""
        last = int(self.headers.get("Last-Event-ID", 0))
        self.close_connection = True
        self.begin([("Content-Type", "text/event-stream"), ("Connection", "close")])
        for number in range(last + 1, last + 4):
            event = {"number": number, "level": "warning" if number % 4 == 0 else "info"}
            self.wfile.write(f"id: {number}\nretry: 50\nevent: log\ndata: {json.dumps(event)}\n\n".encode())
            self.wfile.flush()

    def get_service(self, name, query):
        """`/service/NAME`: `up` works, `slow` is slow, `down` fails."""
        if name == "slow":
            time.sleep(0.05)
        self.answer(b"oops\n" if name == "down" else b"fine\n", status=503 if name == "down" else 200)

    def begin(self, headers, status=200):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def answer(self, content, headers=(), status=200):
        self.begin([*headers, ("Content-Length", str(len(content)))], status)
        self.wfile.write(content)

    def log_message(self, *_):
        pass

    def handle_one_request(self):
        # A client that disconnects early is not an error.
        with contextlib.suppress(ConnectionError):
            return super().handle_one_request()
        self.close_connection = True


@contextlib.contextmanager
def start():
    """Serves on a free loopback port while the block runs; yields the URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.refused = False
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.shutdown()
        server.server_close()
