"""What the benchmark has each Python do: `client.py URL REQUESTS WARM_UP` prints its timings as JSON.

GET and POST are medians over single requests, the download is one whole; all in seconds.
"""

import json
import statistics
import sys
import time

import httpx

url, requests, warm_up = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
document = {"name": "Alice", "email": "alice@example.com", "tags": ["hausa", "python", "rust"], "age": 37}


def get(client):
    assert len(client.get(f"{url}/json").json()["items"]) == 12


def post(client):
    assert client.post(f"{url}/json", json=document).json()["received"] > 50


def median(client, exchange):
    for _ in range(warm_up):
        exchange(client)
    times = []
    for _ in range(requests):
        started = time.perf_counter()
        exchange(client)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def download(client):
    started, received = time.perf_counter(), 0
    with client.stream("GET", f"{url}/download") as response:
        for chunk in response.iter_bytes():
            received += len(chunk)
        assert received == int(response.headers["content-length"])
    return time.perf_counter() - started


with httpx.Client() as client:
    print(json.dumps({"get": median(client, get), "post": median(client, post), "download": download(client)}))
