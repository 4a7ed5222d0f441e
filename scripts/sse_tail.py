"""Follows Server-Sent Events, like `tail -f`.

    tauraro scripts/sse_tail.py https://example.com/events --event log
    tauraro scripts/sse_tail.py --demo

When the connection breaks, it reconnects and continues after the last event it saw.
"""

import argparse
import json
import sys
import time

import httpx
import httpx_sse

COLOURS = {"error": "31", "warning": "33", "info": "32"}


def events(url, last_id=""):
    """The events of a stream, reconnecting forever."""
    wait = 1.0
    with httpx.Client(timeout=httpx.Timeout(10, read=None)) as client:
        while True:
            headers = {"Last-Event-ID": last_id} if last_id else {}
            try:
                with httpx_sse.connect_sse(client, "GET", url, headers=headers) as source:
                    for event in source.iter_sse():
                        last_id = event.id or last_id
                        if event.retry is not None:
                            wait = event.retry / 1000
                        yield event
            except httpx.TransportError as error:
                print(f"lost: {error}", file=sys.stderr)
            time.sleep(wait)


def show(event):
    text = event.data
    colour = None
    try:
        data = event.json()
        colour = COLOURS.get(data.get("level")) if isinstance(data, dict) else None
        text = json.dumps(data, ensure_ascii=False)
    except json.JSONDecodeError:
        pass
    if colour and sys.stdout.isatty():
        text = f"\x1b[{colour}m{text}\x1b[0m"
    print(f"{event.event} {event.id or '-'}: {text}", flush=True)


def follow(url, kind=None, count=None):
    seen = 0
    for event in events(url):
        if kind in (None, event.event):
            show(event)
            seen += 1
            if seen == count:
                return


def main():
    parser = argparse.ArgumentParser(description="Follow Server-Sent Events.")
    parser.add_argument("url", nargs="?")
    parser.add_argument("--event", help="only events of this name")
    parser.add_argument("-n", "--count", type=int, help="end after so many")
    parser.add_argument("--demo", action="store_true", help="use a local server")
    options = parser.parse_args()
    if options.demo:
        import demo_server

        with demo_server.start() as url:
            return follow(f"{url}/events", count=options.count or 8)
    if not options.url:
        parser.error("a URL is required")
    follow(options.url, options.event, options.count)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
    except (httpx.HTTPError, httpx_sse.SSEError) as error:
        sys.exit(f"error: {error}")
