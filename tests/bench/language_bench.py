#!/usr/bin/env python3
"""Times the language and the standard library on Tauraro beside CPython: what costs time in a script's own code.

    language_bench.py [--tauraro BINARY] [--python BINARY] [--rounds N]

The contestants take turns, each round in a process of its own; printed are medians in milliseconds of CPU time, of
time on the clock for threads and for whole processes, and their ratio to CPython's. Needs no packages: any Python of 3.11 or later
runs it.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

PROGRAM = r'''
import hashlib, json, re, threading, time, zlib

WORDS = [f"word{number * 7919 % 1000}" for number in range(20000)]
TEXT = " ".join(WORDS)
RECORDS = [{"id": number, "name": f"item {number}", "tags": ["a", "b"], "price": number / 7} for number in range(5000)]
DOCUMENT = json.dumps(RECORDS)


def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def loop():
    total = 0
    for number in range(300_000):
        total += number % 7
    return total


def count_words():
    seen = {}
    for word in WORDS:
        seen[word] = seen.get(word, 0) + 1
    return seen


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def moved(self, dx):
        return Point(self.x + dx, self.y)


def objects():
    point = Point(0, 0)
    for _ in range(30_000):
        point = point.moved(1)
    return point


def in_threads():
    threads = [threading.Thread(target=loop) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def each(work, clock=time.process_time, count=5):
    timings = []
    for _ in range(count):
        start = clock()
        work()
        timings.append((clock() - start) * 1e3)
    return min(timings)


figures = {
    "calls: fibonacci(20)": each(lambda: fibonacci(20)),
    "a loop of 300,000 steps": each(loop),
    "the same in each of two threads": each(in_threads, time.perf_counter),
    "30,000 objects and methods": each(objects),
    "counting 20,000 words in a dict": each(count_words),
    "joining and splitting 20,000 words": each(lambda: " ".join(WORDS).split()),
    "sorting 20,000 words": each(lambda: sorted(WORDS)),
    "sorting them by a key function": each(lambda: sorted(WORDS, key=lambda word: word[::-1])),
    "re.findall over 170 KB": each(lambda: re.findall(r"word(\d+)", TEXT)),
    "json.loads of 350 KB": each(lambda: json.loads(DOCUMENT)),
    "json.dumps of 350 KB": each(lambda: json.dumps(RECORDS)),
    "SHA-256 of 1 MB": each(lambda: hashlib.sha256(bytes(1_000_000)).digest()),
    "zlib.compress of 170 KB": each(lambda: zlib.compress(TEXT.encode())),
}
try:
    import httpx
except ImportError:
    pass
else:
    response = httpx.Response(200, content=DOCUMENT)
    figures["response.json() of 350 KB"] = each(response.json)
    figures["Request(json=...) of 350 KB"] = each(lambda: httpx.Request("POST", "http://localhost", json=RECORDS))
print(json.dumps(figures))
'''
PROCESSES = ["pass", "import json", "import asyncio", "import dataclasses", "import httpx"]


def run(binary):
    """The figures of one round."""
    command = [binary, "-c", PROGRAM]
    figures = json.loads(subprocess.run(command, text=True, capture_output=True, timeout=300, check=True).stdout)
    for program in PROCESSES:
        start = time.perf_counter()
        done = subprocess.run([binary, "-c", program], capture_output=True, timeout=60)
        if done.returncode == 0:
            figures[f"a process: {program}"] = (time.perf_counter() - start) * 1e3
    return figures


def main():
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--tauraro", default="target/dist/tauraro", help="the binary to measure (default: %(default)s)")
    arguments.add_argument("--python", default="python3", help="a CPython, best with httpx (default: %(default)s)")
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    rounds = {"CPython": [], "Tauraro": []}
    for _ in range(options.rounds):
        for name, binary in (("CPython", options.python), ("Tauraro", options.tauraro)):
            rounds[name].append(run(binary))
    print(f"{'ms':36}{'CPython':>10}{'Tauraro':>10}{'ratio':>10}")
    for figure in rounds["Tauraro"][0]:
        cpython, tauraro = (
            statistics.median(results) if (results := [round[figure] for round in rounds[name] if figure in round]) else None
            for name in ("CPython", "Tauraro")
        )
        cells = "".join(f"{median:10.2f}" if median is not None else f"{'-':>10}" for median in (cpython, tauraro))
        print(f"{figure:36}{cells}" + (f"{tauraro / cpython:10.1f}" if None not in (cpython, tauraro) else ""))


if __name__ == "__main__":
    sys.exit(main())
