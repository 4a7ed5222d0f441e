"""The server that the examples of these pages talk to.

    tauraro stdlib-docs/example_server.py

serves on http://127.0.0.1:8000 until Ctrl-C, so that you can follow a page at the prompt. The
tests run every example against it, on a free port.
"""

import base64
import email
import gzip
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

LOG = "".join(f'{{"line": {number}, "level": "{level}"}}\n' for number, level in enumerate(["info", "warning", "info"], 1))
EVENTS = '''\
id: 1
data: Barka!

: this is a comment
event: price
id: 2
data: {"coin": "BTC", "usd": 1.5}

data: two
data: lines
retry: 5000

'''
PASSWORDS = {"Basic " + base64.b64encode(b"alice:wonderland").decode(): "alice", "Bearer s3cr3t": "robot"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def handle_any(self):
        self.content = self.rfile.read(int(self.headers.get("Content-Length", 0))) + self.read_chunks()
        self.url = urlsplit(self.path)
        route, _, argument = self.url.path.lstrip("/").partition("/")
        answer = getattr(self, f"route_{route or 'home'}", None)
        answer(argument) if answer else self.answer_json({"error": f"there is no {self.url.path}"}, 404)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_QUERY = handle_any

    def route_home(self, _):
        self.answer(b"Barka da zuwa!\n", [("Content-Type", "text/plain; charset=utf-8")])

    def route_echo(self, _):
        """The request, as JSON."""
        content_type = self.headers.get("Content-Type", "")
        echo = {"method": self.command, "query": self.url.query}
        if content_type == "application/json":
            echo["json"] = json.loads(self.content)
        elif content_type == "application/x-www-form-urlencoded":
            echo["form"] = parse_qsl(self.content.decode(), keep_blank_values=True)
        elif content_type.startswith("multipart/"):
            echo["parts"] = self.parts(content_type)
        elif self.content:
            echo["content"] = self.content.decode(errors="replace")
        self.answer_json(echo)

    def route_headers(self, _):
        """The request's headers, by lower-case name."""
        self.answer_json({name.lower(): value for name, value in self.headers.items()})

    def route_city(self, _):
        self.answer_json({"name": "Kano", "people": 4_000_000})

    def route_users(self, number):
        if self.command == "POST":
            self.answer_json({"id": 51, **json.loads(self.content)}, 201)
        else:
            self.answer_json({"id": int(number)} if number else [{"id": number} for number in range(50)])

    def route_photos(self, _):
        self.answer_json({"parts": list(self.parts(self.headers["Content-Type"]))}, 201)

    def route_export(self, _):
        self.answer(b"id,name\n1,Alice\n", [("Content-Type", "text/csv")])

    def route_log(self, _):
        self.answer(LOG.encode(), [("Content-Type", "text/plain; charset=utf-8")])

    def route_packed(self, _):
        self.answer(gzip.compress(b"x" * 10_000), [("Content-Type", "text/plain"), ("Content-Encoding", "gzip")])

    def route_bytes(self, count):
        self.answer(bytes(int(count)), [("Content-Type", "application/octet-stream")])

    def route_status(self, code):
        self.answer_json({"status": int(code)}, int(code))

    def route_old(self, _):
        self.answer(b"", [("Location", "/city")], 301)

    def route_login(self, _):
        self.answer_json({"welcome": True}, headers=[("Set-Cookie", "session=k4n0; Path=/; HttpOnly")])

    def route_private(self, _):
        user = PASSWORDS.get(self.headers.get("Authorization"))
        self.answer_json({"user": user}, 200 if user else 401)

    def route_events(self, _):
        self.answer(EVENTS.encode(), [("Content-Type", "text/event-stream")])

    def route_slow(self, _):
        """No answer for half a minute."""
        self.server.released.wait(30)
        self.close_connection = True

    def read_chunks(self):
        content = b""
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                content += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        return content

    def parts(self, content_type):
        message = email.message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + self.content)
        for part in message.get_payload():
            name = part.get_param("name", header="content-disposition")
            yield [name, part.get_filename(), part["Content-Type"], len(part.get_payload(decode=True))]

    def answer_json(self, value, status=200, headers=()):
        content = json.dumps(value, default=list).encode()
        self.answer(content, [("Content-Type", "application/json"), *headers], status)

    def answer(self, content, headers, status=200):
        self.send_response(status)
        for name, value in [*headers, ("Content-Length", str(len(content)))]:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format, *args):
        if self.server.verbose:
            super().log_message(format, *args)


class ExampleServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port=0, verbose=False):
        super().__init__(("127.0.0.1", port), Handler)
        self.verbose = verbose
        self.released = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        pass  # a client that gave up


if __name__ == "__main__":
    with ExampleServer(int(sys.argv[1]) if len(sys.argv) > 1 else 8000, verbose=True) as server:
        print(f"Serving the examples on {server.url}")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass
