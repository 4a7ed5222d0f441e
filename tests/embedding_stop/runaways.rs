//! Scripts that do not end by themselves.

/// What it does, and the script. `PORT` is one of a server that accepts and never answers.
pub(crate) type Runaway = (&'static str, &'static str);

/// One or more of every kind.
pub(crate) const RUNAWAYS: &[Runaway] = &[
    ("spin", "while True: pass"),
    ("spin", "while True:\n    x = [i for i in range(100)]"),
    ("spin", "def f():\n    while 1:\n        g()\ndef g():\n    return sum(range(10))\nf()"),
    ("spin in a class body", "class C:\n    while True:\n        pass"),
    ("spin in a lambda", "f = lambda: all(True for _ in iter(int, 1))\nf()"),
    (
        "catch everything",
        "while True:\n    try:\n        while True: pass\n    except BaseException:\n        continue",
    ),
    (
        "catch everything",
        "def f():\n    try:\n        while True: pass\n    except BaseException:\n        f()\nwhile True:\n    try:\n        f()\n    except BaseException:\n        pass",
    ),
    (
        "catch everything",
        "while True:\n    try:\n        1/0\n    except:\n        try:\n            1/0\n        except:\n            try:\n                1/0\n            except:\n                pass",
    ),
    ("finally", "try:\n    while True: pass\nfinally:\n    while True: pass"),
    ("finally", "def f(n):\n    try:\n        while True: pass\n    finally:\n        f(n + 1)\nf(0)"),
    (
        "context manager",
        "class C:\n    def __enter__(self): pass\n    def __exit__(self, *a):\n        while True:\n            try:\n                return True\n            finally:\n                continue\nwhile True:\n    with C():\n        while True: pass",
    ),
    (
        "suppress",
        "import contextlib\nwhile True:\n    with contextlib.suppress(BaseException):\n        while True: pass",
    ),
    (
        "recursion",
        "def f():\n    try:\n        f()\n    except RecursionError:\n        f()\nwhile True:\n    try:\n        f()\n    except BaseException:\n        pass",
    ),
    ("recursion", "def f(n):\n    return 0 if n == 0 else f(n-1) + f(n-1)\nf(60)"),
    ("sleep", "import time\ntime.sleep(1e6)"),
    (
        "sleep",
        "import time\nwhile True:\n    try:\n        time.sleep(1e6)\n    except BaseException:\n        pass",
    ),
    (
        "sleep with signals blocked",
        "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\ntime.sleep(1e6)",
    ),
    ("lock", "import threading\nl = threading.Lock()\nl.acquire()\nl.acquire()"),
    (
        "lock",
        "import threading\nl = threading.Lock()\nwhile True:\n    try:\n        with l:\n            with l:\n                pass\n    except BaseException:\n        pass",
    ),
    ("lock", "import threading\nl = threading.Lock()\nl.acquire()\nl.acquire(timeout=1e6)"),
    ("queue", "import queue\nqueue.Queue().get()"),
    ("queue", "import queue\nqueue.SimpleQueue().get()"),
    ("event", "import threading\nthreading.Event().wait()"),
    ("event", "import threading\nthreading.Event().wait(1e6)"),
    ("condition", "import threading\nc = threading.Condition()\nwith c:\n    c.wait()"),
    ("semaphore", "import threading\nthreading.Semaphore(0).acquire()"),
    ("barrier", "import threading\nthreading.Barrier(2).wait()"),
    (
        "join",
        "import threading, time\nt = threading.Thread(target=time.sleep, args=(1e6,))\nt.start()\nt.join()",
    ),
    (
        "join",
        "import threading\ndef f():\n    while True: pass\nt = threading.Thread(target=f, daemon=True)\nt.start()\nt.join()",
    ),
    (
        "executor",
        "import concurrent.futures as c\ndef f():\n    while True: pass\nwith c.ThreadPoolExecutor(2) as e:\n    e.submit(f).result()",
    ),
    ("recv", "import socket\na, b = socket.socketpair()\na.recv(1)"),
    ("recv with a timeout", "import socket\na, b = socket.socketpair()\na.settimeout(1e6)\na.recv(1)"),
    ("accept", "import socket\ns = socket.create_server(('127.0.0.1', 0))\ns.accept()"),
    ("select", "import select, socket\na, b = socket.socketpair()\nselect.select([a], [], [])"),
    (
        "poll",
        "import select, socket\na, b = socket.socketpair()\np = select.poll()\np.register(a)\nwhile True:\n    p.poll()",
    ),
    ("epoll", "import select\nselect.epoll().poll()"),
    ("pipe", "import os\nr, w = os.pipe()\nos.read(r, 1)"),
    ("pipe", "import os\nr, w = os.pipe()\nopen(r).read()"),
    ("full pipe", "import os\nr, w = os.pipe()\nwhile True:\n    os.write(w, bytes(65536))"),
    ("httpx", "import httpx\nhttpx.get('http://127.0.0.1:PORT/', timeout=None)"),
    (
        "httpx",
        "import httpx\nwhile True:\n    try:\n        httpx.get('http://127.0.0.1:PORT/', timeout=None)\n    except BaseException:\n        pass",
    ),
    (
        "async httpx",
        "import asyncio, httpx\nasync def main():\n    async with httpx.AsyncClient(timeout=None) as c:\n        await c.get('http://127.0.0.1:PORT/')\nasyncio.run(main())",
    ),
    ("asyncio sleep", "import asyncio\nasyncio.run(asyncio.sleep(3600))"),
    (
        "asyncio event",
        "import asyncio\nasync def main():\n    await asyncio.Event().wait()\nasyncio.run(main())",
    ),
    (
        "asyncio spin",
        "import asyncio\nasync def main():\n    while True:\n        await asyncio.sleep(0)\nasyncio.run(main())",
    ),
    (
        "asyncio that swallows",
        "import asyncio\nasync def main():\n    while True:\n        try:\n            await asyncio.sleep(3600)\n        except BaseException:\n            pass\nasyncio.run(main())",
    ),
    (
        "asyncio that swallows",
        "import asyncio\nasync def one():\n    while True:\n        try:\n            await asyncio.sleep(3600)\n        except BaseException:\n            pass\nasync def main():\n    await asyncio.gather(*[one() for _ in range(50)])\nasyncio.run(main())",
    ),
    (
        "asyncio streams",
        "import asyncio\nasync def main():\n    r, w = await asyncio.open_connection('127.0.0.1', PORT)\n    await r.read()\nasyncio.run(main())",
    ),
    (
        "asyncio to_thread",
        "import asyncio\ndef f():\n    while True: pass\nasync def main():\n    await asyncio.to_thread(f)\nasyncio.run(main())",
    ),
    ("websocket", "import websockets.sync.client as c\nc.connect('ws://127.0.0.1:PORT/', open_timeout=None)"),
    (
        "threads that spin",
        "import threading\ndef f():\n    while True: pass\nfor _ in range(4):\n    threading.Thread(target=f).start()\nf()",
    ),
    (
        "threads that catch",
        "import threading\ndef f():\n    while True:\n        try:\n            while True: pass\n        except BaseException:\n            pass\nfor _ in range(3):\n    threading.Thread(target=f, daemon=True).start()\nf()",
    ),
    (
        "threads that start threads",
        "import threading\ndef f():\n    while True:\n        try:\n            t = threading.Thread(target=g)\n            t.start()\n            t.join()\n        except BaseException:\n            pass\ndef g():\n    for _ in range(1000): pass\nf()",
    ),
    ("subprocess", "import subprocess\nsubprocess.run(['sleep', '30'])"),
    ("waitpid", "import os, subprocess\np = subprocess.Popen(['sleep', '30'])\nos.waitpid(p.pid, 0)"),
    ("pause", "import signal\nsignal.pause()"),
    (
        "generator",
        "def g():\n    while True:\n        try:\n            yield 1\n        except BaseException:\n            pass\nfor _ in g(): pass",
    ),
    (
        "generator that closes never",
        "def g():\n    while True:\n        try:\n            yield 1\n        finally:\n            continue\nx = g()\nwhile True:\n    next(x)",
    ),
    ("eval in eval", "eval(\"eval('[0 for _ in iter(int, 1)]')\")"),
    ("exec", "exec('exec(\"while True: pass\")')"),
    (
        "import",
        "import sys, types, importlib.abc, importlib.machinery\nclass L(importlib.abc.Loader):\n    def exec_module(self, m):\n        while True: pass\nclass F(importlib.abc.MetaPathFinder):\n    def find_spec(self, n, p, t=None):\n        return importlib.machinery.ModuleSpec(n, L())\nsys.meta_path.insert(0, F())\nimport never_ends",
    ),
    ("__del__", "class C:\n    def __del__(self):\n        while True: pass\nC()"),
    (
        "__del__ that catches",
        "class C:\n    def __del__(self):\n        while True:\n            try:\n                while True: pass\n            except BaseException:\n                C()\nC()",
    ),
    (
        "weakref callback",
        "import weakref\nclass C: pass\nc = C()\ndef f(_):\n    while True: pass\nw = weakref.ref(c, f)\ndel c",
    ),
    (
        "settrace",
        "import sys\ndef f(*a):\n    while True:\n        try:\n            while True: pass\n        except BaseException:\n            pass\nsys.settrace(f)\n(lambda: 1)()",
    ),
    (
        "settrace",
        "import sys\ndef f(*a): return f\nsys.settrace(f)\nwhile True:\n    try:\n        while True: pass\n    except BaseException:\n        pass",
    ),
    (
        "monitoring",
        "import sys\nm = sys.monitoring\nm.use_tool_id(1, 'x')\ndef f(*a):\n    while True:\n        try:\n            while True: pass\n        except BaseException:\n            pass\nm.register_callback(1, m.events.PY_START, f)\nm.set_events(1, m.events.PY_START)\n(lambda: 1)()",
    ),
    (
        "excepthook",
        "import sys\ndef f(*a):\n    while True: pass\nsys.excepthook = f\nsys.unraisablehook = f\nwhile True: pass",
    ),
    (
        "exception whose text never ends",
        "class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E",
    ),
    (
        "output that never ends",
        "import sys\nclass S:\n    closed = False\n    def write(self, t): pass\n    def flush(self):\n        while True:\n            try:\n                while True: pass\n            except BaseException:\n                pass\nsys.stdout = S()",
    ),
    (
        "sort",
        "class K:\n    def __lt__(self, o):\n        return True\nsorted([K() for _ in range(10**5)] * 20)",
    ),
    ("sort with a key", "sorted(range(10**6), key=lambda x: [i for i in range(1000)])"),
    ("iteration", "sum(i for i in iter(int, 1))"),
    ("iteration of a native iterator", "import itertools\nall(map(bool, itertools.repeat(1)))"),
    (
        "iteration of a native iterator",
        "import itertools, collections\ncollections.deque(itertools.repeat(1), maxlen=0)",
    ),
    ("sum of a range", "sum(range(10**12))"),
    (
        "count",
        "import itertools\nitertools.count().__contains__(-1) if hasattr(itertools.count(), '__contains__') else -1 in itertools.count()",
    ),
    ("map that spins", "for _ in map(lambda x: x, iter(int, 1)): pass"),
    ("gc callback", "import gc\ndef f(*a):\n    while True: pass\ngc.callbacks.append(f)\ngc.collect()"),
    ("atexit kept busy", "import atexit\natexit.register(lambda: 0)\nwhile True: pass"),
    ("hash", "class H:\n    def __hash__(self):\n        while True: pass\n{H(): 1}"),
    (
        "descriptor",
        "class D:\n    def __get__(self, *a):\n        while True: pass\nclass C:\n    d = D()\nC().d",
    ),
    ("decorator", "@lambda f: [None for _ in iter(int, 1)]\ndef f(): pass"),
    ("comprehension", "[x for x in iter(lambda: 0, 1) if x]"),
    (
        "json hook",
        "import json\njson.loads('{\"a\": 1}', object_hook=lambda d: [None for _ in iter(int, 1)])",
    ),
    ("re with a callback", "import re\nre.sub('a', lambda m: [None for _ in iter(int, 1)], 'aaa')"),
    (
        "signal handler",
        "import signal\ntry:\n    signal.signal(signal.SIGURG, signal.SIG_IGN)\nexcept ValueError:\n    pass\nwhile True: pass",
    ),
    ("os.wait", "import os, subprocess\nsubprocess.Popen(['sleep', '30'])\nos.wait()"),
    (
        "fifo",
        "import os, tempfile\nd = tempfile.mkdtemp()\np = os.path.join(d, 'f')\nos.mknod(p, 0o010600)\nopen(p).read()",
    ),
    (
        "flock",
        "import fcntl, tempfile\nf = tempfile.NamedTemporaryFile()\ng = open(f.name)\nfcntl.flock(f, fcntl.LOCK_EX)\nfcntl.flock(g, fcntl.LOCK_EX)",
    ),
];
