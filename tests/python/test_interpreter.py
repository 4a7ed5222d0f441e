"""What CPython does and the interpreter by itself does not: the corrections made from outside."""

import os
import pickle
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
import unittest
import zoneinfo
from collections.abc import Set


class Classes(unittest.TestCase):
    def test_the_order_keeps_that_of_the_bases(self):
        class S: pass
        class UI: pass
        class AL: pass
        class CL(S): pass
        class TS(UI, S): pass
        class CC(TS, AL, UI, CL): pass
        class SR(S): pass
        class JT(AL, UI, SR): pass
        self.assertEqual([c.__name__ for c in CC.__mro__], ['CC', 'TS', 'AL', 'UI', 'CL', 'S', 'object'])
        self.assertIs(type(CC), type)
        self.assertEqual(CC.__bases__, (TS, AL, UI, CL))
        self.assertIn(CC, UI.__subclasses__())
        class Below(CC): pass
        self.assertEqual(Below.__mro__, (Below, *CC.__mro__))
        with self.assertRaises(TypeError):
            class Wrong(S, TS): pass

    def test_the_order_of_random_hierarchies(self):
        import random

        def merge(lists):
            merged = []
            while lists := [l for l in lists if l]:
                for head in (l[0] for l in lists):
                    if not any(head in l[1:] for l in lists):
                        break
                else:
                    return None
                merged.append(head)
                lists = [l[1:] if l[0] is head else l for l in lists]
            return merged

        source = random.Random(5)
        for metaclass in (type, type('Meta', (type,), {})):
            for _ in range(200):
                classes = [metaclass('C0', (), {})]
                for number in range(1, 8):
                    bases = tuple(source.sample(classes, min(len(classes), source.randint(1, 3))))
                    expected = merge([list(base.__mro__) for base in bases] + [list(bases)])
                    try:
                        made = metaclass(f'C{number}', bases, {})
                    except TypeError:
                        self.assertIsNone(expected, bases)
                    else:
                        self.assertEqual(list(made.__mro__), [made, *(expected or ())])
                        classes.append(made)

    def test_methods_and_operators_come_from_the_right_base(self):
        class S:
            def __len__(self): return 1
        class UI:
            def __len__(self): return 2
        class AL:
            def __len__(self): return 3
        class CL(S): pass
        class TS(UI, S):
            def __len__(self): return super().__len__()
        class CC(TS, AL, UI, CL): pass
        self.assertEqual(len(CC()), 3)

    def test_descriptors_that_only_take_assignments(self):
        class Setter:
            def __set__(self, instance, value):
                instance.__dict__['seen'] = value

        class Owner:
            attribute = Setter()

        class Plain: pass
        class Below(Plain, Owner): pass

        def assign(instance):
            seen = []
            for number in range(100):
                instance.attribute = number
                seen.append(instance.__dict__.get('seen'))
            return seen

        for owner in (Owner, Below):
            self.assertEqual(assign(owner()), list(range(100)))


class Operators(unittest.TestCase):
    def test_sets_and_what_is_no_set(self):
        class Ordered(Set):
            def __init__(self, items): self.items = list(items)
            def __contains__(self, x): return x in self.items
            def __iter__(self): return iter(self.items)
            def __len__(self): return len(self.items)

        for other in ({1: 2}.keys(), {1: 2}.items(), Ordered([1])):
            for operator in ('|=', '&=', '-=', '^='):
                names = {'s': {5}, 'o': other}
                exec(f's {operator} o', names)
                self.assertEqual(set(names['s']), eval(f'set(s) {operator[0]} set(o)', {'s': {5}, 'o': other}))
        with self.assertRaises(TypeError):
            s = {1}
            s |= [1]
        s = t = {1, 2}
        s &= {2}
        self.assertIs(s, t)
        self.assertIs({1}.__ior__([1]), NotImplemented)

    def test_sums_of_floats(self):
        self.assertEqual(sum([0.1] * 10), 1.0)
        self.assertEqual(sum([1e100, 1.0, -1e100]), 1.0)
        self.assertEqual(sum([1, 2.5, 3]), 6.5)
        self.assertEqual(sum([[1], [2]], start=[]), [1, 2])
        self.assertEqual(sum([1e308, 1e308, -1e308]), float('inf'))
        self.assertEqual(type(sum([True, 2])), int)
        with self.assertRaises(TypeError):
            sum(['a'], '')


class Errors(unittest.TestCase):
    def test_arguments_of_os_errors(self):
        calls = [
            lambda: socket.create_connection(('127.0.0.1', 9)),
            lambda: os.close(999),
            lambda: os.kill(2 ** 22, 0),
            lambda: open('/nowhere/at/all'),
        ]
        for call in calls:
            with self.assertRaises(OSError) as caught:
                call()
            code, text = caught.exception.args
            self.assertEqual(code, caught.exception.errno)
            self.assertIn(repr(text), repr(caught.exception))
            self.assertNotIn('None', repr(caught.exception))
            again = pickle.loads(pickle.dumps(caught.exception))
            self.assertEqual((type(again), again.args), (type(caught.exception), caught.exception.args))

        class Own(OSError): pass
        self.assertEqual(repr(Own(1, 'x')), "Own(1, 'x')")
        error = OSError(1, 'x')
        error.args = (3,)
        self.assertEqual(error.args, (3,))

    def test_first_tracebacks_in_several_threads(self):
        code = '''
import threading, traceback
barrier, seen = threading.Barrier(8), []
def work():
    barrier.wait()
    try: raise ValueError('x')
    except ValueError:
        try: seen.append(traceback.format_exc().splitlines()[-1])
        except BaseException as error: seen.append(f'lost: {error}')
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(set(seen))
'''
        done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
        self.assertEqual(done.stdout, "{'ValueError: x'}\n", done.stderr)


class Source(unittest.TestCase):
    def test_words_in_comments(self):
        for text in (
            'f(\n    timeout=5  # wait for it\n)\n',
            'f(\n    a=1,\n    b=2  # it\'s for "x"\n)\n',
            'class A(\n    B, metaclass=M  # for all\n): pass\n',
            'from os import (path,  # * all\n                sep)\n',
            '@d(\n    a=1  # for b\n)\ndef f(): pass\n',
        ):
            compile(text, 'x', 'exec')
            compile(text.encode(), 'x', 'exec')
        names = {'f': lambda **given: given}
        exec('r = f(\n    a=1  # for it\n)\n', names)
        self.assertEqual(names['r'], {'a': 1})
        self.assertEqual(eval('f(\n    a=1  # for it\n)', names), {'a': 1})
        with self.assertRaises(SyntaxError) as caught:
            compile('f(a=1 for b in c)  # for\n', 'x', 'exec')
        self.assertEqual(caught.exception.lineno, 1)

    def test_in_files_and_modules(self):
        with tempfile.TemporaryDirectory() as folder:
            text = 'x = dict(\n    a=1  # for it\n)\nprint(x)\n'
            for name in ('script.py', 'commented.py'):
                with open(os.path.join(folder, name), 'w') as file:
                    file.write(text if name == 'script.py' else 'import sys\n' + text)
            for arguments in (['script.py'], ['-c', 'import commented'], ['-m', 'commented'], ['-c', text]):
                done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=folder)
                self.assertEqual(done.stdout, "{'a': 1}\n", (arguments, done.stderr))


class Names(unittest.TestCase):
    def test_zones(self):
        self.assertIn('/usr/share/zoneinfo', zoneinfo.TZPATH)
        self.assertIn('Europe/Berlin', zoneinfo.available_timezones())
        code = '''
import datetime, zoneinfo
zoneinfo.reset_tzpath(to=[])
zone = zoneinfo.ZoneInfo('Europe/Berlin')
print(datetime.datetime(2026, 7, 1, tzinfo=zone).utcoffset(), 'Asia/Tokyo' in zoneinfo.available_timezones())
try: zoneinfo.ZoneInfo('Europe/Nowhere')
except zoneinfo.ZoneInfoNotFoundError as error: print(error)
'''
        done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
        self.assertEqual(done.stdout, "2:00:00 True\n'No time zone found with key Europe/Nowhere'\n", done.stderr)

    def test_threads_and_files(self):
        import _thread

        done = threading.Event()
        _thread.start_new(done.set, ())
        self.assertTrue(done.wait(30))
        with tempfile.TemporaryFile() as file:
            os.utime(file.fileno(), (1, 2))
            self.assertEqual(os.fstat(file.fileno()).st_mtime, 2)


if __name__ == '__main__':
    unittest.main()
