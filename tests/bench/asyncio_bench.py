#!/usr/bin/env python3
"""Times Tauraro's asyncio beside CPython's and uvloop.

    asyncio_bench.py [--tauraro BINARY] [--python BINARY] [--uvloop BINARY] [--rounds N]

The contestants take turns, each round in processes of its own; printed are medians in microseconds
and their ratio to CPython's asyncio. BINARY of `--uvloop` is a CPython that can import uvloop. Who is
not there is left out, and said so. Needs no packages: any Python of 3.11 or later runs it.

Awaiting an operation of the runtime needs the module `_tauraro_bench`, which releases do not have:
`cargo build --profile dist -p tauraro --features test-support --ignore-rust-version`.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys

PROGRAM = r'''
import asyncio, importlib.util, json, queue, sys, threading, time

kind = sys.argv[1]
if kind == 'uvloop':
    import uvloop
    factory = uvloop.new_event_loop
elif kind == 'stock':
    factory = asyncio.SelectorEventLoop
else:
    factory = None


async def each(count, step):
    await step()
    start = time.perf_counter()
    for _ in range(count):
        await step()
    return (time.perf_counter() - start) / count * 1e6


async def sleep0():
    start = time.perf_counter()
    for _ in range(30000):
        await asyncio.sleep(0)
    return (time.perf_counter() - start) / 30000 * 1e6


async def spawn():
    async def nothing():
        pass

    async def step():
        await asyncio.create_task(nothing())

    return await each(10000, step)


async def thread_wake_up():
    loop = asyncio.get_running_loop()
    jobs = queue.SimpleQueue()

    def work():
        while (future := jobs.get()) is not None:
            loop.call_soon_threadsafe(future.set_result, None)

    thread = threading.Thread(target=work)
    thread.start()

    async def step():
        future = loop.create_future()
        jobs.put(future)
        await future

    result = await each(3000, step)
    jobs.put(None)
    thread.join()
    return result


async def streams_echo():
    async def echo(reader, writer):
        while data := await reader.read(1024):
            writer.write(data)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, '127.0.0.1', 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())

    async def step():
        writer.write(b'ping')
        await reader.readexactly(4)

    result = await each(3000, step)
    writer.close()
    server.close()
    return result


async def protocol_echo():
    loop = asyncio.get_running_loop()
    count = 5000

    class Echo(asyncio.Protocol):
        def connection_made(self, transport):
            self.transport = transport

        def data_received(self, data):
            self.transport.write(data)

    class Client(Echo):
        def __init__(self):
            self.seen = 0
            self.done = loop.create_future()

        def data_received(self, data):
            self.seen += 1
            if self.seen < count:
                self.transport.write(data)
            else:
                self.done.set_result(None)

    server = await loop.create_server(Echo, '127.0.0.1', 0)
    transport, client = await loop.create_connection(Client, *server.sockets[0].getsockname())
    start = time.perf_counter()
    transport.write(bytes(100))
    await client.done
    result = (time.perf_counter() - start) / count * 1e6
    transport.close()
    server.close()
    return result


async def connect():
    loop = asyncio.get_running_loop()
    count = 1000
    lost = []

    class Server(asyncio.Protocol):
        def connection_lost(self, exc):
            lost.append(exc)

    server = await loop.create_server(Server, '127.0.0.1', 0, backlog=1000)
    address = server.sockets[0].getsockname()
    start = time.perf_counter()
    for _ in range(count):
        transport, _ = await loop.create_connection(asyncio.Protocol, *address)
        transport.close()
    while len(lost) < count:
        await asyncio.sleep(0)
    result = (time.perf_counter() - start) / count * 1e6
    server.close()
    return result


async def timers():
    loop = asyncio.get_running_loop()
    start = time.perf_counter()
    for _ in range(10000):
        loop.call_later(60, print).cancel()
    return (time.perf_counter() - start) / 10000 * 1e6


async def engine():
    import _tauraro_bench

    return await each(5000, lambda: _tauraro_bench.complete(None))


def memory():
    import os
    with open('/proc/self/statm') as statm:
        return int(statm.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


async def kib_per_sleeping_task():
    before = memory()
    tasks = [asyncio.create_task(asyncio.sleep(60)) for _ in range(100000)]
    await asyncio.sleep(0)
    used = (memory() - before) / len(tasks) / 1024
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return used


def run_of_a_loop():
    async def nothing():
        pass

    start = time.perf_counter()
    for _ in range(500):
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(nothing())
    return (time.perf_counter() - start) / 500 * 1e6


results = {}
for measure in (sleep0, spawn, thread_wake_up, streams_echo, protocol_echo, connect, timers, engine,
                kib_per_sleeping_task):
    if measure is engine and (kind != 'tauraro' or importlib.util.find_spec('_tauraro_bench') is None):
        continue
    with asyncio.Runner(loop_factory=factory) as runner:
        results[measure.__name__] = runner.run(measure())
results['run_of_a_loop'] = run_of_a_loop()
print(json.dumps(results))
'''

LABELS = {
    'sleep0': 'await asyncio.sleep(0)',
    'spawn': 'spawn a task and await it',
    'thread_wake_up': 'wake-up from another thread',
    'streams_echo': 'streams echo round trip',
    'protocol_echo': 'protocol echo round trip',
    'connect': 'connect, accept and close',
    'timers': 'call_later and cancel',
    'engine': 'await an operation of the runtime',
    'run_of_a_loop': 'asyncio.run of nothing',
    'kib_per_sleeping_task': 'KiB for a sleeping task',
}


def works(command):
    try:
        return subprocess.run(command, capture_output=True, timeout=60).returncode == 0
    except OSError:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--tauraro', default=shutil.which('tauraro') or 'target/release/tauraro')
    parser.add_argument('--python', default=sys.executable)
    parser.add_argument('--uvloop', default=sys.executable)
    parser.add_argument('--rounds', type=int, default=5)
    arguments = parser.parse_args()
    contestants = {
        'cpython': ([arguments.python, '-c', PROGRAM, 'cpython'], [arguments.python, '-c', 'import asyncio']),
        'uvloop': ([arguments.uvloop, '-c', PROGRAM, 'uvloop'], [arguments.uvloop, '-c', 'import uvloop']),
        'tauraro': ([arguments.tauraro, '-c', PROGRAM, 'tauraro'], [arguments.tauraro, '-V']),
        "tauraro, asyncio's own loop": (
            [arguments.tauraro, '-c', PROGRAM, 'stock'], [arguments.tauraro, '-V']),
    }
    for name, (_, probe) in list(contestants.items()):
        if not works(probe):
            print(f'{name}: not there ({" ".join(probe)} fails), left out')
            del contestants[name]
    seen = {name: {} for name in contestants}
    for _ in range(arguments.rounds):
        for name, (command, _) in contestants.items():
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                sys.exit(f'{name} failed:\n{done.stderr}')
            for measure, value in json.loads(done.stdout).items():
                seen[name].setdefault(measure, []).append(value)
    print(f'{"medians, µs":36}' + ''.join(f'{name:>30}' for name in contestants))
    for measure, label in LABELS.items():
        base = seen.get('cpython', {}).get(measure)
        line = f'{label:36}'
        for name in contestants:
            values = seen[name].get(measure)
            if values is None:
                line += f'{"-":>30}'
                continue
            median = statistics.median(values)
            ratio = f' ({median / statistics.median(base):.2f}x)' if base else ''
            line += f'{f"{median:.2f}{ratio}":>30}'
        print(line)


if __name__ == '__main__':
    main()
