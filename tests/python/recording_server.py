"""A loopback HTTP server for tests: it answers what it was told to answer and remembers what it was asked."""

import email
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Recorded:
    """One request as it came over the wire."""

    def __init__(self, method, target, headers, body):
        self.method = method
        self.target = target
        self.headers = headers  # email.message.Message: case-insensitive, keeps repetitions
        self.body = body

    def json(self):
        return json.loads(self.body)

    def parts(self):
        """The parts of a multipart form, as (name, file name, content type, content)."""
        head = b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n"
        message = email.message_from_bytes(head + self.body)
        return [
            (
                part.get_param("name", header="content-disposition"),
                part.get_filename(),
                part["Content-Type"],
                part.get_payload(decode=True),
            )
            for part in message.get_payload()
        ]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def handle_any(self):
        recorded = Recorded(self.command, self.path, self.headers, self.read_body())
        self.server.requests.append(recorded)
        status, headers, body = self.server.answer(recorded)
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status >= 200 and status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = handle_any

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, format, *args):
        pass


class RecordingServer(ThreadingHTTPServer):
    """Answers by `(method, path)` from `answers`, and anything else with status 200 and `{"ok": true}`.

    An answer is `(status, headers, body)`, or a callable that takes the `Recorded` request and
    returns one; a body that is not bytes is sent as JSON. Use it as a context manager.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, answers=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = dict(answers or {})
        self.requests = []
        self.released = threading.Event()  # set when the server ends: a slow answer waits for it
        self.connections = 0
        self.url = f"http://127.0.0.1:{self.server_port}"

    def answer(self, request):
        answer = self.answers.get((request.method, request.target.partition("?")[0]), (200, [], {"ok": True}))
        status, headers, body = answer(request) if callable(answer) else answer
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers = [("Content-Type", "application/json"), *headers]
        return status, headers, body

    def process_request(self, request, client_address):
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request, client_address):
        pass  # clients that give up are part of the tests

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *exc_info):
        self.released.set()
        self.shutdown()
        self.server_close()
