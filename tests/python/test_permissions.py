"""Permissions: what each allows, what messages say, and what is logged."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from permission_tools import Outside, run
from test_permissions_escapes import FILES, NETWORK, PROCESSES


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

    def test_the_log_is_out_of_reach(self):
        code = f"""
            import os
            for number in range(3, 64):
                try: os.ftruncate(number, 0)
                except OSError: pass
            try: open({str(self.folder / "log")!r}, "w")
            except PermissionError as error: print(error.strerror.partition(" /")[0])
        """
        finished, lines = self.audited("--sandbox", f"--allow-write={self.folder}", code=code)
        self.assertEqual(finished.stdout, "write access to the audit log\n", finished.stderr)
        self.assertIn(("open", str(self.folder / "log"), False), [(line["kind"], line["what"], line["allowed"]) for line in lines])

    def test_httpx_is_logged(self):
        url = os.environ["TAURARO_TEST_HTTP"]
        _, lines = self.audited(code=f"import httpx; httpx.get('{url}/json')")
        authority = url.removeprefix("http://").rstrip("/")
        self.assertIn(("connect", authority, True), [(line["kind"], line["what"], line["allowed"]) for line in lines])


if __name__ == "__main__":
    unittest.main()
