"""Escapes from a sandbox: what is not allowed is refused, and nothing of it arrives on the outside."""

import os
import textwrap
import unittest

from permission_tools import Outside, run

UMASK = os.umask(0o22)
os.umask(UMASK)

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
    "sqlite3, tracebacks of callbacks": "import sqlite3; sqlite3.enable_callback_tracebacks(True)",
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

    def test_no_printer_reads_files(self):
        code = f"""
            import _interpreters, _thread, io, sys, threading, traceback, types
            code = compile("1/0", "x", "exec").replace(co_filename={str(self.secret)!r})
            try: exec(code)
            except ZeroDivisionError as caught: error = caught
            traceback._print_exception_bltin = None
            traceback.TracebackException.format = lambda *a, **k: ["printed by the module\\n"]
            sys.stderr = told = io.StringIO()
            unraisable = types.SimpleNamespace(exc_type=ValueError, exc_value=None, exc_traceback=error.__traceback__, err_msg=None, object=len)
            for attempt in [
                lambda: sys.excepthook(ValueError, None, error.__traceback__),
                lambda: sys.excepthook(type(error), error, error.__traceback__),
                lambda: sys.unraisablehook(unraisable),
                lambda: _thread._excepthook(threading.ExceptHookArgs((ValueError, error, error.__traceback__, None))),
                lambda: _thread._excepthook(threading.ExceptHookArgs((ValueError, None, error.__traceback__, None))),
                lambda: _thread._excepthook(threading.ExceptHookArgs((SystemExit, None, error.__traceback__, None))),
                lambda: print(_interpreters.capture_exception(error).errdisplay),
            ]:
                try: attempt()
                except PermissionError as refusal: print(refusal.strerror)
            print(told.getvalue().count("printed by the module"), "    secret" in told.getvalue())
            print("Exception ignored in: <built-in function len>" in told.getvalue())
        """
        finished = run("--sandbox", code=code)
        message = "_interpreters.capture_exception() is denied to a script with restricted permissions"
        self.assertEqual(finished.stdout, f"{message}\n5 False\nTrue\n", finished.stderr)


# Escapes by objects that give the check another answer than the function behind it. X has a number and a path.
CONFUSION = {
    "os.remove": "import os; os.remove(X(SECRET))",
    "os.unlink, by name": "import os; os.unlink(path=X(SECRET))",
    "os.rmdir": "import os; os.rmdir(X(FOLDER))",
    "os.mkdir": "import os; os.mkdir(X(NEW))",
    "os.lstat": "import os; os.lstat(X(SECRET))",
    "os.stat": "import os; os.stat(X(SECRET, -1))",
    "os.readlink": "import os; os.readlink(X('/proc/self/exe'))",
    "os.chmod": "import os; os.chmod(X(SECRET, -1), 0)",
    "os.rename": "import os; os.rename(X(SECRET), X(NEW))",
    "os.open": "import os; os.open(X(SECRET), os.O_RDONLY)",
    "open": "open(X(SECRET, 2**70))",
    "os.listdir": "import os; os.listdir(X(FOLDER, -1))",
    "sqlite3": "import sqlite3; sqlite3.connect(X(NEW))",
    "key log": "import ssl; ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).keylog_filename = X(NEW)",
    "roots in a buffer": "import ssl, _ssl; _ssl._SSLContext.load_verify_locations(ssl.SSLContext(16), B(SECRET.encode()))",
    "certificate in a buffer": "import ssl, _ssl; _ssl._SSLContext.load_cert_chain(ssl.SSLContext(16), B(SECRET.encode()))",
    "links that are not followed": "import os; os.utime(FOLDER, follow_symlinks=0)",
    "the compiler": """
        class Path:
            asked = False
            def __fspath__(self):
                if not self.asked:
                    self.asked = True
                    raise TypeError("not yet")
                return SECRET
        try: compile("return", Path(), "exec")
        except SyntaxError as error: raise AssertionError(error.text)""",
}

CONFUSING = """
class X(int):
    def __new__(cls, path, number=5):
        self = int.__new__(cls, number)
        self.path = path
        return self
    def __fspath__(self): return self.path
class B(bytearray):
    def __index__(self): return 3
"""


class ConfusionTest(Outside):
    def test_what_was_checked_is_what_is_used(self):
        escapes = {name: CONFUSING + textwrap.dedent(code) for name, code in CONFUSION.items()}
        for name, (outcome, message) in self.attempt(escapes, "--sandbox").items():
            with self.subTest(name):
                self.assertNotEqual(outcome, "done")
                self.assertNotIn("AssertionError", message)
        self.check_outside()
        self.assertEqual(self.secret.stat().st_mode & 0o777, 0o644 & ~UMASK)

    def test_a_socket_path_ends_at_its_first_null_byte(self):
        allowed = self.folder / "allowed"
        allowed.mkdir()
        up = "/.." * str(self.folder).count("/")
        code = f"""
            import socket
            path = {self.listener.path!r} + "\\0/.." + {up!r} + {str(allowed)!r} + "/x"
            for kind, use in [(socket.SOCK_STREAM, "connect"), (socket.SOCK_STREAM, "bind")]:
                try: getattr(socket.socket(socket.AF_UNIX, kind), use)(path)
                except ValueError as error: print(error)
            try: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"x", path)
            except ValueError as error: print(error)
        """
        finished = run("--sandbox", f"--allow-net=unix:{allowed}", f"--allow-listen=unix:{allowed}", code=code)
        self.assertEqual(finished.stdout, "embedded null byte in the path of a Unix socket\n" * 3, finished.stderr)
        allowed.rmdir()
        self.check_outside()

    def test_a_link_is_not_moved_by_the_descriptor_of_its_folder(self):
        (self.folder / "deep").mkdir()
        (self.folder / "deep" / "link").symlink_to("../secret.txt")
        code = f"""
            import os
            folder = os.open({str(self.folder / "deep")!r}, os.O_RDONLY | os.O_DIRECTORY)
            try: os.rename("link", {str(self.folder / "moved")!r}, src_dir_fd=folder)
            except PermissionError as error: print(error.strerror)
        """
        finished = run("--sandbox", f"--allow-read={self.folder}", f"--allow-write={self.folder}", code=code)
        self.assertIn("moving a symbolic link is denied", finished.stdout, finished.stderr)
        self.assertFalse((self.folder / "moved").is_symlink())

    def test_a_folder_is_not_moved_with_its_links(self):
        (self.folder / "holder" / "deep").mkdir(parents=True)
        (self.folder / "plain").mkdir()
        code = """
            import os
            os.rename(FOLDER + "/plain", FOLDER + "/renamed")
            try: os.rename(FOLDER + "/holder", FOLDER + "/moved")
            except PermissionError as error: print(error.strerror)
            else: print("moved")
        """
        code = f"FOLDER = {str(self.folder)!r}\n" + textwrap.dedent(code)
        flags = ["--sandbox", f"--allow-read={self.folder}", f"--allow-write={self.folder}"]
        (self.folder / "holder" / "deep" / "link").symlink_to("../secret.txt")
        self.assertIn("moving a symbolic link is denied", run(*flags, code=code).stdout)
        (self.folder / "holder" / "deep" / "link").unlink()
        (self.folder / "renamed").rename(self.folder / "plain")
        self.assertEqual(run(*flags, code=code).stdout, "moved\n")

    def test_the_links_of_a_folder_of_certificates(self):
        (self.folder / "certificates").mkdir()
        (self.folder / "certificates" / "link.pem").symlink_to("../secret.txt")
        code = f"""
            import ssl, httpx
            for attempt in [
                lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(capath={str(self.folder / "certificates")!r}),
                lambda: httpx.Client(verify={str(self.folder / "certificates")!r}),
            ]:
                try: attempt()
                except PermissionError as error: print(error.strerror.partition(" is denied")[0])
        """
        finished = run("--sandbox", f"--allow-read={self.folder / 'certificates'}", code=code)
        self.assertEqual(finished.stdout, f"read access to {self.secret}\n" * 2, finished.stderr)

    def test_descriptors_and_limits(self):
        code = """
            import fcntl, resource
            for attempt in [lambda: fcntl.fcntl(0, fcntl.F_SETLEASE, 0), lambda: resource.setrlimit(resource.RLIMIT_CPU, (1, 1))]:
                try: attempt()
                except PermissionError: print("denied")
            print(fcntl.fcntl(0, fcntl.F_GETFD) >= 0, len(resource.getrlimit(resource.RLIMIT_CPU)))
        """
        self.assertEqual(run("--sandbox", code=code).stdout, "denied\ndenied\nTrue 2\n")


class EnvironmentTest(Outside):
    def test_the_debugger_does_not_quote_a_hidden_variable(self):
        code = """
            import sys, warnings
            warnings.simplefilter("always")
            try: sys.breakpointhook()
            except PermissionError as error: print(error.strerror)
        """
        finished = run("--sandbox", code=code, env={**os.environ, "PYTHONBREAKPOINT": "hidden.value"})
        self.assertEqual(finished.stdout, "environment variable PYTHONBREAKPOINT is denied; run with --allow-env=PYTHONBREAKPOINT\n")
        self.assertNotIn("hidden.value", finished.stderr)

    def test_certificates_that_a_script_names_in_the_environment(self):
        code = """
            import os, ssl, httpx
            attempts = [lambda: ssl.create_default_context(), lambda: httpx.Client().close()]
            for attempt in attempts: attempt()
            os.environ["SSL_CERT_FILE"] = os.environ["WHERE"]
            for attempt in attempts:
                try: attempt()
                except PermissionError as error: print(error.strerror.partition(" is denied")[0])
        """
        environment = {**os.environ, "WHERE": str(self.secret)}
        finished = run("--sandbox", "--allow-env", code=code, env=environment)
        self.assertEqual(finished.stdout, f"read access to {self.secret}\n" * 2, finished.stderr)


class KeyLogTest(Outside):
    def test_an_attribute_of_a_context_needs_write_permission(self):
        code = f"""
            import ssl, httpx
            class Context(ssl.SSLContext):
                keylog_filename = {str(self.folder / "new")!r}
            try: httpx.Client(verify=Context(ssl.PROTOCOL_TLS_CLIENT))
            except PermissionError as error: print(error.strerror.partition(" is denied")[0])
        """
        finished = run("--sandbox", f"--allow-read={self.folder}", code=code)
        self.assertEqual(finished.stdout, f"write access to {self.folder / 'new'}\n", finished.stderr)

    def test_a_variable_that_a_script_may_set_needs_write_permission(self):
        code = """
            import os, httpx
            os.environ["SSLKEYLOGFILE"] = os.environ["WHERE"]
            try: httpx.Client()
            except PermissionError as error: print(error.strerror.partition(" is denied")[0])
            os.environ["SSLKEYLOGFILE"] = ""
            httpx.Client().close()
        """
        where = str(self.folder / "new")
        finished = run("--sandbox", "--allow-env", code=code, env={**os.environ, "WHERE": where})
        self.assertEqual(finished.stdout, f"write access to {where}\n", finished.stderr)
        self.check_outside()


if __name__ == "__main__":
    unittest.main()
