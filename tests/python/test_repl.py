"""The interactive prompt, used through a pseudo-terminal as a person uses it."""

import os
import pty
import re
import select
import signal
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
            self.shown = self.seen(self.raw)
        end = self.shown.index(text) + len(text)
        before, after = self.shown[:end], self.shown[end:]
        self.raw = after.encode()
        self.shown = after
        return before

    @staticmethod
    def seen(raw):
        return ESCAPES.sub("", raw.decode(errors="replace")).replace("\r", "")

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
        session.write("def twice(n):\r    if n:\r        return 2 * n\r\r")
        session.read_until("return 2 * n\n\n" + PROMPT)
        session.write("twice(\r333)\r")
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
