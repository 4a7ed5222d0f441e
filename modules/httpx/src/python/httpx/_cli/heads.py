"""Shows requests and responses as they happen."""


class Heads:
    """Prints the head of each response, and when `verbose` of each request and what connecting brings.

    A request's head is known before its connection and shown after it: when the transport reports
    that it is sent, or at the latest when it is answered.
    """

    def __init__(self, console, verbose):
        self.console = console
        self.verbose = verbose
        self.pending = None

    def extensions(self):
        """What the request needs to carry."""
        return {"trace": self.trace} if self.verbose else {}

    def request(self, request):
        """A hook: the request is about to be sent."""
        if self.verbose:
            self.pending = request

    def response(self, response):
        """A hook: the head of the response is there."""
        self.flush(response.http_version)
        code = response.status_code
        colour = "green" if code < 300 else "cyan" if code < 400 else "red"
        status = self.console.paint(f"{code} {response.reason_phrase}", colour)
        self.head(f"{self.console.paint(response.http_version, 'blue')} {status}", response.headers)

    def trace(self, name, info):
        """An extension: an event of the transport."""
        connection, _, event = name.partition(".")
        if event in ("connect_tcp.started", "connect_unix_socket.started"):
            self.note(f"Connecting to {info.get('host') or info.get('path')!r}")
        elif event == "connect_tcp.complete":
            host, port = info["return_value"].get_extra_info("server_addr")[:2]
            self.note(f"Connected to {host!r} on port {port}")
        elif event == "start_tls.complete":
            self.tls(info["return_value"].get_extra_info("ssl_object"))
        elif event == "send_request_headers.started":
            self.flush("HTTP/2" if connection == "http2" else "HTTP/1.1")

    def tls(self, connection):
        if connection is None:
            return
        cipher = connection.cipher()
        self.note(f"SSL established using {connection.version()!r} / {cipher and cipher[0]!r}")
        self.note(f"Selected ALPN protocol: {connection.selected_alpn_protocol()!r}")

    def flush(self, version):
        request, self.pending = self.pending, None
        if request is None:
            return
        paint = self.console.paint
        target = self.console.clean(request.url.raw_path.decode("ascii"))
        self.head(f"{paint(request.method, 'green')} {target} {paint(version, 'blue')}", request.headers)

    def head(self, first_line, headers):
        self.console.print(first_line)
        for name, value in headers.raw:
            name, value = name.decode(headers.encoding), value.decode(headers.encoding)
            self.console.print(f"{self.console.paint(name, 'cyan')}: {self.console.clean(value)}")
        self.console.print()

    def note(self, text):
        self.console.print(f"* {self.console.clean(text)}")
