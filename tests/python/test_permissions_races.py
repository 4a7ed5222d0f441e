"""Escapes from a sandbox by threads that use what is not restricted yet."""

import os
import unittest

from permission_tools import Outside, run


class RaceTest(Outside):
    def test_a_database_is_limited_before_another_thread_has_it(self):
        code = f"""
            import sqlite3, threading
            class Connection(sqlite3.Connection): pass
            current, attached, over = [None], [], False
            def attach():
                while not over:
                    try:
                        current[0].execute("attach '{self.folder / "new"}' as x")
                        attached.append(1)
                    except Exception: pass
            threads = [threading.Thread(target=attach) for _ in range(2)]
            for thread in threads: thread.start()
            for _ in range(2000):
                current[0] = connection = Connection.__new__(Connection, ":memory:")
                connection.__init__(":memory:", check_same_thread=False)
            over = True
            for thread in threads: thread.join()
            print(attached)
        """
        self.assertEqual(run("--sandbox", code=code).stdout, "[]\n")
        self.check_outside()

    def test_a_class_is_guarded_before_another_thread_finds_it(self):
        """A thread that looks for classes while a module is imported finds only methods that are checked."""
        code = f"""
            import sys, threading
            found, over = [], False
            def look():
                while not over and not found:
                    for kind in object.__subclasses__():
                        if kind.__module__ == "_socket" and kind.__name__ == "socket":
                            found.append((kind, kind.connect))
            thread = threading.Thread(target=look)
            thread.start()
            import _socket
            thread.join()
            for kind, connect in found:
                try: connect(kind(), ("127.0.0.1", {self.listener.port}))
                except PermissionError: print("denied")
        """
        for _ in range(3):
            self.assertEqual(run("--sandbox", code=code).stdout, "denied\n")
        self.check_outside()

    def test_the_environment_is_hidden_before_another_thread_sees_it(self):
        code = """
            import sys, threading, types, _imp
            seen, over = set(), False
            def look():
                while not over:
                    module = sys.modules.get("posix")
                    seen.update(getattr(module, "environ", {}))
            thread = threading.Thread(target=look)
            thread.start()
            for _ in range(200):
                sys.modules.pop("posix", None)
                _imp.create_builtin(types.SimpleNamespace(name="posix"))
            over = True
            thread.join()
            print(sorted(seen))
        """
        finished = run("--sandbox", "--allow-env=SHOWN", code=code, env={**os.environ, "SHOWN": "1", "HIDDEN": "2"})
        self.assertEqual(finished.stdout, "[b'SHOWN']\n", finished.stderr)


if __name__ == "__main__":
    unittest.main()
