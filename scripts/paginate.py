"""Collects every page of a JSON API into a CSV file.

    tauraro scripts/paginate.py https://api.example.com/items --token $TOKEN -o items.csv
    tauraro scripts/paginate.py --demo

Pages are followed by the `Link: <...>; rel="next"` header (RFC 8288). After a 429 or 503, the
request is repeated after the seconds that `Retry-After` names.
"""

import argparse
import csv
import sys
import time

import httpx

ATTEMPTS = 5


def get(client, url):
    """The response to a GET, which is repeated while the server is busy."""
    for attempt in range(ATTEMPTS):
        response = client.get(url)
        if response.status_code not in (429, 503):
            break
        seconds = float(response.headers.get("Retry-After", 2**attempt))
        print(f"busy; asking again in {seconds:g} s", file=sys.stderr)
        time.sleep(seconds)
    return response.raise_for_status()


def pages(client, url):
    """The records of each page."""
    while url:
        response = get(client, url)
        yield response.json()
        url = response.links.get("next", {}).get("url")


def collect(url, token, output):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    writer = None
    rows = 0
    with httpx.Client(headers=headers, timeout=10, follow_redirects=True) as client:
        for number, records in enumerate(pages(client, url), 1):
            for record in records:
                if writer is None:
                    writer = csv.DictWriter(output, fieldnames=list(record), extrasaction="ignore")
                    writer.writeheader()
                writer.writerow(record)
            rows += len(records)
            print(f"page {number}: {rows} rows", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description="Collect the pages of a JSON API into CSV.")
    parser.add_argument("url", nargs="?", help="the first page")
    parser.add_argument("--token", help="a bearer token")
    parser.add_argument("-o", "--output", default="-", help="the CSV file; standard output by default")
    parser.add_argument("--demo", action="store_true", help="use a local server")
    options = parser.parse_args()
    if options.demo:
        import demo_server

        with demo_server.start() as url:
            return collect(f"{url}/items", "demo", sys.stdout)
    if not options.url:
        parser.error("a URL is required")
    if options.output == "-":
        return collect(options.url, options.token, sys.stdout)
    with open(options.output, "w", newline="", encoding="utf-8") as output:
        collect(options.url, options.token, output)


if __name__ == "__main__":
    try:
        main()
    except httpx.HTTPError as error:
        sys.exit(f"error: {error}")
