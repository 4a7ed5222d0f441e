"""The interactive prompt, used through a pseudo-terminal as a person uses it."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

# Colours, cursor movements and modes: how a line looks is the line editor's affair.
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
PROMPT = ">>> "
# What has not happened by then will not happen.
PATIENCE = 5


class Session:
    """A `tauraro` at the other end of a pseudo-terminal that controls it."""

    def __init__(self, *arguments, **environment):
        process, self.terminal = pty.fork()
        if process == 0:
            try:
                os.execve(sys.executable, ["tauraro", *arguments], environment)
            finally:
                os._exit(127)
        self.process = process
        self.status = None
        self.raw = b""
        self.shown = ""
        self.everything = b""

    def read_until(self, text):
        """What is shown up to and including `text` (None: to the end), without escapes and returns."""
        deadline = time.monotonic() + PATIENCE
        while text is None or text not in self.shown:
            if time.monotonic() > deadline:
                raise AssertionError(f"{text!r} was not shown, but {self.shown!r}")
            if not select.select([self.terminal], [], [], 0.1)[0]:
                continue
            try:
                some = os.read(self.terminal, 4096)
            except OSError:  # the other end has gone
                some = b""
            if not some:
                if text is None:
                    return self.shown
                raise AssertionError(f"the session ended before {text!r}, having shown {self.shown!r}")
            self.raw += some
            self.everything += some
            self.shown = self.seen(self.raw)
        end = self.shown.index(text) + len(text)
        before, after = self.shown[:end], self.shown[end:]
        self.raw = after.encode()
        self.shown = after
        return before

    @staticmethod
    def seen(raw):
        text = ESCAPES.sub("", raw.decode(errors="replace")).replace("\r", "")
        # The line that ends a block may hold the indentation of a line that was not to come.
        return re.sub(r"(?m)^ +\n", "\n", text)

    def write(self, text):
        os.write(self.terminal, text.encode())

    def interrupt(self):
        """Presses Ctrl-C once what was announced has begun: between the two, no Python notices it in time."""
        time.sleep(0.3)
        self.write("\x03")

    def leave(self, keys):
        """Ends the session with `keys`; its exit status."""
        self.write(keys)
        self.read_until(None)
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
        return self.status

    def close(self):
        if self.status is None:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        os.close(self.terminal)


class ReplTest(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.history = os.path.join(self.folder, "history")

    def start(self, *arguments, **environment):
        environment = {"TERM": "xterm", "TAURARO_HISTORY": self.history, "HOME": self.folder, **environment}
        session = Session(*arguments, **environment)
        self.addCleanup(session.close)
        return session

    def test_greets_with_its_name(self):
        shown = self.start().read_until(PROMPT)
        self.assertIn("Tauraro ", shown)
        self.assertIn("Python 3.14 dialect on RustPython", shown)

    def test_quiet(self):
        self.assertEqual(self.start("-q").read_until(PROMPT).strip(), PROMPT.strip())

    def test_shows_values_and_remembers_the_last(self):
        session = self.start("-q")
        session.read_until(PROMPT)
        session.write("20 + 1\r")
        self.assertIn("\n21\n", session.read_until("\n21\n" + PROMPT))
        session.write("_ * 2\r")
        session.read_until("\n42\n" + PROMPT)
        session.write("'a' if None else None\r")
        self.assertNotIn("None\nNone", session.read_until(PROMPT))

    def test_statements_of_several_lines(self):
        session = self.start("-q")
        session.read_until(PROMPT)
        # Lines of a block begin with the indentation that they need; after "return" it is one less.
        session.write("def twice(n):\rif n:\rreturn 2 * n\rreturn 0\r\r")
        session.read_until("\n    if n:\n        return 2 * n\n    return 0\n\n" + PROMPT)
        session.write("twice(\r333)\r")
        session.read_until("\n666\n" + PROMPT)

    def test_backspace_removes_a_level(self):
        session = self.start("-q")
        session.read_until(PROMPT)
        session.write("if True:\rif True:\rprint(111)\r\x7fprint(222)\r\r")
        session.read_until("        print(111)\n    print(222)\n")
        session.read_until("\n111\n222\n" + PROMPT)

    def test_paste(self):
        session = self.start("-q")
        session.read_until(PROMPT)
        pasted = "def f():\r    for i in range(2):\r        print(i)\r\r    return 333\r\rf()\rf() * 2"
        session.write(f"\x1b[200~{pasted}\x1b[201~")
        session.read_until("f() * 2")
        session.write("\r")
        # As in CPython, only the last of several statements shows its value.
        session.read_until("\n0\n1\n0\n1\n666\n" + PROMPT)
        session.write("\x1b[200~x = 1\r1 +\x1b[201~\r")
        session.read_until("SyntaxError")
        session.read_until(PROMPT)

    def test_decorators(self):
        session = self.start("-q")
        session.read_until(PROMPT)
        session.write("@staticmethod\rdef f(): return 666\r\rf()\r")
        session.read_until("\n666\n" + PROMPT)

    def test_tab_indents(self):
        session = self.start("-q")
        session.read_until(PROMPT)
        session.write("if True:\r\tprint(6 * 111)\r\r")
        session.read_until("\n666\n" + PROMPT)

    def test_errors_do_not_end_it(self):
        session = self.start("-q")
        session.read_until(PROMPT)
        session.write("1 / 0\r")
        self.assertIn('File "<stdin>", line 1', session.read_until("ZeroDivisionError: division by zero\n" + PROMPT))
        session.write("1 +\r")
        session.read_until("SyntaxError")
        session.write("111 * 6\r")
        session.read_until("\n666\n" + PROMPT)

    def test_tab_completes(self):
        session = self.start("-q")
        session.read_until(PROMPT)
        session.write("class Some:\rlong_attribute = 666\r@property\rdef trap(self): print('RUN'); return self\r\r")
        session.read_until("return self\n\n" + PROMPT)
        session.write("some_object = Some()\r")
        session.read_until(PROMPT)
        session.write("some_o\t.long_\t\r")
        session.read_until("\n666\n" + PROMPT)
        session.write("import http\r")
        session.read_until("\n" + PROMPT)
        # Names, attributes of modules, modules and what is in them, keywords.
        for keys, completed in [
            ("import zipimp\t", "import zipimport"),
            ("import importlib.met\t", "import importlib.metadata"),
            ("from httpx import AsyncCl\t", "from httpx import AsyncClient"),
            ("from os imp\t", "from os import"),
            ("nonl\t", "nonlocal"),
            ("http.HTTPSt\t", "http.HTTPStatus"),
            ("Zero\t", "ZeroDivisionError"),
        ]:
            with self.subTest(keys=keys):
                session.write(keys)
                session.read_until(completed)
                session.write("\x03")
                session.read_until("KeyboardInterrupt\n" + PROMPT)
        session.write("some_object.trap.l\t\x03")
        self.assertNotIn("RUN", session.read_until("KeyboardInterrupt\n" + PROMPT))

    def test_colours(self):
        def shown(keys, until, **environment):
            session = self.start("-q", **environment)
            session.read_until(PROMPT)
            session.write(keys)
            session.read_until(until)
            return session.everything

        keys = "assert 1, 'text' # why\r"
        coloured = shown(keys, "\n" + PROMPT)
        for part in [b"\x1b[1;34massert\x1b[0m", b"\x1b[33m1\x1b[0m", b"\x1b[32m'text'\x1b[0m", b"\x1b[90m# why"]:
            self.assertIn(part, coloured)
        for environment in [{"NO_COLOR": "1"}, {"TERM": "dumb"}]:
            with self.subTest(environment=environment):
                self.assertNotRegex(shown(keys, "\n" + PROMPT, **environment), rb"\x1b\[[0-9;]*m")

    def test_await(self):
        session = self.start("-q")
        session.read_until(PROMPT)
        session.write("import asyncio\r")
        session.read_until("\n" + PROMPT)
        session.write("value = await asyncio.sleep(0, 333)\r")
        session.read_until("\n" + PROMPT)
        session.write("await asyncio.sleep(0, 2) * value\r")
        session.read_until("\n666\n" + PROMPT)
        session.write("first = asyncio.get_running_loop()\r")
        session.read_until("\n" + PROMPT)
        session.write("asyncio.get_running_loop() is first\r")
        session.read_until("\nTrue\n" + PROMPT)
        # Another loop has its place beside.
        session.write("asyncio.run(asyncio.sleep(0, 222))\r")
        session.read_until("\n222\n" + PROMPT)

    def test_tasks_go_on_at_the_prompt(self):
        session = self.start("-q")
        session.read_until(PROMPT)
        session.write("import asyncio\rasync def later():\rawait asyncio.sleep(0.2)\rprint('from', 'afar')\r\r")
        session.read_until("'afar')\n\n" + PROMPT)
        session.write("task = asyncio.create_task(later())\r")
        # Nobody touches a key.
        session.read_until("from afar")
        session.write("task.done()\r")
        session.read_until("\nTrue\n" + PROMPT)

    def test_errors_of_await(self):
        session = self.start("-q")
        session.read_until(PROMPT)
        session.write("async def fail(): 1 / 0\r\r")
        session.read_until("1 / 0\n\n" + PROMPT)
        session.write("await fail()\r")
        shown = session.read_until("ZeroDivisionError: division by zero\n" + PROMPT)
        self.assertIn('Traceback (most recent call last):\n  File "<stdin>", line 1, in <module>\n', shown)
        self.assertNotIn("asyncio", shown)
        session.write("import sys; sys.last_exc\r")
        session.read_until("\nZeroDivisionError('division by zero')\n" + PROMPT)

    def test_interrupt_stops_what_is_awaited(self):
        session = self.start("-q")
        session.read_until(PROMPT)
        session.write("import asyncio\r")
        session.read_until("\n" + PROMPT)
        session.write("print('waiting'); await asyncio.sleep(1000)\r")
        session.read_until("\nwaiting")
        session.interrupt()
        shown = session.read_until("KeyboardInterrupt\n" + PROMPT)
        self.assertNotIn("CancelledError", shown)
        session.write("await asyncio.sleep(0, 666)\r")
        session.read_until("\n666\n" + PROMPT)
        self.assertEqual(session.leave("\x04"), 0)

    def test_interrupt_of_what_does_not_give_in(self):
        session = self.start("-q")
        session.read_until(PROMPT)
        session.write("import asyncio\r")
        session.read_until("\n" + PROMPT)
        session.write("async def stay():\rwhile True:\rtry: await asyncio.sleep(99)\rexcept asyncio.CancelledError: print('no')\r\r")
        session.read_until("print('no')\n\n" + PROMPT)
        session.write("print('waiting'); await stay()\r")
        session.read_until("\nwaiting")
        session.interrupt()
        session.read_until("no\n")
        session.interrupt()
        session.read_until("KeyboardInterrupt\n" + PROMPT)
        session.write("111 * 6\r")
        session.read_until("\n666\n" + PROMPT)

    def test_a_task_can_end_it(self):
        session = self.start("-q")
        session.read_until(PROMPT)
        session.write("import asyncio, sys\rasync def leave(): print('le' + 'aving'); sys.exit(5)\r\r")
        session.read_until("sys.exit(5)\n\n" + PROMPT)
        session.write("task = asyncio.create_task(leave())\r")
        session.read_until("leaving")
        self.assertEqual(session.leave("1\r"), 5)

    def test_lines_from_a_pipe(self):
        source = "import asyncio\nawait asyncio.sleep(0, 333) * 2\nimport httpx\nhttpx.Response(200)\n"
        process = subprocess.run([sys.executable, "-qi"], input=source, capture_output=True, text=True, timeout=60)
        # What is no terminal gets what a script would: `repr()`, and no colours.
        self.assertEqual(process.stdout, "666\n<Response [200 OK]>\n")
        self.assertNotIn("\x1b", process.stderr)

    def test_responses_are_shown(self):
        session = self.start("-q")
        session.read_until(PROMPT)
        session.write("import httpx, json\r")
        session.read_until("\n" + PROMPT)
        session.write("r = httpx.Response(404, json={'n': [1, 'é']}, headers={'server': 'x\\ty', 'x-other': '1'})\r")
        session.read_until("\n" + PROMPT)
        session.write("r\r")
        shown = session.read_until("\n}\n" + PROMPT)
        self.assertIn("HTTP/1.1 404 Not Found\n", shown)
        self.assertIn("\ncontent-type: application/json\n", shown)
        self.assertIn('\n{\n  "n": [\n    1,\n    "é"\n  ]\n', shown)
        self.assertNotIn("\nx-other", shown)
        session.write("_ is r, repr(r)\r")
        session.read_until("(True, '<Response [404 Not Found]>')\n" + PROMPT)
        session.write("httpx.Response(200, text='\\x1b[2Jevil\\n' + 'line\\n' * 99)\r")
        shown = session.read_until("(80 more lines)\n" + PROMPT)
        self.assertIn("\n\\x1b[2Jevil\nline\n", shown)
        session.write("httpx.Response(200, content=b'\\0' * 1234, headers={'content-type': 'image/png'})\r")
        session.read_until("\n(1,234 bytes of image/png)\n" + PROMPT)

    def test_help(self):
        session = self.start("-q", PAGER="cat", PATH=os.environ.get("PATH", ""))
        session.read_until(PROMPT)
        session.write("import httpx; help(httpx.get)\r")
        session.read_until("Help on built-in function get in module httpx:\n")
        session.read_until("Sends a `GET` request")

    def test_interrupt_at_the_prompt_forgets_the_line(self):
        session = self.start("-q")
        session.read_until(PROMPT)
        session.write("raise SystemExit(9)\x03")
        session.read_until("KeyboardInterrupt\n" + PROMPT)
        session.write("111 * 6\r")
        session.read_until("\n666\n" + PROMPT)

    def test_interrupt_stops_what_runs(self):
        session = self.start("-q")
        session.read_until(PROMPT)
        session.write("while [print('running')]:\r    while True: pass\r\r")
        session.read_until("\nrunning")
        session.interrupt()
        session.read_until("KeyboardInterrupt\n" + PROMPT)
        session.write("import time; print('asleep'); time.sleep(100)\r")
        session.read_until("\nasleep")
        session.interrupt()
        session.read_until("KeyboardInterrupt\n" + PROMPT)

    def test_ways_to_leave(self):
        for keys, status in [("\x04", 0), ("exit()\r", 0), ("quit(3)\r", 3), ("import sys; sys.exit('x')\r", 1)]:
            with self.subTest(keys=keys):
                session = self.start("-q")
                session.read_until(PROMPT)
                self.assertEqual(session.leave(keys), status)

    def test_history_lasts(self):
        session = self.start("-q")
        session.read_until(PROMPT)
        session.write("6 * 111\r")
        session.read_until("\n666\n" + PROMPT)
        self.assertEqual(session.leave("\x04"), 0)
        session = self.start("-q")
        session.read_until(PROMPT)
        session.write("\x1b[A\r")
        session.read_until("\n666\n" + PROMPT)

    def test_history_is_for_its_owner_only(self):
        session = self.start("-q", TAURARO_HISTORY=os.path.join(self.folder, "deep", "history"))
        session.read_until(PROMPT)
        session.write("1\r")
        session.read_until("\n1\n" + PROMPT)
        session.leave("\x04")
        for path, mode in [("deep", 0o700), ("deep/history", 0o600)]:
            self.assertEqual(os.stat(os.path.join(self.folder, path)).st_mode & 0o777, mode)

    def test_history_is_searched(self):
        session = self.start("-q")
        session.read_until(PROMPT)
        session.write("6 * 111\r")
        session.read_until("\n666\n" + PROMPT)
        session.write("7 * 111\r")
        session.read_until("\n777\n" + PROMPT)
        session.write("\x126 *")
        session.read_until("6 * 111")
        session.write("\r")
        session.read_until("\n666\n" + PROMPT)

    def test_no_history(self):
        session = self.start("-q", TAURARO_HISTORY="")
        session.read_until(PROMPT)
        session.write("1\r")
        session.read_until("\n1\n" + PROMPT)
        session.leave("\x04")
        self.assertEqual(os.listdir(self.folder), [])

    def test_startup_file_and_prompts(self):
        path = os.path.join(self.folder, "startup.py")
        with open(path, "w") as file:
            file.write("import sys\nready = 666\nsys.ps1 = 'now> '\n")
        session = self.start("-q", PYTHONSTARTUP=path)
        session.read_until("now> ")
        session.write("ready\r")
        session.read_until("\n666\nnow> ")

    def test_after_a_script(self):
        path = os.path.join(self.folder, "script.py")
        with open(path, "w") as file:
            file.write("value = 333\nraise ValueError('on purpose')\n")
        session = self.start("-i", path)
        session.read_until("ValueError: on purpose\n" + PROMPT)
        session.write("value * 2\r")
        session.read_until("\n666\n" + PROMPT)

    def test_dumb_terminal(self):
        session = self.start("-q", TERM="dumb")
        session.read_until(PROMPT)
        session.write("if True:\n  6 * 111\n\n")
        session.read_until("... ")
        session.read_until("666\n" + PROMPT)
        self.assertEqual(session.leave("\x04"), 0)


if __name__ == "__main__":
    unittest.main()
