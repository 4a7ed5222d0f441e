"""`tauraro -m httpx` and `httpx.main`."""

import contextlib
import fcntl
import gzip
import io
import json
import os
import pty
import re
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import unittest
from unittest import mock

import httpx
from recording_server import RecordingServer

if sys.implementation.name == "cpython":
    raise unittest.SkipTest("PyPI's httpx needs click, rich and pygments for its command line")

ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.upper().endswith("_PROXY") and name not in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS")
}
ESCAPES = re.compile(r"\x1b\[[0-9;]*[mK]")

JSON = b'{"text": "\xc5\xbc", "list": [1, -2.5e3, true, null], "nested": {"a": "b: c"}}'
ANSWERS = {
    ("GET", "/text"): (200, [("Content-Type", "text/plain")], b"Hello, world!"),
    ("GET", "/lines"): (200, [("Content-Type", "text/html")], b"one\ntwo\n"),
    ("GET", "/json"): (200, [("Content-Type", "application/json")], JSON),
    ("GET", "/problem"): (400, [("Content-Type", "application/problem+json; charset=utf-8")], b'{"a":1}'),
    ("GET", "/not-json"): (200, [("Content-Type", "application/json")], b"<nothing>"),
    ("GET", "/binary"): (200, [("Content-Type", "application/octet-stream")], b"\0\1\2"),
    ("GET", "/untyped"): (200, [], b"plain"),
    ("GET", "/empty"): (200, [("Content-Type", "text/plain")], b""),
    ("GET", "/missing"): (404, [("Content-Type", "text/plain")], b"no"),
    ("GET", "/error"): (500, [], b""),
    ("GET", "/moved"): (302, [("Location", "/text")], b""),
    ("GET", "/escapes"): (200, [("Content-Type", "text/plain")], b"a\x1b]0;title\x07b\r\nc"),
    ("GET", "/gzip"): (200, [("Content-Type", "text/plain"), ("Content-Encoding", "gzip")], gzip.compress(b"x" * 5000)),
}


class Shown:
    """What the command line printed: heads of responses, and what follows the last one."""

    def __init__(self, output):
        self.output = output
        self.heads = re.findall(r"^HTTP/1\.1 .*?(?=\n\n)", output, re.M | re.S)
        self.body = output.rpartition(self.heads[-1])[2].removeprefix("\n\n") if self.heads else output

    def status_lines(self):
        return [head.partition("\n")[0] for head in self.heads]

    def fields(self, index=-1):
        lines = self.heads[index].split("\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


class CommandLineTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(RecordingServer(ANSWERS))

    def setUp(self):
        self.server.requests.clear()
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def url(self, path):
        return self.server.url + path

    def run_httpx(self, *arguments, status=0, errors="", input=b"", **environment):
        """Standard output of `-m httpx`, whose exit status and standard error must be these."""
        run = subprocess.run(
            [sys.executable, "-m", "httpx", *arguments],
            input=input,
            capture_output=True,
            cwd=self.folder,
            env={**ENVIRONMENT, **environment},
            timeout=60,
        )
        self.assertEqual((run.returncode, run.stderr.decode()), (status, errors), run.stdout)
        return run.stdout

    def shown(self, *arguments, **expected):
        return Shown(self.run_httpx(*arguments, **expected).decode())

    def on_terminal(self, *arguments, TERM="xterm", **environment):
        """Standard output of `-m httpx` on a terminal of 100 columns."""
        terminal, other_end = pty.openpty()
        fcntl.ioctl(other_end, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        with subprocess.Popen(
            [sys.executable, "-m", "httpx", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=other_end,
            cwd=self.folder,
            env={**ENVIRONMENT, "TERM": TERM, **environment},
        ) as process:
            os.close(other_end)
            output = b""
            with contextlib.suppress(OSError):  # how a terminal ends
                while some := os.read(terminal, 4096):
                    output += some
        os.close(terminal)
        return output.decode().replace("\r\n", "\n"), process.returncode

    def only_request(self):
        (request,) = self.server.requests
        return request


class ResponseTest(CommandLineTest):
    def test_text(self):
        shown = self.shown(self.url("/text"))
        self.assertEqual(shown.status_lines(), ["HTTP/1.1 200 OK"])
        self.assertEqual(shown.fields()["content-type"], "text/plain")
        self.assertEqual(shown.fields()["content-length"], "13")
        self.assertEqual(shown.body, "Hello, world!\n")
        self.assertEqual(self.shown(self.url("/lines")).body, "one\ntwo\n")
        self.assertEqual(self.shown(self.url("/gzip")).body, "x" * 5000 + "\n")
        self.assertEqual(self.shown(self.url("/empty")).body, "")

    def test_json(self):
        self.assertEqual(self.shown(self.url("/json")).body, json.dumps(json.loads(JSON), indent=4) + "\n")
        self.assertEqual(self.shown(self.url("/problem"), status=1).body, '{\n    "a": 1\n}\n')
        self.assertEqual(self.shown(self.url("/not-json")).body, "<nothing>\n")

    def test_binary(self):
        self.assertEqual(self.shown(self.url("/binary")).body, "<3 bytes of binary data>\n")
        self.assertEqual(self.shown(self.url("/untyped")).body, "<5 bytes of binary data>\n")

    def test_exit_status(self):
        self.assertEqual(self.shown(self.url("/missing"), status=1).body, "no\n")
        self.assertEqual(self.shown(self.url("/error"), status=1).status_lines(), ["HTTP/1.1 500 Internal Server Error"])

    def test_redirects(self):
        shown = self.shown(self.url("/moved"), status=1)
        self.assertEqual((shown.status_lines(), shown.fields()["location"]), (["HTTP/1.1 302 Found"], "/text"))
        shown = self.shown(self.url("/moved"), "--follow-redirects")
        self.assertEqual(shown.status_lines(), ["HTTP/1.1 302 Found", "HTTP/1.1 200 OK"])
        self.assertEqual(shown.body, "Hello, world!\n")

    def test_failures(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # and does not listen
            url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
            output = self.run_httpx(url, status=1)
            self.assertEqual(output, b"ConnectError: [Errno 111] Connection refused\n")
        unsupported = b"UnsupportedProtocol: Request URL has an unsupported protocol 'invalid://'.\n"
        self.assertEqual(self.run_httpx("invalid://example.org", status=1), unsupported)
        self.assertTrue(self.run_httpx("http://[", status=1).startswith(b"InvalidURL: "))
        self.assertTrue(self.run_httpx(self.url("/"), "-h", "X", "a\nb", status=1).startswith(b"LocalProtocolError: "))

    def test_timeout(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            self.assertIn(b"ReadTimeout: ", self.run_httpx(url, "--timeout", "0.2", status=1))

    def test_a_reader_that_leaves_early(self):
        with subprocess.Popen(
            [sys.executable, "-m", "httpx", self.url("/text")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
        ) as process:
            process.stdout.close()
            self.assertEqual(process.stderr.read(), b"")
        self.assertEqual(process.returncode, 1)


class RequestTest(CommandLineTest):
    def request(self, *arguments, **options):
        self.server.requests.clear()
        self.run_httpx(self.url("/"), *arguments, **options)
        return self.only_request()

    def test_method(self):
        self.assertEqual(self.request().method, "GET")
        for arguments in (["-m", "PUT"], ["-mPUT"], ["--method", "put"], ["--method=PUT"], ["-vm", "PUT"]):
            self.assertEqual(self.request(*arguments).method, "PUT")

    def test_params(self):
        self.assertEqual(self.request("-p", "a", "1", "--params", "b", "x y", "-p", "a", "-2").target, "/?a=1&a=-2&b=x+y")

        self.server.requests.clear()
        self.run_httpx(self.url("/?a=1#b"))
        self.assertEqual(self.only_request().target, "/?a=1")

    def test_headers(self):
        request = self.request("-h", "X-One", "1", "--headers", "User-Agent", "me", "-h", "X-One", "2")
        self.assertEqual(request.headers.get_all("X-One"), ["1", "2"])
        self.assertEqual(request.headers["User-Agent"], "me")

    def test_cookies(self):
        self.assertEqual(self.request("--cookies", "a", "1", "--cookies", "b", "2").headers["Cookie"], "a=1; b=2")

    def test_auth(self):
        self.assertEqual(self.request("--auth", "user", "pass").headers["Authorization"], "Basic dXNlcjpwYXNz")

    def test_content(self):
        request = self.request("-c", "--text--")
        self.assertEqual((request.method, request.body), ("POST", b"--text--"))
        self.assertEqual(self.request("-c", "x", "-m", "PATCH").method, "PATCH")

    def test_form(self):
        request = self.request("-d", "a", "1", "--data", "b", "ż", "-d", "a", "2")
        self.assertEqual((request.method, request.body), ("POST", b"a=1&a=2&b=%C5%BC"))
        self.assertEqual(request.headers["Content-Type"], "application/x-www-form-urlencoded")

    def test_json(self):
        for text, body in (('{"hello": "world"}', b'{"hello":"world"}'), ("[]", b"[]"), ("0", b"0")):
            request = self.request("--json", text)
            self.assertEqual((request.method, request.body), ("POST", body))
            self.assertEqual(request.headers["Content-Type"], "application/json")

    def test_files(self):
        with open(os.path.join(self.folder, "note.txt"), "wb") as file:
            file.write(b"in a file")
        request = self.request("-f", "one", "note.txt", "--files", "two", "-", "-d", "c", "d", input=b"piped in")
        contents = {name: content for name, _, _, content in request.parts()}
        self.assertEqual((request.method, contents), ("POST", {"c": b"d", "one": b"in a file", "two": b"piped in"}))
        self.assertEqual(request.parts()[1][1:3], ("note.txt", "text/plain"))

    def test_proxy(self):
        self.run_httpx("http://nowhere.test/path?a=b", "--proxy", self.server.url)
        self.assertEqual(self.only_request().target, "http://nowhere.test/path?a=b")
        self.assertIn(b"ValueError: ", self.run_httpx(self.url("/"), "--proxy", "gopher://x", status=1))

    def test_tls(self):
        url = os.environ["TAURARO_TEST_HTTPS"] + "/json"
        self.assertTrue(self.run_httpx(url, status=1).startswith(b"ConnectError: "))
        self.assertTrue(self.run_httpx(url, "--no-verify").startswith(b"HTTP/1.1 200 OK\n"))
        output = self.run_httpx(url, "-v", "--no-verify", "--http2").decode()
        self.assertRegex(output, r"(?m)^GET /json HTTP/2\n")
        self.assertRegex(output, r"(?m)^HTTP/2 200 OK\n")

    def test_verbose(self):
        output = self.run_httpx(self.url("/text?a=b"), "-v", "--auth", "user", "pass").decode()
        host = self.server.url.removeprefix("http://")
        head = (
            f"GET /text?a=b HTTP/1.1\nHost: {host}\nAccept: */*\nAccept-Encoding: gzip, deflate, br, zstd\n"
            f"Connection: keep-alive\nUser-Agent: python-httpx/{httpx.__version__}\nAuthorization: Basic dXNlcjpwYXNz\n\n"
        )
        self.assertIn(f"{head}HTTP/1.1 200 OK\n", output)
        self.assertEqual(Shown(output).body, "Hello, world!\n")

    def test_verbose_redirects(self):
        output = self.run_httpx(self.url("/moved"), "--verbose", "--follow-redirects").decode()
        self.assertEqual(
            re.findall(r"^(?:GET|HTTP/1.1) .*", output, re.M),
            ["GET /moved HTTP/1.1", "HTTP/1.1 302 Found", "GET /text HTTP/1.1", "HTTP/1.1 200 OK"],
        )


class UsageTest(CommandLineTest):
    def assertRefused(self, arguments, message):
        run = subprocess.run(
            [sys.executable, "-m", "httpx", *arguments], capture_output=True, text=True, cwd=self.folder, env=ENVIRONMENT
        )
        expected = f"Usage: httpx URL [OPTIONS]\nTry 'httpx --help' for help.\n\nError: {message}\n"
        self.assertEqual((run.returncode, run.stdout, run.stderr), (2, "", expected))

    def test_mistakes(self):
        for arguments, message in (
            ([], "Missing argument 'URL'."),
            (["-v"], "Missing argument 'URL'."),
            (["http://a", "http://b"], "Got unexpected extra argument (http://b)"),
            (["http://a", "--", "-b", "-c"], "Got unexpected extra arguments (-b -c)"),
            (["http://a", "--verbos"], "No such option: --verbos Did you mean --verbose?"),
            (["http://a", "-x"], "No such option: -x"),
            (["http://a", "-vx"], "No such option: -x"),
            (["http://a", "--method"], "Option '--method' requires an argument."),
            (["http://a", "-p", "name"], "Option '--params' requires 2 arguments."),
            (["http://a", "--verbose=yes"], "Option '--verbose' does not take a value."),
            (["http://a", "--timeout", "soon"], "Invalid value for --timeout: 'soon' is not a valid float."),
            (["http://a", "-f", "a", "none.txt"], "Invalid value for -f / --files: 'none.txt': No such file or directory"),
        ):
            with self.subTest(arguments):
                self.assertRefused(arguments, message)
        run = subprocess.run([sys.executable, "-m", "httpx", "http://a", "-j", "{"], capture_output=True, text=True)
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assertIn("Error: Invalid value for -j / --json: Not valid JSON: ", run.stderr)

    def test_help(self):
        output = self.run_httpx("--help", "no", "matter", "what").decode()
        self.assertIn("A next generation HTTP client.", output)
        for option in (
            "-m, --method -p, --params -c, --content -d, --data -f, --files -j, --json -h, --headers --cookies --auth"
            " --proxy --timeout --follow-redirects --no-verify --http2 --download -v, --verbose --help"
        ).replace(", ", ",").split():
            self.assertIn(f"  {option.replace(',', ', ')}", output)


class TerminalTest(CommandLineTest):
    def test_colours(self):
        output, status = self.on_terminal(self.url("/json"), "-v")
        self.assertEqual(status, 0)
        self.assertIn("\x1b[32mGET\x1b[0m /json \x1b[34mHTTP/1.1\x1b[0m\n", output)
        self.assertIn("\x1b[34mHTTP/1.1\x1b[0m \x1b[32m200 OK\x1b[0m\n", output)
        self.assertIn('\x1b[34m"text"\x1b[0m: \x1b[32m"\\u017c"\x1b[0m', output)
        self.assertIn('\x1b[32m"b: c"\x1b[0m', output)
        self.assertIn("\x1b[36m-2500.0\x1b[0m", output)
        self.assertIn("\x1b[35mnull\x1b[0m", output)
        self.assertEqual(Shown(ESCAPES.sub("", output)).body, self.shown(self.url("/json")).body)

    def test_errors_in_colour(self):
        output, status = self.on_terminal("invalid://example.org")
        self.assertEqual(status, 1)
        self.assertTrue(output.startswith("\x1b[31mUnsupportedProtocol\x1b[0m: Request URL"), output)

    def test_no_colours(self):
        for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}):
            output, _ = self.on_terminal(self.url("/json"), **environment)
            self.assertNotIn("\x1b", output)
            self.assertIn("HTTP/1.1 200 OK\n", output)
        self.assertNotIn("\x1b", self.shown(self.url("/json"), TERM="xterm").output)
        self.assertIn("\x1b[32m200 OK", self.shown(self.url("/json"), FORCE_COLOR="1").output)

    def test_servers_do_not_steer_the_terminal(self):
        output, _ = self.on_terminal(self.url("/escapes"), NO_COLOR="1")
        self.assertNotIn("\x1b", output)
        self.assertTrue(output.endswith("\n\na\\x1b]0;title\\x07b\nc\n"), output)
        # A program gets what was sent.
        self.assertTrue(self.run_httpx(self.url("/escapes")).endswith(b"\n\na\x1b]0;title\x07b\r\nc\n"))

    def test_progress(self):
        output, status = self.on_terminal(self.url("/text"), "--download", "to.txt")
        self.assertEqual(status, 0)
        line = ESCAPES.sub("", Shown(ESCAPES.sub("", output)).body).rpartition("\r")[2]
        self.assertRegex(line, r"^Downloading to\.txt 100% ━{30} 13 bytes of 13 bytes, [\d.]+ [kM]?(B|bytes)/s\n$")
        output, _ = self.on_terminal(self.url("/text"), "--download", "to.txt", TERM="dumb")
        self.assertTrue(output.endswith("\n\n"), output)


class DownloadTest(CommandLineTest):
    def saved(self):
        with open(os.path.join(self.folder, "to.bin"), "rb") as file:
            return file.read()

    def test_file(self):
        shown = self.shown(self.url("/binary"), "--download", "to.bin")
        self.assertEqual((shown.body, self.saved()), ("", b"\0\1\2"))
        self.assertEqual(self.shown(self.url("/gzip"), "--download=to.bin").body, "")
        self.assertEqual(self.saved(), b"x" * 5000)
        self.shown(self.url("/missing"), "--download", "to.bin", status=1)
        self.assertEqual(self.saved(), b"no")

    def test_no_file_without_a_response(self):
        self.run_httpx("invalid://example.org", "--download", "to.bin", status=1)
        self.assertEqual(os.listdir(self.folder), [])

    def test_standard_output(self):
        run = subprocess.run(
            [sys.executable, "-m", "httpx", self.url("/binary"), "--download", "-"], capture_output=True, env=ENVIRONMENT
        )
        self.assertEqual((run.returncode, run.stdout), (0, b"\0\1\2"))
        self.assertTrue(run.stderr.startswith(b"HTTP/1.1 200 OK\n"))

    def test_a_file_that_cannot_be_written(self):
        output = self.run_httpx(self.url("/text"), "--download", "no/such/folder", status=1)
        self.assertTrue(output.endswith(b"\n\nFileNotFoundError: [Errno 2] No such file or directory: 'no/such/folder'\n"), output)


class FunctionTest(CommandLineTest):
    """`httpx.main` within a program."""

    def call(self, *arguments, **options):
        output = io.StringIO()
        with contextlib.redirect_stdout(output), self.assertRaises(SystemExit) as caught:
            httpx.main(*arguments, **options)
        return caught.exception.code, output.getvalue()

    def test_arguments(self):
        status, output = self.call([self.url("/text")])
        self.assertEqual((status, Shown(output).body), (0, "Hello, world!\n"))
        status, output = self.call(args=(self.url("/missing"),), prog_name="mine")
        self.assertEqual((status, Shown(output).body), (1, "no\n"))
        with mock.patch.object(sys, "argv", ["prog", self.url("/text")]):
            self.assertEqual(self.call()[0], 0)

    def test_as_test_runners_use_it(self):
        self.assertEqual(httpx.main.name, "main")
        output = io.StringIO()
        with contextlib.redirect_stdout(output), self.assertRaises(SystemExit) as caught:
            httpx.main.main(args=["--help"], prog_name="mine", color=False)
        self.assertEqual(caught.exception.code, 0)
        self.assertIn("Usage: mine URL [OPTIONS]", output.getvalue())

    def test_passwords_are_asked_for(self):
        with mock.patch("getpass.getpass", return_value="secret") as getpass:
            self.call(["--auth", "user", "-", self.url("/text")])
        getpass.assert_called_once()
        self.assertEqual(self.only_request().headers["Authorization"], "Basic dXNlcjpzZWNyZXQ=")

    def test_it_costs_nothing_unless_used(self):
        code = "import httpx, sys; print('httpx._cli' in sys.modules, 'json' in sys.modules, 'main' in dir(httpx))"
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        self.assertEqual(run.stdout, "False False True\n")


if __name__ == "__main__":
    unittest.main()
