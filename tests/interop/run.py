"""The HTTP client against servers that others wrote.

    TAURARO_INTEROP=1 target/debug/tauraro tests/interop/run.py [SERVER...]

Starts each server that is installed with a configuration of its own, on loopback and free ports, and says
of each with which version what was seen. One that is not installed is skipped, with the reason.
"""

import asyncio
import contextlib
import os
import pathlib
import sys
import tempfile
import traceback

for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[name]

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import httpx

import servers

TIMEOUT = 30


def client(server, **options):
    verify = str(server["ca"]) if "ca" in server else True
    return httpx.AsyncClient(verify=verify, timeout=TIMEOUT, trust_env=False, **options)


def ways(server):
    """Each way to speak to a server: its name, a base URL, and a client's options."""
    if "proxy" in server:
        yield "forwarded", server["http"], {"proxy": server["proxy"]}, "HTTP/1.1"
        yield "tunnelled", server["https"], {"proxy": server["proxy"]}, "HTTP/1.1"
        yield "tunnelled h2", server["https"], {"proxy": server["proxy"], "http2": True}, "HTTP/2"
        return
    if "http" in server:
        yield "http/1.1", server["http"], {}, "HTTP/1.1"
        yield "http/1.1, own connections", server["http"], {"transport": "retries"}, "HTTP/1.1"
    if "https" in server:
        yield "h2", server["https"], {"http2": True}, "HTTP/2"
    if "prior knowledge" in server:
        yield "h2c", server["prior knowledge"], {"http1": False, "http2": True}, "HTTP/2"


def opened(server, options):
    if options.get("transport") == "retries":
        options = {"transport": httpx.AsyncHTTPTransport(retries=1)}
    return client(server, **options)


async def whole_files(http, base, version):
    for name, content in servers.FILES.items():
        response = await http.get(f"{base}/{name}")
        assert response.status_code == 200, response
        assert response.http_version == version, response.http_version
        assert response.content == content, f"{name}: {len(response.content)} bytes"
        assert (await http.head(f"{base}/{name}")).content == b""


async def many_at_once(http, base, version):
    limit = asyncio.Semaphore(40)

    async def one(number):
        async with limit:
            name = "large.bin" if number % 10 == 0 else "small.txt"
            response = await http.get(f"{base}/{name}")
            return response.status_code == 200 and response.content == servers.FILES[name]

    outcomes = await asyncio.gather(*[one(number) for number in range(200)], return_exceptions=True)
    lost = [outcome for outcome in outcomes if outcome is not True]
    assert not lost, f"{len(lost)} of 200 lost, among them {lost[0]!r}"


async def all_at_once(http, base, version):
    outcomes = await asyncio.gather(*[http.get(f"{base}/small.txt") for _ in range(200)], return_exceptions=True)
    lost = [outcome for outcome in outcomes if getattr(outcome, "content", None) != b"ok"]
    assert not lost, f"{len(lost)} of 200 lost, among them {lost[0]!r}"


async def canceled(http, base, version):
    """What is canceled ends nothing for others."""
    for _ in range(13):
        tasks = [asyncio.create_task(http.get(f"{base}/large.bin")) for _ in range(100)]
        await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert (await http.get(f"{base}/small.txt")).text == "ok"


async def abandoned(http, base, version):
    for _ in range(50):
        async with http.stream("GET", f"{base}/large.bin") as response:
            async for _ in response.aiter_bytes():
                break
    assert (await http.get(f"{base}/small.txt")).text == "ok"


async def own_host(http, base, version, path):
    response = await http.get(base + path, headers={"Host": "example.com"})
    assert (response.status_code, response.text) == (200, "example.com"), response.text
    response = await http.get(base + path, headers={"Connection": "keep-alive", "TE": "trailers"})
    assert response.status_code == 200, response


async def uploads(http, base, version, path):
    async def pieces():
        for _ in range(64):
            yield b"x" * 16384

    for content in (b"small", b"x" * 5_000_000, pieces()):
        response = await http.post(base + path, content=content)
        assert response.status_code == 200, response
    outcomes = await asyncio.gather(*[http.post(base + path, content=b"body") for _ in range(100)])
    assert all(outcome.status_code == 200 for outcome in outcomes)


async def echoes(http, base, version, path):
    content = bytes(range(256)) * 4096
    response = await http.post(base + path, content=content)
    assert response.content == content, f"{len(response.content)} of {len(content)} bytes came back"


async def check(server):
    failures = 0
    for way, base, options, version in ways(server):
        checks = [(whole_files, ()), (many_at_once, ()), (all_at_once, ()), (abandoned, ())]
        if version == "HTTP/2":
            checks.append((canceled, ()))
        for name, function in [("host", own_host), ("upload", uploads), ("echo", echoes)]:
            # A proxy that forwards goes by the target and rewrites the Host field (RFC 9112 section 3.2.2),
            # and Squid resets a connection whose upload was answered early.
            if name in server and way != "forwarded":
                checks.append((function, (server[name],)))
        for function, extra in checks:
            async with opened(server, options) as http:
                try:
                    await asyncio.wait_for(function(http, base, version, *extra), 120)
                except Exception as error:
                    failures += 1
                    print(f"  {way}: {function.__name__}: FAILED: {type(error).__name__}: {error}")
                    if "-v" in sys.argv:
                        traceback.print_exc()
                else:
                    print(f"  {way}: {function.__name__}: ok")
    return failures


ALL = {
    "nginx": servers.nginx,
    "nginx-10": lambda folder: servers.nginx(folder, keepalive_requests=10),
    "nghttpd": servers.nghttpd,
    "nghttpd-3": lambda folder: servers.nghttpd(folder, streams=3),
    "apache": servers.apache,
    "haproxy": servers.haproxy,
    "lighttpd": servers.lighttpd,
    "squid": servers.squid,
}


def main():
    if os.environ.get("TAURARO_INTEROP") != "1":
        print("skipped: set TAURARO_INTEROP=1 to start the servers that are installed")
        return 0
    wanted = [name for name in sys.argv[1:] if not name.startswith("-")] or list(ALL)
    failures = 0
    for name in wanted:
        with contextlib.ExitStack() as stack:
            folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"tauraro-{name}-")))
            try:
                server = stack.enter_context(ALL[name](folder))
            except servers.Unavailable as reason:
                print(f"{name}: skipped: {reason}")
                continue
            print(server["name"], flush=True)
            failures += asyncio.run(check(server))
    print(f"{failures} failures" if failures else "all as expected")
    return 1 if failures else 0


sys.exit(main())
