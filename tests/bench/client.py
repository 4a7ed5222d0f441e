"""What the benchmark has each Python do: `client.py CLIENT URL REQUESTS WARM_UP` prints its timings as JSON.

CLIENT is `httpx` or `pyreqwest`. GET and POST are medians over single requests, the download is one
whole; all in seconds.
"""

import json
import statistics
import sys
import time

client_name, url = sys.argv[1:3]
requests, warm_up = map(int, sys.argv[3:5])
document = {"name": "Alice", "email": "alice@example.com", "tags": ["hausa", "python", "rust"], "age": 37}


class Httpx:
    def __init__(self):
        import httpx

        self.client = httpx.Client()

    def get(self):
        return self.client.get(f"{url}/json").json()

    def post(self):
        return self.client.post(f"{url}/json", json=document).json()

    def download(self):
        received = 0
        with self.client.stream("GET", f"{url}/download") as response:
            for chunk in response.iter_bytes():
                received += len(chunk)
            return received, int(response.headers["content-length"])


class Pyreqwest:
    def __init__(self):
        from pyreqwest.client import SyncClientBuilder

        self.client = SyncClientBuilder().build()

    def get(self):
        return self.client.get(f"{url}/json").build().send().json()

    def post(self):
        return self.client.post(f"{url}/json").body_json(document).build().send().json()

    def download(self):
        received = 0
        with self.client.get(f"{url}/download").build_streamed() as response:
            while (chunk := response.body_reader.read_chunk()) is not None:
                received += len(chunk)
            return received, int(response.headers["content-length"])


client = {"httpx": Httpx, "pyreqwest": Pyreqwest}[client_name]()


def get():
    assert len(client.get()["items"]) == 12


def post():
    assert client.post()["received"] > 50


def median(exchange):
    for _ in range(warm_up):
        exchange()
    times = []
    for _ in range(requests):
        started = time.perf_counter()
        exchange()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def download():
    started = time.perf_counter()
    received, expected = client.download()
    assert received == expected
    return time.perf_counter() - started


with client.client:
    print(json.dumps({"get": median(get), "post": median(post), "download": download()}))
