//! Scripts that do not end by themselves.

/// A script that does not end by itself.
#[derive(Clone, Copy)]
pub(crate) struct Runaway {
    /// What it does.
    pub(crate) kind: &'static str,
    /// The script. `PORT` is one of a server that accepts and never answers.
    pub(crate) source: &'static str,
    /// Not if it has replaced what the next call needs.
    pub(crate) leaves_it_usable: bool,
}

const fn runaway(kind: &'static str, source: &'static str) -> Runaway {
    Runaway { kind, source, leaves_it_usable: true }
}

/// One or more of every kind.
pub(crate) const RUNAWAYS: &[Runaway] = &[
    runaway("spin", "while True: pass"),
    runaway("spin", "while True:\n    x = [i for i in range(100)]"),
    runaway("spin", "def f():\n    while 1:\n        g()\ndef g():\n    return sum(range(10))\nf()"),
    runaway("spin in a class body", "class C:\n    while True:\n        pass"),
    runaway("spin in a lambda", "f = lambda: all(True for _ in iter(int, 1))\nf()"),
    runaway(
        "catch everything",
        "while True:\n    try:\n        while True: pass\n    except BaseException:\n        continue",
    ),
    runaway(
        "catch everything",
        "def f():\n    try:\n        while True: pass\n    except BaseException:\n        f()\nwhile True:\n    try:\n        f()\n    except BaseException:\n        pass",
    ),
    runaway(
        "catch everything",
        "while True:\n    try:\n        1/0\n    except:\n        try:\n            1/0\n        except:\n            try:\n                1/0\n            except:\n                pass",
    ),
    runaway("finally", "try:\n    while True: pass\nfinally:\n    while True: pass"),
    runaway("finally", "def f(n):\n    try:\n        while True: pass\n    finally:\n        f(n + 1)\nf(0)"),
    runaway(
        "context manager",
        "class C:\n    def __enter__(self): pass\n    def __exit__(self, *a):\n        while True:\n            try:\n                return True\n            finally:\n                continue\nwhile True:\n    with C():\n        while True: pass",
    ),
    runaway(
        "suppress",
        "import contextlib\nwhile True:\n    with contextlib.suppress(BaseException):\n        while True: pass",
    ),
    runaway(
        "recursion",
        "def f():\n    try:\n        f()\n    except RecursionError:\n        f()\nwhile True:\n    try:\n        f()\n    except BaseException:\n        pass",
    ),
    runaway("recursion", "def f(n):\n    return 0 if n == 0 else f(n-1) + f(n-1)\nf(60)"),
    runaway("sleep", "import time\ntime.sleep(1e6)"),
    runaway(
        "sleep",
        "import time\nwhile True:\n    try:\n        time.sleep(1e6)\n    except BaseException:\n        pass",
    ),
    runaway(
        "sleep with signals blocked",
        "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\ntime.sleep(1e6)",
    ),
    runaway("lock", "import threading\nl = threading.Lock()\nl.acquire()\nl.acquire()"),
    runaway(
        "lock",
        "import threading\nl = threading.Lock()\nwhile True:\n    try:\n        with l:\n            with l:\n                pass\n    except BaseException:\n        pass",
    ),
    runaway("lock", "import threading\nl = threading.Lock()\nl.acquire()\nl.acquire(timeout=1e6)"),
    runaway("queue", "import queue\nqueue.Queue().get()"),
    runaway("queue", "import queue\nqueue.SimpleQueue().get()"),
    runaway("event", "import threading\nthreading.Event().wait()"),
    runaway("event", "import threading\nthreading.Event().wait(1e6)"),
    runaway("condition", "import threading\nc = threading.Condition()\nwith c:\n    c.wait()"),
    runaway("semaphore", "import threading\nthreading.Semaphore(0).acquire()"),
    runaway("barrier", "import threading\nthreading.Barrier(2).wait()"),
    runaway(
        "join",
        "import threading, time\nt = threading.Thread(target=time.sleep, args=(1e6,))\nt.start()\nt.join()",
    ),
    runaway(
        "join",
        "import threading\ndef f():\n    while True: pass\nt = threading.Thread(target=f, daemon=True)\nt.start()\nt.join()",
    ),
    runaway(
        "executor",
        "import concurrent.futures as c\ndef f():\n    while True: pass\nwith c.ThreadPoolExecutor(2) as e:\n    e.submit(f).result()",
    ),
    runaway("recv", "import socket\na, b = socket.socketpair()\na.recv(1)"),
    runaway("recv with a timeout", "import socket\na, b = socket.socketpair()\na.settimeout(1e6)\na.recv(1)"),
    runaway("accept", "import socket\ns = socket.create_server(('127.0.0.1', 0))\ns.accept()"),
    runaway("select", "import select, socket\na, b = socket.socketpair()\nselect.select([a], [], [])"),
    runaway(
        "poll",
        "import select, socket\na, b = socket.socketpair()\np = select.poll()\np.register(a)\nwhile True:\n    p.poll()",
    ),
    runaway("epoll", "import select\nselect.epoll().poll()"),
    runaway("pipe", "import os\nr, w = os.pipe()\nos.read(r, 1)"),
    runaway("pipe", "import os\nr, w = os.pipe()\nopen(r).read()"),
    runaway("full pipe", "import os\nr, w = os.pipe()\nwhile True:\n    os.write(w, bytes(65536))"),
    runaway("httpx", "import httpx\nhttpx.get('http://127.0.0.1:PORT/', timeout=None)"),
    runaway(
        "httpx",
        "import httpx\nwhile True:\n    try:\n        httpx.get('http://127.0.0.1:PORT/', timeout=None)\n    except BaseException:\n        pass",
    ),
    runaway(
        "async httpx",
        "import asyncio, httpx\nasync def main():\n    async with httpx.AsyncClient(timeout=None) as c:\n        await c.get('http://127.0.0.1:PORT/')\nasyncio.run(main())",
    ),
    runaway("asyncio sleep", "import asyncio\nasyncio.run(asyncio.sleep(3600))"),
    runaway(
        "asyncio event",
        "import asyncio\nasync def main():\n    await asyncio.Event().wait()\nasyncio.run(main())",
    ),
    runaway(
        "asyncio spin",
        "import asyncio\nasync def main():\n    while True:\n        await asyncio.sleep(0)\nasyncio.run(main())",
    ),
    runaway(
        "asyncio that swallows",
        "import asyncio\nasync def main():\n    while True:\n        try:\n            await asyncio.sleep(3600)\n        except BaseException:\n            pass\nasyncio.run(main())",
    ),
    runaway(
        "asyncio that swallows",
        "import asyncio\nasync def one():\n    while True:\n        try:\n            await asyncio.sleep(3600)\n        except BaseException:\n            pass\nasync def main():\n    await asyncio.gather(*[one() for _ in range(50)])\nasyncio.run(main())",
    ),
    runaway(
        "asyncio streams",
        "import asyncio\nasync def main():\n    r, w = await asyncio.open_connection('127.0.0.1', PORT)\n    await r.read()\nasyncio.run(main())",
    ),
    runaway(
        "asyncio to_thread",
        "import asyncio\ndef f():\n    while True: pass\nasync def main():\n    await asyncio.to_thread(f)\nasyncio.run(main())",
    ),
    runaway(
        "websocket",
        "import websockets.sync.client as c\nc.connect('ws://127.0.0.1:PORT/', open_timeout=None)",
    ),
    runaway(
        "threads that spin",
        "import threading\ndef f():\n    while True: pass\nfor _ in range(4):\n    threading.Thread(target=f).start()\nf()",
    ),
    runaway(
        "threads that catch",
        "import threading\ndef f():\n    while True:\n        try:\n            while True: pass\n        except BaseException:\n            pass\nfor _ in range(3):\n    threading.Thread(target=f, daemon=True).start()\nf()",
    ),
    runaway(
        "threads that start threads",
        "import threading\ndef f():\n    while True:\n        try:\n            t = threading.Thread(target=g)\n            t.start()\n            t.join()\n        except BaseException:\n            pass\ndef g():\n    for _ in range(1000): pass\nf()",
    ),
    runaway("subprocess", "import subprocess\nsubprocess.run(['sleep', '30'])"),
    runaway("waitpid", "import os, subprocess\np = subprocess.Popen(['sleep', '30'])\nos.waitpid(p.pid, 0)"),
    runaway("pause", "import signal\nsignal.pause()"),
    runaway(
        "generator",
        "def g():\n    while True:\n        try:\n            yield 1\n        except BaseException:\n            pass\nfor _ in g(): pass",
    ),
    runaway(
        "generator that closes never",
        "def g():\n    while True:\n        try:\n            yield 1\n        finally:\n            continue\nx = g()\nwhile True:\n    next(x)",
    ),
    runaway("eval in eval", "eval(\"eval('[0 for _ in iter(int, 1)]')\")"),
    runaway("exec", "exec('exec(\"while True: pass\")')"),
    runaway(
        "import",
        "import sys, types, importlib.abc, importlib.machinery\nclass L(importlib.abc.Loader):\n    def exec_module(self, m):\n        while True: pass\nclass F(importlib.abc.MetaPathFinder):\n    def find_spec(self, n, p, t=None):\n        return importlib.machinery.ModuleSpec(n, L())\nsys.meta_path.insert(0, F())\nimport never_ends",
    ),
    runaway("__del__", "class C:\n    def __del__(self):\n        while True: pass\nC()"),
    runaway(
        "__del__ that catches",
        "class C:\n    def __del__(self):\n        while True:\n            try:\n                while True: pass\n            except BaseException:\n                C()\nC()",
    ),
    runaway(
        "weakref callback",
        "import weakref\nclass C: pass\nc = C()\ndef f(_):\n    while True: pass\nw = weakref.ref(c, f)\ndel c",
    ),
    runaway(
        "settrace",
        "import sys\ndef f(*a):\n    while True:\n        try:\n            while True: pass\n        except BaseException:\n            pass\nsys.settrace(f)\n(lambda: 1)()",
    ),
    runaway(
        "settrace",
        "import sys\ndef f(*a): return f\nsys.settrace(f)\nwhile True:\n    try:\n        while True: pass\n    except BaseException:\n        pass",
    ),
    runaway(
        "monitoring",
        "import sys\nm = sys.monitoring\nm.use_tool_id(1, 'x')\ndef f(*a):\n    while True:\n        try:\n            while True: pass\n        except BaseException:\n            pass\nm.register_callback(1, m.events.PY_START, f)\nm.set_events(1, m.events.PY_START)\n(lambda: 1)()",
    ),
    runaway(
        "excepthook",
        "import sys\ndef f(*a):\n    while True: pass\nsys.excepthook = f\nsys.unraisablehook = f\nwhile True: pass",
    ),
    runaway(
        "exception whose text never ends",
        "class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E",
    ),
    Runaway {
        kind: "output that never ends",
        source: "import sys\nclass S:\n    closed = False\n    def write(self, t): pass\n    def flush(self):\n        while True:\n            try:\n                while True: pass\n            except BaseException:\n                pass\nsys.stdout = S()",
        leaves_it_usable: false,
    },
    runaway(
        "sort",
        "class K:\n    def __lt__(self, o):\n        return True\nsorted([K() for _ in range(10**5)] * 20)",
    ),
    runaway("sort with a key", "sorted(range(10**6), key=lambda x: [i for i in range(1000)])"),
    runaway("iteration", "sum(i for i in iter(int, 1))"),
    runaway("iteration of a native iterator", "import itertools\nall(map(bool, itertools.repeat(1)))"),
    runaway(
        "iteration of a native iterator",
        "import itertools, collections\ncollections.deque(itertools.repeat(1), maxlen=0)",
    ),
    runaway("sum of a range", "sum(range(10**12))"),
    runaway(
        "count",
        "import itertools\nitertools.count().__contains__(-1) if hasattr(itertools.count(), '__contains__') else -1 in itertools.count()",
    ),
    runaway("map that spins", "for _ in map(lambda x: x, iter(int, 1)): pass"),
    runaway(
        "gc callback",
        "import gc\ndef f(*a):\n    while True: pass\ngc.callbacks.append(f)\ngc.collect()",
    ),
    runaway("atexit kept busy", "import atexit\natexit.register(lambda: 0)\nwhile True: pass"),
    runaway("hash", "class H:\n    def __hash__(self):\n        while True: pass\n{H(): 1}"),
    runaway(
        "descriptor",
        "class D:\n    def __get__(self, *a):\n        while True: pass\nclass C:\n    d = D()\nC().d",
    ),
    runaway("decorator", "@lambda f: [None for _ in iter(int, 1)]\ndef f(): pass"),
    runaway("comprehension", "[x for x in iter(lambda: 0, 1) if x]"),
    runaway(
        "json hook",
        "import json\njson.loads('{\"a\": 1}', object_hook=lambda d: [None for _ in iter(int, 1)])",
    ),
    runaway("re with a callback", "import re\nre.sub('a', lambda m: [None for _ in iter(int, 1)], 'aaa')"),
    runaway(
        "signal handler",
        "import signal\ntry:\n    signal.signal(signal.SIGURG, signal.SIG_IGN)\nexcept ValueError:\n    pass\nwhile True: pass",
    ),
    runaway("os.wait", "import os, subprocess\nsubprocess.Popen(['sleep', '30'])\nos.wait()"),
    runaway(
        "fifo",
        "import os, tempfile\nd = tempfile.mkdtemp()\np = os.path.join(d, 'f')\nos.mknod(p, 0o010600)\nopen(p).read()",
    ),
    runaway(
        "flock",
        "import fcntl, tempfile\nf = tempfile.NamedTemporaryFile()\ng = open(f.name)\nfcntl.flock(f, fcntl.LOCK_EX)\nfcntl.flock(g, fcntl.LOCK_EX)",
    ),
    runaway("spin", "i = 0\nwhile i < 10:\n    i = (i + 1) % 9"),
    runaway(
        "catch everything",
        "def f(n):\n    try:\n        f(n + 1)\n    except BaseException:\n        f(n)\nf(0)",
    ),
    runaway(
        "catch everything",
        "import sys\nsys.setrecursionlimit(10**4)\ndef f():\n    while True:\n        try:\n            f()\n        except BaseException:\n            pass\nf()",
    ),
    runaway(
        "exception group",
        "while True:\n    try:\n        while True: pass\n    except* BaseException:\n        pass",
    ),
    runaway(
        "match",
        "class M(type):\n    def __instancecheck__(c, o):\n        while True: pass\nclass C(metaclass=M): pass\nmatch 1:\n    case C(): pass",
    ),
    runaway(
        "raise from",
        "def f():\n    try:\n        while True: pass\n    except BaseException as e:\n        raise ValueError from e\nwhile True:\n    try:\n        f()\n    except ValueError:\n        pass",
    ),
    runaway(
        "system exit",
        "import sys\nwhile True:\n    try:\n        while True: pass\n    except BaseException:\n        try:\n            sys.exit(0)\n        except SystemExit:\n            pass",
    ),
    runaway(
        "asyncio gather of httpx",
        "import asyncio, httpx\nasync def main():\n    async with httpx.AsyncClient(timeout=None) as c:\n        await asyncio.gather(*[c.get('http://127.0.0.1:PORT/') for _ in range(20)])\nasyncio.run(main())",
    ),
    runaway(
        "asyncio callbacks",
        "import asyncio\nasync def main():\n    loop = asyncio.get_running_loop()\n    def again():\n        loop.call_soon(again)\n    again()\n    await loop.create_future()\nasyncio.run(main())",
    ),
    runaway(
        "async generator",
        "import asyncio\nasync def g():\n    while True:\n        try:\n            yield 1\n        finally:\n            await asyncio.sleep(3600)\nasync def main():\n    async for _ in g():\n        break\n    await asyncio.sleep(3600)\nasyncio.run(main())",
    ),
    runaway(
        "task group",
        "import asyncio\nasync def spin():\n    while True:\n        await asyncio.sleep(0)\nasync def main():\n    async with asyncio.TaskGroup() as g:\n        g.create_task(spin())\n        g.create_task(spin())\nasyncio.run(main())",
    ),
    runaway(
        "lock in a thread",
        "import threading\nl = threading.Lock()\nl.acquire()\nt = threading.Thread(target=l.acquire)\nt.start()\nt.join()",
    ),
    runaway(
        "timer thread",
        "import threading\ndef f():\n    threading.Timer(0.001, f).start()\nf()\nthreading.Event().wait()",
    ),
    runaway(
        "sqlite",
        "import sqlite3\nc = sqlite3.connect(':memory:')\nc.create_function('f', 0, lambda: [None for _ in iter(int, 1)])\nc.execute('select f()').fetchall()",
    ),
];
