"""Downloads many files at once, with a progress bar.

    tauraro scripts/download.py -d photos -j 8 https://example.com/{1,2,3}.jpg
    tauraro scripts/download.py --demo

A file is written under a temporary name and renamed when it is complete, so that a broken download never
looks complete.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx

WIDTH = 32


class Progress:
    """Draws one progress line for all downloads; on a terminal only."""

    def __init__(self, files):
        self.files, self.done, self.received, self.expected = files, 0, 0, 0
        self.shown = sys.stderr.isatty()

    def add(self, count):
        self.received += count
        if not self.shown:
            return
        share = self.received / self.expected if self.expected else 0
        bar = "█" * int(share * WIDTH)
        line = f"\r{bar:░<{WIDTH}} {share:4.0%}  {self.received / 2**20:.1f} MiB  {self.done}/{self.files} files"
        print(line, end="", file=sys.stderr, flush=True)

    def finish(self):
        if self.shown:
            print(file=sys.stderr)


def name_of(url):
    return unquote(urlsplit(url).path.rpartition("/")[2]) or "index.html"


async def download(client, url, folder, progress):
    target = folder / name_of(url)
    async with client.stream("GET", url) as response:
        response.raise_for_status()
        progress.expected += int(response.headers.get("Content-Length", 0))
        part = target.with_name(target.name + ".part")
        try:
            with part.open("wb") as file:
                async for chunk in response.aiter_bytes():
                    file.write(chunk)
                    progress.add(len(chunk))
            os.replace(part, target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    progress.done += 1
    return target


async def download_all(urls, folder, jobs):
    folder.mkdir(parents=True, exist_ok=True)
    progress = Progress(len(urls))
    slots = asyncio.Semaphore(jobs)

    async def one(client, url):
        async with slots:
            try:
                return await download(client, url, folder, progress)
            except (httpx.HTTPError, OSError) as error:
                return error

    async with httpx.AsyncClient(follow_redirects=True, timeout=30) as client:
        results = await asyncio.gather(*[one(client, url) for url in urls])
    progress.finish()
    failed = 0
    for url, result in zip(urls, results):
        if isinstance(result, Exception):
            failed += 1
            print(f"{url}: {result}", file=sys.stderr)
        else:
            print(f"{result.name}: {result.stat().st_size} bytes")
    return failed


def main():
    parser = argparse.ArgumentParser(description="Download files in parallel.")
    parser.add_argument("urls", nargs="*", metavar="URL")
    parser.add_argument("-d", "--directory", type=Path, default=Path("."), help="where the files go")
    parser.add_argument("-j", "--jobs", type=int, default=6, help="how many at once")
    parser.add_argument("--demo", action="store_true", help="use a local server and a temporary folder")
    options = parser.parse_args()
    if options.demo:
        import demo_server

        with demo_server.start() as url, tempfile.TemporaryDirectory() as folder:
            urls = [f"{url}/files/{number}.bin" for number in range(1, 9)]
            return asyncio.run(download_all(urls, Path(folder), options.jobs))
    if not options.urls:
        parser.error("at least one URL is required")
    return asyncio.run(download_all(options.urls, options.directory, options.jobs))


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
