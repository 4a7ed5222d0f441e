"""Shows requests and responses as they happen."""

import httpx


class Heads:
    """Prints the head of each response, and when `verbose` also of each request and the steps of connecting.

    A request is known before its connection and shown after it: when the transport reports that it is
    sent, or at the latest when it is answered.
    """

    def __init__(self, console, verbose):
        self.console = console
        self.verbose = verbose
        self.sending = None  # a request not shown yet
        self.is_answered = False  # whether the response to the latest request was shown

    def request(self, request):
        """A hook: the request is about to be sent."""
        self.sending = request
        self.is_answered = False

    def response(self, response):
        """A hook: the head of the response has arrived."""
        self.show_request(response.http_version)
        if not self.is_answered:
            version, reason = response.http_version, response.reason_phrase
            self.show_response(version, response.status_code, reason, fields_of(response.headers))

    def trace(self, name, info):
        """The `trace` extension: an event of the transport."""
        connection, _, event = name.partition(".")
        result = info.get("return_value")
        if event == "send_request_headers.started":
            self.show_request("HTTP/2" if connection == "http2" else "HTTP/1.1")
        elif event == "receive_response_headers.complete" and connection == "http11" and result:
            version, status, reason, fields = result
            reason = reason.decode("ascii", "replace")
            self.show_response(version.decode("ascii"), status, reason, fields_of(httpx.Headers(fields)))
        elif self.verbose and event == "connect_tcp.started":
            self.note(f"Connecting to {info['host']!r}")
        elif self.verbose and event == "connect_tcp.complete" and result:
            host, port = result.get_extra_info("server_addr")[:2]
            self.note(f"Connected to {host!r} on port {port}")
        elif self.verbose and event == "start_tls.complete" and result:
            self.show_tls(result.get_extra_info("ssl_object"))

    def show_tls(self, connection):
        if connection is not None:
            cipher = connection.cipher()
            self.note(f"SSL established using {connection.version()!r} / {cipher and cipher[0]!r}")
            self.note(f"Selected ALPN protocol: {connection.selected_alpn_protocol()!r}")

    def show_request(self, version):
        request, self.sending = self.sending, None
        if request is None or not self.verbose:
            return
        paint = self.console.paint
        target = self.console.clean(request.url.raw_path.decode("ascii"))
        first_line = f"{paint(request.method, 'green')} {target} {paint(version, 'blue')}"
        self.show(first_line, fields_of(request.headers))

    def show_response(self, version, status, reason, fields):
        self.is_answered = True
        colour = "green" if status < 300 else "cyan" if status < 400 else "red"
        status = self.console.paint(f"{status} {reason}", colour)
        self.show(f"{self.console.paint(version, 'blue')} {status}", fields)

    def show(self, first_line, fields):
        self.console.print(first_line)
        for name, value in fields:
            self.console.print(f"{self.console.paint(name, 'cyan')}: {self.console.clean(value)}")
        self.console.print()
        self.console.flush()

    def note(self, text):
        self.console.print(f"* {self.console.clean(text)}")


def fields_of(headers):
    """Names and values as they were spelled."""
    return [(name.decode(headers.encoding), value.decode(headers.encoding)) for name, value in headers.raw]
