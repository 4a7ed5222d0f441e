"""Sends a bounded number of requests to your own service, and draws how long they took.

    tauraro scripts/load_probe.py http://127.0.0.1:8000/ -n 2000 -c 32
    tauraro scripts/load_probe.py --demo
"""

import argparse
import asyncio
import collections
import sys
import time

import httpx

WIDTH = 48


async def probe(url, requests, concurrency):
    """The seconds of each response, the counts of results, and the total seconds."""
    times, outcomes = [], collections.Counter()
    left = iter(range(requests))

    async def work(client):
        for _ in left:
            started = time.perf_counter()
            try:
                outcomes[(await client.get(url)).status_code] += 1
            except httpx.HTTPError as error:
                outcomes[type(error).__name__] += 1
            else:
                times.append(time.perf_counter() - started)

    limits = httpx.Limits(max_connections=concurrency)
    async with httpx.AsyncClient(timeout=30, limits=limits) as client:
        started = time.perf_counter()
        await asyncio.gather(*[work(client) for _ in range(concurrency)])
        return times, outcomes, time.perf_counter() - started


def percentile(ordered, share):
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def histogram(ordered, buckets=12):
    """Lines of a histogram whose buckets grow by a constant factor, from the fastest to the slowest."""
    low, high = max(ordered[0], 1e-6), max(ordered[-1], 2e-6)
    factor = max(high / low, 1.0001) ** (1 / buckets)
    counts = [0] * buckets
    edge, bucket = low * factor, 0
    for taken in ordered:
        while taken > edge and bucket < buckets - 1:
            bucket, edge = bucket + 1, edge * factor
        counts[bucket] += 1
    for number, count in enumerate(counts):
        bar = "█" * round(count / max(counts) * WIDTH)
        yield f"{low * factor ** (number + 1) * 1e3:9.2f} ms │{bar:<{WIDTH}}│ {count}"


def report(times, outcomes, took):
    total = sum(outcomes.values())
    print(f"{total} requests in {took:.2f} s: {total / took:.0f} a second")
    print("answers:", ", ".join(f"{outcome} x {count}" for outcome, count in outcomes.most_common()))
    if not times:
        return
    ordered = sorted(times)
    shares = {"50 %": 0.5, "90 %": 0.9, "99 %": 0.99, "99.9 %": 0.999}
    print("latency:", ", ".join(f"{name} {percentile(ordered, share) * 1e3:.2f} ms" for name, share in shares.items()))
    for line in histogram(ordered):
        print(line)


def main():
    parser = argparse.ArgumentParser(description="Measure the latency of a service under load.")
    parser.add_argument("url", nargs="?")
    parser.add_argument("-n", "--requests", type=int, default=1000)
    parser.add_argument("-c", "--concurrency", type=int, default=16)
    parser.add_argument("--demo", action="store_true", help="use a local server")
    options = parser.parse_args()
    if options.requests < 1 or options.concurrency < 1:
        parser.error("requests and concurrency must be at least 1")
    if options.demo:
        import demo_server

        with demo_server.start() as url:
            result = asyncio.run(probe(f"{url}/service/up", 300, 8))
    elif options.url:
        result = asyncio.run(probe(options.url, options.requests, options.concurrency))
    else:
        parser.error("a URL is required")
    report(*result)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
