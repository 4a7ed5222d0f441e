"""Permissions: what is not allowed is refused, and nothing of it arrives on the outside."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

# Runs before each batch of attempts. Every attempt reports by itself, so that one cannot hide another.
PRELUDE = """
import sys
outcomes = []
def attempt(name, code):
    names = dict(PLACES)
    try:
        exec(code, names)
    except PermissionError as error:
        outcomes.append((name, "denied", error.strerror or str(error)))
    except BaseException as error:
        outcomes.append((name, "raised", f"{type(error).__name__}: {error}"))
    else:
        outcomes.append((name, "done", ""))
"""

# Escapes by name; HOST, PORT, UNIX, SECRET (a file), NEW (a file to be made), FOLDER are outside.
NETWORK = {
    "socket.connect": "import socket; socket.socket().connect((HOST, PORT))",
    "socket.connect_ex": "import socket; socket.socket().connect_ex((HOST, PORT))",
    "socket.create_connection": "import socket; socket.create_connection((HOST, PORT))",
    "_socket.socket": "import _socket; _socket.socket().connect((HOST, PORT))",
    "the method of the class": "import _socket; _socket.socket.connect(_socket.socket(), (HOST, PORT))",
    "super()": """
        import _socket
        class S(_socket.socket):
            def go(self): return super().connect((HOST, PORT))
        S().go()""",
    "the method in the mro": """
        import socket
        for base in socket.socket.__mro__:
            if 'connect' in base.__dict__:
                base.__dict__['connect'](socket.socket(), (HOST, PORT))""",
    "subclasses of object": """
        for kind in object.__subclasses__():
            if kind.__module__ == '_socket' or kind.__name__ == 'socket':
                kind().connect((HOST, PORT))
        raise PermissionError('no class connected')""",
    "functions known to gc": """
        import gc, _socket
        for found in gc.get_objects():
            if type(found).__name__ == 'method_descriptor' and found.__name__ == 'connect' and found.__objclass__ is _socket.socket:
                found(_socket.socket(), (HOST, PORT))
        _socket.socket().connect((HOST, PORT))""",
    "a module imported anew": """
        import sys, importlib
        sys.modules.pop('_socket'); fresh = importlib.import_module('_socket')
        fresh.socket().connect((HOST, PORT))""",
    "a module made by _imp": """
        import _imp, sys, types
        sys.modules.pop('_socket')
        spec = types.SimpleNamespace(name='_socket')
        _imp.create_builtin(spec).socket().connect((HOST, PORT))""",
    "decimal address": "import socket; socket.socket().connect(('2130706433', PORT))",
    "hexadecimal address": "import socket; socket.socket().connect(('0x7f000001', PORT))",
    "octal address": "import socket; socket.socket().connect(('0177.0.0.1', PORT))",
    "shortened address": "import socket; socket.socket().connect(('127.1', PORT))",
    "localhost": "import socket; socket.socket().connect(('localhost', PORT))",
    "unspecified address": "import socket; socket.socket().connect(('0.0.0.0', PORT))",
    "empty host": "import socket; socket.socket().connect(('', PORT))",
    "mapped address": "import socket; socket.socket(socket.AF_INET6).connect(('::ffff:127.0.0.1', PORT))",
    "link-local address": "import socket; socket.socket(socket.AF_INET6).connect(('fe80::1%lo', PORT))",
    "scope id": "import socket; socket.socket(socket.AF_INET6).connect(('fe80::1', PORT, 0, 1))",
    "an address that changes": """
        import socket
        class Port(int):
            def __index__(self): return PORT
        socket.socket().connect((HOST, Port(1)))""",
    "datagram": "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', (HOST, PORT))",
    "datagram with flags": "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', 0, (HOST, PORT))",
    "sendmsg": "import socket; socket.socket(type=socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, (HOST, PORT))",
    "Unix socket": "import socket; socket.socket(socket.AF_UNIX).connect(UNIX)",
    "Unix socket, bytearray": "import socket; socket.socket(socket.AF_UNIX).connect(bytearray(UNIX.encode()))",
    "abstract socket": "import socket; socket.socket(socket.AF_UNIX).connect('\\0tauraro-test')",
    "netlink": "import socket; socket.socket(16, socket.SOCK_RAW)",
    "raw packets": "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
    "vsock": "import socket; socket.socket(40, socket.SOCK_STREAM)",
    "getaddrinfo": "import socket; socket.getaddrinfo('secret.example.org', 80)",
    "gethostbyname": "import socket; socket.gethostbyname('secret.example.org')",
    "getnameinfo": "import socket; socket.getnameinfo(('192.0.2.1', 80), 0)",
    "http.client": "import http.client; http.client.HTTPConnection(HOST, PORT).request('GET', '/')",
    "httpx": "import httpx; httpx.get(f'http://{HOST}:{PORT}/')",
    "httpx, mapped address": "import httpx; httpx.get(f'http://[::ffff:127.0.0.1]:{PORT}/')",
    "httpx, decimal address": "import httpx; httpx.get(f'http://2130706433:{PORT}/')",
    "httpx, localhost": "import httpx; httpx.get(f'http://localhost:{PORT}/')",
    "httpx, proxy": "import httpx; httpx.Client(proxy=f'http://{HOST}:{PORT}').get('http://192.0.2.1/')",
    "httpx, Unix socket": "import httpx; httpx.Client(transport=httpx.HTTPTransport(uds=UNIX)).get('http://x/')",
    "httpx, asynchronous": """
        import asyncio, httpx
        async def go():
            async with httpx.AsyncClient() as client: await client.get(f'http://{HOST}:{PORT}/')
        asyncio.run(go())""",
    "asyncio stream": """
        import asyncio
        asyncio.run(asyncio.open_connection(HOST, PORT))""",
    "asyncio datagram": """
        import asyncio
        async def go():
            await asyncio.get_running_loop().create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(HOST, PORT))
        asyncio.run(go())""",
    "listening": "import socket; socket.create_server(('127.0.0.1', 0))",
    "listening without an address": "import socket; socket.socket().listen()",
    "asyncio server": """
        import asyncio
        asyncio.run(asyncio.start_server(print, '127.0.0.1', 0))""",
    "Unix listener": "import socket; socket.socket(socket.AF_UNIX).bind(NEW)",
}

PROCESSES = {
    "os.system": "import os; os.system(f'touch {NEW}')",
    "subprocess": "import subprocess; subprocess.run(['touch', NEW])",
    "subprocess, shell": "import subprocess; subprocess.run(f'touch {NEW}', shell=True)",
    "os.popen": "import os; os.popen(f'touch {NEW}').read()",
    "os.fork": "import os; os.fork() or os._exit(0)",
    "os.forkpty": "import os; os.forkpty()[0] or os._exit(0)",
    "os.execv": "import os; os.execv('/bin/touch', ['touch', NEW])",
    "os.posix_spawn": "import os; os.posix_spawn('/bin/touch', ['touch', NEW], {})",
    "os.spawnv": "import os; os.spawnv(os.P_WAIT, '/bin/touch', ['touch', NEW])",
    "fork_exec": "import _posixsubprocess; _posixsubprocess.fork_exec([b'/bin/touch', NEW.encode()], [b'/bin/touch'], True, (), None, None, -1, -1, -1, -1, -1, -1, 2, 3, False, False, -1, None, None, None, -1, None)",
    "multiprocessing": "import multiprocessing; multiprocessing.Process(target=print).start()",
    "pty": "import pty; pty.spawn(['touch', NEW])",
    "asyncio subprocess": "import asyncio; asyncio.run(asyncio.create_subprocess_exec('touch', NEW))",
    "a signal to another process": "import os; os.kill(os.getppid(), 0)",
    "a signal to a group": "import os; os.killpg(os.getpgrp(), 0)",
    "typing into the terminal": "import fcntl; fcntl.ioctl(0, 0x5412, b'x')",
    "posix made anew": "import sys; sys.modules.pop('posix'); import posix; posix.system(f'touch {NEW}')",
    "a further interpreter": "from concurrent import interpreters; interpreters.create()",
    "ctypes": "import ctypes; ctypes.CDLL(None).system(b'true')",
    "_ctypes": "import _ctypes; _ctypes.dlopen(None, 0)",
    "an extension module": """
        import _imp, types
        _imp.create_dynamic(types.SimpleNamespace(name='x', origin='/tmp/x.so'))""",
    "memory by test modules": "import _testinternalcapi",
}

FILES = {
    "open": "open(SECRET).read()",
    "io.open": "import io; io.open(SECRET)",
    "FileIO": "import io; io.FileIO(SECRET)",
    "FileIO twice": "import io; io.FileIO.__init__(io.FileIO.__new__(io.FileIO), SECRET)",
    "a subclass of FileIO": "import io; type('F', (io.FileIO,), {})(SECRET)",
    "open_code": "import io; io.open_code(SECRET)",
    "os.open": "import os; os.open(SECRET, os.O_RDONLY)",
    "bytes": "open(SECRET.encode())",
    "a path that changes": """
        class Path:
            answers = iter(['/dev/null', SECRET, SECRET])
            def __fspath__(self): return next(self.answers)
        path = Path()
        if open(path).read(): raise SystemExit('the second answer counted')
        open(path)""",
    "opener": "import os; open('x', opener=lambda path, flags: os.open(SECRET, flags))",
    "dir_fd": "import os; os.open('passwd', os.O_RDONLY, dir_fd=os.open('/etc', os.O_RDONLY))",
    "a symbolic link": "import os; os.symlink(SECRET, NEW)",
    "a hard link": "import os; os.link(SECRET, NEW)",
    "pathlib": "import pathlib; pathlib.Path(SECRET).read_text()",
    "os.stat": "import os; os.stat(SECRET)",
    "os.listdir": "import os; os.listdir(FOLDER)",
    "os.scandir": "import os; os.scandir(FOLDER)",
    "os.chdir": "import os; os.chdir(FOLDER)",
    "/proc/self/mem": "open('/proc/self/mem', 'r+b')",
    "/proc/self/environ": "open('/proc/self/environ', 'rb')",
    "/proc/self/root": "open('/proc/self/root' + SECRET)",
    "writing": "open(NEW, 'w')",
    "appending": "open(SECRET, 'a')",
    "creating": "import os; os.open(NEW, os.O_CREAT | os.O_WRONLY)",
    "os.mkdir": "import os; os.mkdir(NEW)",
    "os.remove": "import os; os.remove(SECRET)",
    "os.rename": "import os; os.rename(SECRET, NEW)",
    "os.replace": "import os; os.replace(src=SECRET, dst=NEW)",
    "os.truncate": "import os; os.truncate(SECRET, 0)",
    "os.chmod": "import os; os.chmod(SECRET, 0)",
    "os.utime": "import os; os.utime(SECRET)",
    "os.mkfifo or mknod": "import os; os.mknod(NEW)",
    "shutil": "import shutil; shutil.copy(SECRET, NEW)",
    "sqlite3": "import sqlite3; sqlite3.connect(NEW)",
    "sqlite3.Connection": "import sqlite3; sqlite3.Connection(NEW)",
    "sqlite3, by URI": "import sqlite3; sqlite3.connect('file:' + NEW, uri=True)",
    "sqlite3, limits": "import sqlite3; sqlite3.connect(':memory:').setlimit(7, 10)",
    "ssl, roots": "import ssl; ssl.create_default_context(cafile=SECRET)",
    "ssl, key log": "import ssl; ssl.create_default_context().keylog_filename = NEW",
    "httpx, roots": "import httpx; httpx.Client(verify=SECRET)",
    "shared memory": "from multiprocessing.shared_memory import SharedMemory; SharedMemory(create=True, size=1)",
    "the compiler": "compile('return', SECRET, 'exec')",
    "zipimport": "import zipimport, sys; sys.path_importer_cache.clear(); open(FOLDER + '/x.zip', 'rb')",
    "os.putenv": "import os; os.putenv('PATH', '')",
    "os.environ": "import os; os.environ['PATH'] = ''",
    "os.unsetenv": "import os; os.unsetenv('PATH')",
}


class Listener:
    """Counts what arrives: connections and datagrams at one port, connections at a Unix socket."""

    def __init__(self, folder):
        self.arrived = []
        self.stream = socket.create_server(("127.0.0.1", 0))
        self.port = self.stream.getsockname()[1]
        self.datagram = socket.socket(type=socket.SOCK_DGRAM)
        self.datagram.bind(("127.0.0.1", self.port))
        self.path = str(folder / "outside.sock")
        self.local = socket.socket(socket.AF_UNIX)
        self.local.bind(self.path)
        self.local.listen()
        for listener in (self.stream, self.datagram, self.local):
            listener.setblocking(False)

    def collect(self):
        """What has arrived: everything a finished process has sent is in the queues already."""
        arrived = []
        for name, take in (("stream", self.stream.accept), ("datagram", lambda: self.datagram.recvfrom(10)), ("unix", self.local.accept)):
            try:
                got = take()
            except BlockingIOError:
                continue
            arrived.append(name)
            if name != "datagram":
                got[0].close()
        return arrived

    def close(self):
        for listener in (self.stream, self.datagram, self.local):
            listener.close()


def run(*arguments, code, **options):
    finished = subprocess.run(
        [sys.executable, *arguments, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, **options
    )
    return finished


class Outside(unittest.TestCase):
    """A folder and a listener that nothing may reach."""

    maxDiff = None

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.secret = self.folder / "secret.txt"
        self.secret.write_text("secret\n")
        self.listener = Listener(self.folder)
        self.addCleanup(self.listener.close)
        self.places = {
            "HOST": "127.0.0.1",
            "PORT": self.listener.port,
            "UNIX": self.listener.path,
            "SECRET": str(self.secret),
            "NEW": str(self.folder / "new"),
            "FOLDER": str(self.folder),
        }

    def attempt(self, escapes, *flags):
        """Runs the escapes in one process; name -> (what became of it, its message)."""
        lines = [f"PLACES = {self.places!r}", PRELUDE]
        lines += [f"attempt({name!r}, {textwrap.dedent(code).strip()!r})" for name, code in escapes.items()]
        lines.append("import json; print(json.dumps(outcomes))")
        finished = run(*flags, code="\n".join(lines))
        self.assertEqual(finished.returncode, 0, finished.stderr)
        outcomes = json.loads(finished.stdout.splitlines()[-1])
        self.assertEqual([name for name, _, _ in outcomes], list(escapes))
        return {name: (outcome, message) for name, outcome, message in outcomes}

    def check_outside(self):
        self.assertEqual(self.listener.collect(), [])
        self.assertEqual(sorted(os.listdir(self.folder)), ["outside.sock", "secret.txt"])
        self.assertEqual(self.secret.read_text(), "secret\n")

    def check_denied(self, escapes, *flags):
        for name, (outcome, message) in self.attempt(escapes, *flags).items():
            with self.subTest(name):
                self.assertEqual(outcome, "denied", message)
        self.check_outside()


class EscapeTest(Outside):
    def test_network(self):
        self.check_denied(NETWORK, "--sandbox")

    def test_processes_and_foreign_code(self):
        self.check_denied(PROCESSES, "--sandbox")

    def test_files_and_environment(self):
        self.check_denied(FILES, "--sandbox")

    def test_a_failing_hook_tells_nothing(self):
        code = f"""
            import atexit, io, sys
            sys.stderr = told = io.StringIO()
            try: exec(compile("1/0", "x", "exec").replace(co_filename={str(self.secret)!r}))
            except ZeroDivisionError as error: caught = error
            def hook(*parts): raise caught
            sys.excepthook = hook
            atexit.register(lambda: print("ZeroDivisionError" in told.getvalue(), "    secret" in told.getvalue()))
            raise ValueError
        """
        self.assertEqual(run("--sandbox", code=code).stdout, "True False\n")

    def test_there_are_enough(self):
        self.assertGreater(len(NETWORK) + len(PROCESSES) + len(FILES), 60)

    def test_other_permissions_do_not_help(self):
        network = {name: code for name, code in NETWORK.items() if "listen" not in name.lower() and "server" not in name}
        self.check_denied(network, "--sandbox", "--allow-run", "--allow-listen", "--allow-read", "--allow-env", "--allow-net=198.51.100.0/24")
        files = {name: code for name, code in FILES.items() if "env" not in name and "changes" not in name}
        self.check_denied(files, "--sandbox", "--allow-run", "--allow-net", "--allow-env", "--allow-ffi")

    def test_the_listener_would_notice(self):
        """The same attempts arrive when they are allowed: the table proves something."""
        some = ["socket.connect", "super()", "decimal address", "asyncio stream"]
        outcomes = self.attempt({name: NETWORK[name] for name in some}, "--sandbox", "--allow-net=127.0.0.1")
        self.assertEqual({outcome for outcome, _ in outcomes.values()}, {"done"}, outcomes)
        self.assertEqual(self.listener.collect(), ["stream"])
        outcomes = self.attempt({name: NETWORK[name] for name in ["datagram", "Unix socket"]}, "--sandbox", "--allow-net")
        self.assertEqual({outcome for outcome, _ in outcomes.values()}, {"done"}, outcomes)
        self.assertEqual(sorted(self.listener.collect()), ["datagram", "stream", "unix"])

    def test_attaching_a_database(self):
        code = "import sqlite3; sqlite3.connect(':memory:').execute(f'attach \"{NEW}\" as x')"
        factory = "import sqlite3; type('C', (sqlite3.Connection,), {})(':memory:').execute(f'attach \"{NEW}\" as x')"
        for name, (outcome, message) in self.attempt({"attach": code, "subclass": factory}, "--sandbox").items():
            self.assertEqual(outcome, "raised", name)
            self.assertIn("too many attached databases", message)
        self.check_outside()

    def test_tracebacks_tell_nothing(self):
        code = f"""
            import io, sys, types
            code = compile("1/0", "x", "exec").replace(co_filename={str(self.secret)!r})
            try:
                exec(code)
            except ZeroDivisionError as error:
                sys.stderr = told = io.StringIO()
                sys.__excepthook__(type(error), error, error.__traceback__)
                sys.excepthook(type(error), error, error.__traceback__)
                sys.stderr = sys.__stderr__
            assert "ZeroDivisionError" in told.getvalue()
            print("    secret" in told.getvalue())
        """
        self.assertEqual(run("--sandbox", code=code).stdout, "False\n")


class MessageTest(Outside):
    def test_what_was_asked_and_what_would_allow_it(self):
        port = self.listener.port
        messages = {
            "socket.connect": f"network access to 127.0.0.1:{port} is denied; run with --allow-net=127.0.0.1:{port}",
            "httpx": f"network access to 127.0.0.1:{port} is denied; run with --allow-net=127.0.0.1:{port}",
            "getaddrinfo": "network access to secret.example.org is denied; run with --allow-net=secret.example.org",
            "Unix socket": f"network access to unix:{self.listener.path} is denied; run with --allow-net=unix:{self.listener.path}",
            "listening": "listening at 127.0.0.1:0 is denied; run with --allow-listen=127.0.0.1:0 (while attempting to bind on address ('127.0.0.1', 0))",
            "subprocess": f"running touch {self.folder}/new is denied; run with --allow-run",
            "open": f"read access to {self.secret} is denied; run with --allow-read={self.secret}",
            "writing": f"write access to {self.folder}/new is denied; run with --allow-write={self.folder}/new",
            "os.putenv": "environment variable PATH is denied; run with --allow-env=PATH",
            "ctypes": "foreign code by ctypes is denied; run with --allow-ffi",
        }
        every = NETWORK | PROCESSES | FILES
        outcomes = self.attempt({name: every[name] for name in messages}, "--sandbox")
        self.assertEqual({name: message for name, (_, message) in outcomes.items()}, messages)

    def test_mistakes_on_the_command_line(self):
        for flag, told in [
            ("--allow-net=a,,b", "--allow-net: invalid rule 'a,,b'"),
            ("--deny-net=10.0.0.0/33", "--deny-net: invalid rule '10.0.0.0/33'"),
            ("--allow-listen=:99999", "--allow-listen: invalid rule ':99999'"),
            ("--allow-env=A*B", "--allow-env: invalid rule 'A*B'"),
            ("--sandbox=1", "--sandbox takes no value, not '1'"),
            ("--audit=/nowhere/log", "cannot open the audit log /nowhere/log: "),
        ]:
            finished = run(flag, code="print('ran')")
            self.assertEqual((finished.returncode, finished.stdout), (2, ""), flag)
            self.assertIn(told, finished.stderr)


class AllowedTest(Outside):
    def setUp(self):
        super().setUp()
        self.url = os.environ["TAURARO_TEST_HTTP"]
        self.authority = self.url.removeprefix("http://").rstrip("/")
        self.port = int(self.authority.rpartition(":")[2])

    def test_without_flags_everything_is(self):
        code = f"import os, subprocess, httpx, ctypes; subprocess.run(['true']); print(httpx.get('{self.url}/json').status_code, len(os.environ) > 0)"
        self.assertEqual(run(code=code).stdout, "200 True\n")

    def test_a_host(self):
        code = f"import httpx; print(httpx.get('{self.url}/json').status_code)"
        for rule in [self.authority, "127.0.0.1", "127.0.0.0/8", f":{self.port}", f"*:{self.port - 1}-{self.port}"]:
            self.assertEqual(run("--sandbox", f"--allow-net={rule}", code=code).stdout, "200\n", rule)
        self.assertIn("PermissionError", run("--sandbox", f"--allow-net=127.0.0.1:{self.port + 1}", code=code).stderr)

    def test_a_list_alone_restricts_connections_and_nothing_else(self):
        code = f"""
            import os, socket
            os.listdir("/"); os.stat("/etc/passwd"); socket.create_server(("127.0.0.1", 0)).close()
            try: socket.create_connection(("127.0.0.1", {self.listener.port}))
            except PermissionError: print("denied")
            socket.create_connection(("127.0.0.1", {self.port})).close()
            print("connected")
        """
        self.assertEqual(run(f"--allow-net={self.authority}", code=code).stdout, "denied\nconnected\n")

    def test_denial_wins(self):
        code = f"import httpx; httpx.get('{self.url}/json')"
        for flags in [["--allow-net", "--deny-net=127.0.0.0/8"], [f"--allow-net={self.authority}", "--deny-net"], ["--deny-net=127.0.0.1"]]:
            self.assertIn("network access to", run(*flags, code=code).stderr, flags)
        mapped = f"import socket; socket.create_connection(('::ffff:127.0.0.1', {self.listener.port}))"
        self.assertIn("denied by --deny-net=127.0.0.0/8", run("--deny-net=127.0.0.0/8", code=mapped).stderr)
        by_name = f"import socket; socket.create_connection(('localhost', {self.listener.port}))"
        self.assertIn("PermissionError", run("--deny-net=127.0.0.0/8,::1", code=by_name).stderr)
        self.check_outside()

    def test_a_redirect_to_elsewhere(self):
        code = f"""
            import httpx
            def serve():
                import socket, threading
                server = socket.create_server(("127.0.0.1", 0))
                def answer():
                    connection = server.accept()[0]
                    connection.recv(10000)
                    connection.sendall(b"HTTP/1.1 302 Found\\r\\nLocation: http://127.0.0.1:{self.listener.port}/\\r\\nContent-Length: 0\\r\\n\\r\\n")
                    connection.close()
                threading.Thread(target=answer).start()
                return server.getsockname()[1]
            port = serve()
            try: httpx.get(f"http://localhost:{{port}}/", follow_redirects=True)
            except PermissionError as error: print(error)
        """
        told = run("--sandbox", "--allow-listen", "--allow-net=localhost", code=code)
        expected = f"network access to 127.0.0.1:{self.listener.port} is denied; run with --allow-net=127.0.0.1:{self.listener.port}\n"
        # A rule for the name holds for its addresses once it was looked up: here only by httpx, which keeps no record.
        self.assertEqual(told.stdout, expected, told.stderr)
        self.check_outside()

    def test_a_name_holds_for_its_addresses(self):
        code = f"""
            import asyncio, socket
            try: socket.create_connection(("127.0.0.1", {self.port}))
            except PermissionError: print("denied")
            socket.create_connection(("localhost", {self.port})).close()
            async def go():
                _, writer = await asyncio.open_connection("localhost", {self.port})
                writer.close()
            asyncio.run(go())
            print("connected")
        """
        finished = run("--sandbox", f"--allow-net=localhost:{self.port}", code=code)
        self.assertEqual(finished.stdout, "denied\nconnected\n", finished.stderr)

    def test_a_proxy_and_the_host_behind_it(self):
        proxy = os.environ["TAURARO_TEST_PROXY"]
        at_proxy = proxy.removeprefix("http://").rstrip("/")
        code = f"import httpx; print(httpx.Client(proxy='{proxy}').get('{self.url}/json').status_code)"
        self.assertEqual(run("--sandbox", f"--allow-net={at_proxy},{self.authority}", code=code).stdout, "200\n")
        for rule in (at_proxy, self.authority):
            self.assertIn("PermissionError", run("--sandbox", f"--allow-net={rule}", code=code).stderr, rule)

    def test_listening(self):
        code = "import socket; s = socket.create_server(('127.0.0.1', 0)); socket.create_server(('0.0.0.0', 0))"
        finished = run("--sandbox", "--allow-listen=127.0.0.1", code=code)
        self.assertIn("listening at 0.0.0.0:0 is denied", finished.stderr)

    def test_folders(self):
        inside = self.folder / "inside"
        inside.mkdir()
        (inside / "link").symlink_to(self.secret)
        code = f"""
            import os, shutil, tempfile, sqlite3
            from pathlib import Path
            inside = Path({str(inside)!r})
            (inside / "a").write_text("text")
            print((inside / "a").read_text(), open(inside / "a").name == str(inside / "a"))
            (inside / "a").rename(inside / "b")
            shutil.copytree(inside / ".", inside / "copy", ignore=shutil.ignore_patterns("link", "copy"))
            shutil.rmtree(inside / "copy")
            with tempfile.TemporaryDirectory(dir=inside) as folder: Path(folder, "x").write_bytes(b"")
            database = sqlite3.connect(inside / "db"); database.execute("create table t(x)"); database.close()
            for path in ["link", "../secret.txt", "copy/../../secret.txt"]:
                try: print((inside / path).read_text())
                except PermissionError: print("denied")
            print(sorted(os.listdir(inside)))
        """
        finished = run("--sandbox", f"--allow-read={inside}", f"--allow-write={inside}", code=code)
        self.assertEqual(finished.stdout, "text True\ndenied\ndenied\ndenied\n['b', 'db', 'link']\n", finished.stderr)

    def test_reading_is_not_writing(self):
        code = f"open({str(self.secret)!r}).read(); open({str(self.secret)!r}, 'r+')"
        self.assertIn("write access to", run("--sandbox", f"--allow-read={self.folder}", code=code).stderr)
        code = f"open({str(self.secret)!r}, 'w')"
        self.assertEqual(run("--sandbox", f"--allow-write={self.secret}", code=code).stderr, "")

    def test_environment(self):
        code = "import os; print(sorted(os.environ)); os.environ['APP_C'] = '3'; print(os.getenv('APP_C'), os.getenv('SECRET'))"
        environment = {**os.environ, "APP_A": "1", "APP_B": "2", "SECRET": "x"}
        finished = run("--sandbox", "--allow-env=APP_*", code=code, env=environment)
        self.assertEqual(finished.stdout, "['APP_A', 'APP_B']\n3 None\n", finished.stderr)

    def test_processes(self):
        finished = run("--sandbox", "--allow-run", code="import subprocess; print(subprocess.check_output(['echo', 'hello']))")
        self.assertEqual(finished.stdout, "b'hello\\n'\n", finished.stderr)

    def test_modules_beside_a_script(self):
        (self.folder / "helper.py").write_text("answer = 42\n")
        (self.folder / "script.py").write_text(
            "import helper\nprint(helper.answer)\n"
            "try: open(__file__.replace('script.py', 'secret.txt'))\n"
            "except PermissionError: print('denied')\n"
            "1/0\n"
        )
        finished = subprocess.run([sys.executable, "--sandbox", str(self.folder / "script.py")], capture_output=True, text=True, timeout=60)
        self.assertEqual(finished.stdout, "42\ndenied\n", finished.stderr)
        self.assertIn("    1/0\n", finished.stderr)
        self.assertFalse((self.folder / "__pycache__").exists())

    def test_the_standard_library_imports(self):
        names = "asyncio concurrent.futures csv decimal email hashlib http.server json logging random re shutil socket sqlite3 ssl subprocess sysconfig tempfile threading unittest urllib.request uuid zipfile httptools httpx httpx_sse websockets"
        code = f"import importlib\nfor name in {names.split()!r}: importlib.import_module(name)\nprint('all')"
        finished = run("--sandbox", code=code)
        self.assertEqual(finished.stdout, "all\n", finished.stderr)

    def test_threads_are_restricted_too(self):
        code = f"""
            import threading
            def go():
                try: open({str(self.secret)!r})
                except PermissionError: print("denied")
            thread = threading.Thread(target=go); thread.start(); thread.join()
        """
        self.assertEqual(run("--sandbox", code=code).stdout, "denied\n")


class AuditTest(Outside):
    def audited(self, *flags, code):
        log = self.folder / "log"
        finished = run(*flags, f"--audit={log}", code=code)
        return finished, [json.loads(line) for line in log.read_text().splitlines()]

    def test_everything_is_logged(self):
        code = f"""
            import socket, subprocess, os
            socket.create_connection(("127.0.0.1", {self.listener.port})).close()
            socket.create_server(("127.0.0.1", 0)).close()
            subprocess.run(["true"])
            open({str(self.secret)!r}).close()
            os.environ["X"] = "1"
        """
        finished, lines = self.audited(code=code)
        self.assertEqual(finished.stderr, "")
        told = [(line["kind"], line["what"], line["allowed"]) for line in lines]
        for expected in [
            ("connect", f"127.0.0.1:{self.listener.port}", True),
            ("listen", "127.0.0.1:0", True),
            ("run", "true", True),
            ("open", str(self.secret), True),
            ("env", "X", True),
        ]:
            self.assertIn(expected, told)
        for line in lines:
            self.assertEqual(list(line), ["allowed", "kind", "time", "what"] if list(line)[0] == "allowed" else ["time", "kind", "what", "allowed"])
            self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")

    def test_denials_are_logged(self):
        code = f"""
            import socket, httpx, os
            for go in (
                lambda: socket.create_connection(("127.0.0.1", {self.listener.port})),
                lambda: httpx.get("http://elsewhere.test/"),
                lambda: os.system("true"),
                lambda: open({str(self.secret)!r}),
            ):
                try: go()
                except PermissionError: pass
        """
        _, lines = self.audited("--sandbox", code=code)
        told = [(line["kind"], line["what"]) for line in lines if not line["allowed"]]
        for expected in [
            ("connect", f"127.0.0.1:{self.listener.port}"),
            ("resolve", "elsewhere.test:80"),
            ("run", "posix.system() of true"),
            ("open", str(self.secret)),
        ]:
            self.assertIn(expected, told)

    def test_httpx_is_logged(self):
        url = os.environ["TAURARO_TEST_HTTP"]
        _, lines = self.audited(code=f"import httpx; httpx.get('{url}/json')")
        authority = url.removeprefix("http://").rstrip("/")
        self.assertIn(("connect", authority, True), [(line["kind"], line["what"], line["allowed"]) for line in lines])


if __name__ == "__main__":
    unittest.main()
