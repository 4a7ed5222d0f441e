"""Watches services, in a table that stays up to date.

    tauraro scripts/health.py https://example.com https://api.example.com/healthz --every 5
    tauraro scripts/health.py --demo

On a terminal the table is redrawn in place; elsewhere each round is printed once. The exit status is 1 when a
service was down in the last round.
"""

import argparse
import asyncio
import sys
import time

import httpx

BARS = "▁▂▃▄▅▆▇█"
KEPT = 20


class Service:
    def __init__(self, url):
        self.url, self.status, self.times, self.checks, self.failures = url, "", [], 0, 0

    @property
    def is_up(self):
        return self.status.startswith("2")

    async def check(self, client):
        started = time.perf_counter()
        try:
            self.status = str((await client.get(self.url)).status_code)
        except httpx.HTTPError as error:
            self.status = type(error).__name__
        self.times = [*self.times, time.perf_counter() - started][-KEPT:]
        self.checks += 1
        self.failures += not self.is_up

    def row(self):
        slowest = max(self.times)
        trend = "".join(BARS[min(int(taken / slowest * len(BARS)), len(BARS) - 1)] for taken in self.times)
        mark = "up  " if self.is_up else "DOWN"
        share = 1 - self.failures / self.checks
        return f"{mark}  {self.status:<16} {self.times[-1] * 1e3:7.1f} ms  {share:5.0%}  {trend:<{KEPT}}  {self.url}"


def draw(services, again):
    colours = sys.stdout.isatty()
    if colours and again:
        print(f"\x1b[{len(services) + 1}A", end="")
    print(f"      {'status':<16} {'latency':>10}  {'up':>5}  {'trend':<{KEPT}}  service")
    for service in services:
        row = service.row()
        print(f"\x1b[{32 if service.is_up else 31}m{row}\x1b[0m\x1b[K" if colours else row)
    sys.stdout.flush()


async def watch(urls, every, rounds):
    services = [Service(url) for url in urls]
    async with httpx.AsyncClient(timeout=5) as client:
        number = 0
        while True:
            await asyncio.gather(*[service.check(client) for service in services])
            draw(services, again=number > 0)
            number += 1
            if number == rounds:
                return all(service.is_up for service in services)
            await asyncio.sleep(every)


def main():
    parser = argparse.ArgumentParser(description="Watch services in a live table.")
    parser.add_argument("urls", nargs="*", metavar="URL")
    parser.add_argument("--every", type=float, default=2, help="seconds between rounds")
    parser.add_argument("-n", "--rounds", type=int, help="end after so many")
    parser.add_argument("--demo", action="store_true", help="use a local server")
    options = parser.parse_args()
    if options.demo:
        import demo_server

        with demo_server.start() as url:
            urls = [f"{url}/service/{name}" for name in ("up", "slow", "down")] + ["http://127.0.0.1:9"]
            asyncio.run(watch(urls, 0.1, options.rounds or 5))
            return True
    if not options.urls:
        parser.error("at least one URL is required")
    return asyncio.run(watch(options.urls, options.every, options.rounds))


if __name__ == "__main__":
    try:
        sys.exit(0 if main() else 1)
    except KeyboardInterrupt:
        pass
