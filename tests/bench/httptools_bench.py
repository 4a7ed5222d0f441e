#!/usr/bin/env python3
"""Times Tauraro's httptools beside CPython's, which is written in C.

    httptools_bench.py [--tauraro BINARY] [--python BINARY] [--rounds N]

BINARY of `--python` is a CPython that can import httptools. The contestants take turns, each round in a
process of its own; printed are medians in microseconds of CPU time and their ratio to CPython's. Who is
not there is left out, and said so. Needs no packages: any Python of 3.11 or later runs it.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys

PROGRAM = r'''
import json, sys, time
import httptools

REQUEST = (
    b"GET /wp-content/uploads/2010/03/hello-kitty-darth-vader-pink.jpg HTTP/1.1\r\n"
    b"Host: www.kittyhell.com\r\n"
    b"User-Agent: Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10.6; ja-JP-mac; rv:1.9.2.3) Gecko/20100401 "
    b"Firefox/3.6.3 Pathtraq/0.9\r\n"
    b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    b"Accept-Language: ja,en-us;q=0.7,en;q=0.3\r\n"
    b"Accept-Encoding: gzip,deflate\r\n"
    b"Accept-Charset: Shift_JIS,utf-8;q=0.7,*;q=0.7\r\n"
    b"Keep-Alive: 115\r\n"
    b"Connection: keep-alive\r\n"
    b"Cookie: wp_ozh_wsa_visits=2; wp_ozh_wsa_visit_lasttime=xxxxxxxxxx; "
    b"__utma=xxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.x; "
    b"__utmz=xxxxxxxxx.xxxxxxxxxx.x.x.utmccn=(referral)|utmcsr=reader.livedoor.com|utmcct=/reader/|"
    b"utmcmd=referral\r\n\r\n"
)
URL = b"https://user:password@www.example.com:8080/path/to/page?query=value&other=1#fragment"


class Protocol:
    def on_message_begin(self):
        self.headers = []

    def on_url(self, url):
        self.url = url

    def on_header(self, name, value):
        self.headers.append((name, value))

    def on_headers_complete(self):
        pass

    def on_message_complete(self):
        pass


class Silent:
    """Only counts."""

    def on_header(self, name, value):
        pass


def each(work, count):
    for _ in range(count // 10):
        work()
    start = time.process_time()
    for _ in range(count):
        work()
    return (time.process_time() - start) / count * 1e6


def parsing(protocol):
    parser = httptools.HttpRequestParser(protocol)
    feed = parser.feed_data
    return lambda: feed(REQUEST)


def connection():
    httptools.HttpRequestParser(Protocol()).feed_data(REQUEST)


def nothing():
    pass


def a_call():
    nothing()


figures = {
    "request, Python protocol object": each(parsing(Protocol()), 20000),
    "request, on_header only": each(parsing(Silent()), 20000),
    "request, no methods": each(parsing(None), 50000),
    "connection with one request": each(connection, 10000),
    "parse_url": each(lambda: httptools.parse_url(URL), 50000),
    "parse_url(...).path": each(lambda: httptools.parse_url(URL).path, 50000),
    "(a call in Python)": each(a_call, 100000),
}
if hasattr(httptools, "parse_request"):
    figures["parse_request"] = each(lambda: httptools.parse_request(REQUEST), 50000)
    figures["parse_request(...).headers['host']"] = each(
        lambda: httptools.parse_request(REQUEST).headers["host"], 50000
    )
print(json.dumps(figures))
'''


def run(command):
    """The figures of one round."""
    output = subprocess.run(command, input=PROGRAM, text=True, capture_output=True, timeout=120, check=True).stdout
    return json.loads(output)


def find(name, given, default):
    """The path of a contestant, if it can import httptools."""
    path = shutil.which(given or default)
    if path and subprocess.run([path, "-c", "import httptools"], capture_output=True, timeout=60).returncode == 0:
        return path
    print(f"{name} is left out: {given or default} cannot import httptools", file=sys.stderr)
    return None


def main():
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--tauraro", help="the binary to measure (default: target/dist/tauraro)")
    arguments.add_argument("--python", help="a CPython with httptools (default: python3)")
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    contestants = {
        "CPython": find("CPython", options.python, "python3"),
        "Tauraro": find("Tauraro", options.tauraro, "target/dist/tauraro"),
    }
    contestants = {name: path for name, path in contestants.items() if path}
    rounds = {name: [] for name in contestants}
    for _ in range(options.rounds):
        for name, path in contestants.items():
            rounds[name].append(run([path, "-"]))
    print(f"{'µs':36}" + "".join(f"{name:>10}" for name in contestants) + "     ratio")
    for figure in max((results[0] for results in rounds.values()), key=len, default={}):
        medians = [
            statistics.median(result[figure] for result in results) if figure in results[0] else None
            for results in rounds.values()
        ]
        cells = "".join(f"{median:10.3f}" if median is not None else f"{'-':>10}" for median in medians)
        ratio = f"{medians[1] / medians[0]:10.2f}" if len(medians) == 2 and None not in medians else ""
        print(f"{figure:36}{cells}{ratio}")


if __name__ == "__main__":
    main()
