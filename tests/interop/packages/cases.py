"""Offline uses of packages from PyPI that stand on httpx, httptools or websockets. `run.py` fetches and runs them.

Each case is a function whose decorator says what to install. What it imports is imported within, so that `run.py` can
read this file without any of it. A case fails by raising.
"""

import asyncio
import contextlib
import json
import socket
import sys
import threading

CASES = {}


def case(*requirements):
    """Register a case, which is named as its function is, by what pip has to install for it."""

    def register(function):
        CASES[function.__name__] = (requirements, function)
        return function

    return register


def equal(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def answering(answer, status=200):
    """A transport that answers every request with this value, or what this function makes of the request."""
    import httpx

    def handler(request):
        value = answer(request) if callable(answer) else answer
        return value if isinstance(value, httpx.Response) else httpx.Response(status, json=value)

    return httpx.MockTransport(handler)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


async def echo(websocket):
    async for message in websocket:
        await websocket.send(message)


async def asgi_app(scope, receive, send):
    """An application with a page and a WebSocket that echoes."""
    if scope["type"] == "http":
        body = f"{scope['method']} {scope['path']}".encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
    elif scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return


def exercise(port, websocket=True):
    """Talk to a server of `asgi_app`."""
    import time

    import httpx
    from websockets.sync.client import connect

    for _ in range(400):
        try:
            text = httpx.get(f"http://127.0.0.1:{port}/page").text
        except httpx.ConnectError:
            time.sleep(0.05)
        else:
            break
    equal(text, "GET /page")
    if websocket:
        with connect(f"ws://127.0.0.1:{port}/chat") as connection:
            for message in ("one", "two", "x" * 70000):
                connection.send(message)
                equal(connection.recv(timeout=20), message)


# Servers.


def serve_uvicorn(ws, http="auto"):
    import uvicorn

    port = free_port()
    config = uvicorn.Config(asgi_app, host="127.0.0.1", port=port, ws=ws, http=http, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        exercise(port, websocket=ws != "none")
    finally:
        server.should_exit = True
        thread.join()


def uvicorn_case(version, ws):
    name = f"uvicorn_{version.replace('.', '_') or 'newest'}_{ws.replace('-', '_')}"

    def run():
        serve_uvicorn(ws)

    run.__name__ = name
    case("uvicorn" + (f"=={version}" if version else ""), "wsproto", "h11", "click")(run)


for _version in ("0.23.2", "0.30.6", "0.35.0", "0.40.0", ""):
    for _ws in ("auto", "none", "websockets", "wsproto"):
        uvicorn_case(_version, _ws)
for _version in ("0.35.0", "0.40.0", ""):
    uvicorn_case(_version, "websockets-sansio")


@case("hypercorn", "h11", "h2", "wsproto", "priority")
def hypercorn():
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    async def main():
        config = Config()
        port = free_port()
        config.bind = [f"127.0.0.1:{port}"]
        stop = asyncio.Event()
        task = asyncio.create_task(serve(asgi_app, config, shutdown_trigger=stop.wait))
        await asyncio.to_thread(exercise, port)
        stop.set()
        await task

    asyncio.run(main())


@case("sanic", "sanic-routing", "html5tagger", "tracerite", "aiofiles", "multidict", "setuptools", "typing_extensions")
def sanic():
    import httpx
    import websockets
    from sanic import Sanic, response

    app = Sanic("packages")

    @app.get("/page")
    async def page(request):
        return response.text(f"{request.method} {request.path}")

    @app.websocket("/chat")
    async def chat(request, ws):
        async for message in ws:
            await ws.send(message)

    async def main():
        port = free_port()
        server = await app.create_server(host="127.0.0.1", port=port, return_asyncio_server=True)
        await server.startup()
        await server.before_start()
        await server.start_serving()
        async with httpx.AsyncClient() as client:
            equal((await client.get(f"http://127.0.0.1:{port}/page")).text, "GET /page")
        async with websockets.connect(f"ws://127.0.0.1:{port}/chat") as connection:
            await connection.send("hello")
            equal(await connection.recv(), "hello")
        server.close()

    asyncio.run(main())


@case("quart", "hypercorn", "werkzeug", "jinja2")
def quart():
    from quart import Quart, websocket

    app = Quart("packages")

    @app.get("/page")
    async def page():
        return "page"

    @app.websocket("/chat")
    async def chat():
        while True:
            await websocket.send(await websocket.receive())

    async def main():
        client = app.test_client()
        equal(await (await client.get("/page")).get_data(), b"page")
        async with client.websocket("/chat") as connection:
            await connection.send("hello")
            equal(await connection.receive(), "hello")

    asyncio.run(main())


# Older clients, pinned to releases from before 2024.


@case("pyppeteer==1.0.2", "appdirs", "pyee<9", "tqdm", "certifi", "urllib3")
def pyppeteer():
    import websockets.legacy.server
    from pyppeteer.connection import Connection

    async def chrome(websocket, path):
        async for message in websocket:
            request = json.loads(message)
            await websocket.send(json.dumps({"id": request["id"], "result": {"method": request["method"]}}))

    async def main():
        async with websockets.legacy.server.serve(chrome, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            connection = Connection(f"ws://127.0.0.1:{port}/", asyncio.get_running_loop(), 0)
            equal(await connection.send("Browser.getVersion"), {"method": "Browser.getVersion"})
            await connection.dispose()

    asyncio.run(main())


@case("samsungtvws[async]==2.6.0")
def samsungtvws():
    import websockets.legacy.server
    from samsungtvws.async_connection import SamsungTVWSAsyncConnection

    async def tv(websocket):
        await websocket.send(json.dumps({"event": "ms.channel.connect", "data": {"token": "t"}}))
        await websocket.send(await websocket.recv())
        await websocket.wait_closed()

    async def main():
        async with websockets.legacy.server.serve(tv, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            connection = SamsungTVWSAsyncConnection("127.0.0.1", endpoint="e", port=port)
            opened = await connection.open()
            equal(type(opened).__name__, "WebSocketClientProtocol")
            assert connection.is_alive()
            await connection.close()

    asyncio.run(main())


@case("websockets-proxy==0.1.1", "python-socks")
def websockets_proxy():
    import websockets.legacy.client
    from websockets_proxy import Proxy, proxy_connect

    async def main():
        assert issubclass(proxy_connect, websockets.legacy.client.Connect)
        assert Proxy.from_url("socks5://127.0.0.1:1") is not None

    asyncio.run(main())


@case("ocpp==0.20.0")
def ocpp():
    import websockets.legacy.client
    import websockets.legacy.server
    from ocpp.routing import on
    from ocpp.v16 import ChargePoint, call, call_result

    class Central(ChargePoint):
        @on("Heartbeat")
        async def heartbeat(self):
            return call_result.HeartbeatPayload(current_time="2020-01-01T00:00:00Z")

    async def central(websocket):
        with contextlib.suppress(Exception):
            await Central("id", websocket).start()

    async def main():
        async with websockets.legacy.server.serve(central, "127.0.0.1", 0, subprotocols=["ocpp1.6"]) as server:
            port = server.sockets[0].getsockname()[1]
            async with websockets.legacy.client.connect(f"ws://127.0.0.1:{port}/id", subprotocols=["ocpp1.6"]) as connection:
                point = ChargePoint("id", connection)
                task = asyncio.create_task(point.start())
                answer = await point.call(call.HeartbeatPayload())
                equal(answer.current_time, "2020-01-01T00:00:00Z")
                task.cancel()

    asyncio.run(main())


@case("gql==3.4.1", "graphql-core", "backoff", "yarl==1.9.4", "multidict", "idna")
def gql():
    import websockets.legacy.server
    from gql import Client
    from gql import gql as parse
    from gql.transport.websockets import WebsocketsTransport

    async def graphql(websocket):
        equal(json.loads(await websocket.recv())["type"], "connection_init")
        await websocket.send(json.dumps({"type": "connection_ack"}))
        request = json.loads(await websocket.recv())
        await websocket.send(json.dumps({"type": "next", "id": request["id"], "payload": {"data": {"hello": "world"}}}))
        await websocket.send(json.dumps({"type": "complete", "id": request["id"]}))
        await websocket.wait_closed()

    async def main():
        options = {"subprotocols": ["graphql-transport-ws"]}
        async with websockets.legacy.server.serve(graphql, "127.0.0.1", 0, **options) as server:
            port = server.sockets[0].getsockname()[1]
            transport = WebsocketsTransport(url=f"ws://127.0.0.1:{port}/")
            async with Client(transport=transport) as session:
                equal(await session.execute(parse("query { hello }")), {"hello": "world"})

    asyncio.run(main())


# Packages over httpx.


@case("respx")
def respx():
    import httpx
    import respx

    with respx.mock(base_url="http://a.example") as router:
        route = router.get("/users/", params={"page": 1}).mock(return_value=httpx.Response(200, json=[1]))
        equal(httpx.get("http://a.example/users/?page=1").json(), [1])
        assert route.called


@case("pytest-httpx", "pytest")
def pytest_httpx():
    import pathlib
    import tempfile

    import pytest

    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "test_it.py").write_text(
            "import httpx\n"
            "def test_one(httpx_mock):\n"
            "    httpx_mock.add_response(json=[1])\n"
            "    assert httpx.get('http://a.example').json() == [1]\n",
            encoding="utf-8",
        )
        equal(int(pytest.main([folder, "-q", "-p", "no:cacheprovider"])), 0)


@case("httpx-ws", "wsproto", "anyio")
def httpx_ws():
    import httpx
    from httpx_ws import aconnect_ws
    from httpx_ws.transport import ASGIWebSocketTransport

    async def main():
        async with httpx.AsyncClient(transport=ASGIWebSocketTransport(asgi_app)) as client:
            async with aconnect_ws("ws://app/chat", client) as session:
                await session.send_text("hello")
                equal(await session.receive_text(), "hello")

    asyncio.run(main())


@case("httpx-auth")
def httpx_auth():
    import httpx
    from httpx_auth import HeaderApiKey, QueryApiKey

    with httpx.Client(transport=answering(lambda request: [str(request.url), request.headers.get("X-API-Key")])) as client:
        equal(client.get("http://a.example/", auth=HeaderApiKey("key")).json()[1], "key")
        equal(client.get("http://a.example/", auth=QueryApiKey("key")).json()[0], "http://a.example/?api_key=key")


@case("httpx-oauth")
def httpx_oauth():
    from httpx_oauth.oauth2 import OAuth2

    client = OAuth2("id", "secret", "http://a.example/authorize", "http://a.example/token")
    address = asyncio.run(client.get_authorization_url("http://b.example/", state="s"))
    assert address.startswith("http://a.example/authorize?response_type=code&client_id=id"), address


@case("httpx-retries")
def httpx_retries():
    import httpx
    from httpx_retries import Retry, RetryTransport

    seen = []

    def answer(request):
        seen.append(request)
        return httpx.Response(503 if len(seen) < 3 else 200)

    with httpx.Client(transport=RetryTransport(answering(answer), retry=Retry(total=5, backoff_factor=0))) as client:
        equal((client.get("http://a.example/").status_code, len(seen)), (200, 3))


@case("openai==1.3.9", "pydantic<2")
def openai():
    import httpx
    import openai

    answer = {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello!"}}],
    }
    client = openai.OpenAI(api_key="k", http_client=httpx.Client(transport=answering(answer)))
    done = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}])
    equal(done.choices[0].message.content, "Hello!")

    async def main():
        client = openai.AsyncOpenAI(api_key="k", http_client=httpx.AsyncClient(transport=answering(answer)))
        done = await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}])
        equal(done.choices[0].message.content, "Hello!")

    asyncio.run(main())


@case("groq==0.4.2", "pydantic<2")
def groq():
    import groq
    import httpx

    answer = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": []}
    client = groq.Groq(api_key="k", http_client=httpx.Client(transport=answering(answer)))
    equal(client.chat.completions.create(model="m", messages=[]).model, "m")


@case("replicate==0.22.0", "pydantic<2")
def replicate():
    import replicate

    client = replicate.Client(api_token="t", transport=answering({"username": "u", "type": "user", "name": "n"}))
    assert client.models is not None


@case("ollama==0.1.9")
def ollama():
    import ollama

    client = ollama.Client(host="http://a.example")
    client._client._transport = answering({"models": [{"name": "m"}]})
    equal(client.list()["models"][0]["name"], "m")


@case("python-telegram-bot")
def python_telegram_bot():
    from telegram import Bot
    from telegram.request import HTTPXRequest

    async def main():
        request = HTTPXRequest()
        answer = {"ok": True, "result": {"id": 1, "is_bot": True, "first_name": "bot", "username": "bot"}}
        request._client._transport = answering(answer)
        bot = Bot("1:token", request=request, get_updates_request=HTTPXRequest())
        equal((await bot.get_me()).username, "bot")

    asyncio.run(main())


@case("postgrest==0.13.2", "pydantic<2", "deprecation", "strenum", "packaging")
def postgrest():
    from postgrest import SyncPostgrestClient

    with SyncPostgrestClient("http://a.example") as client:
        client.session._transport = answering([{"id": 1}])
        equal(client.from_("t").select("*").execute().data, [{"id": 1}])


@case("gotrue==1.3.1", "pydantic<2")
def gotrue():
    from gotrue import SyncGoTrueClient

    client = SyncGoTrueClient(url="http://a.example", headers={})
    client._http_client._transport = answering({"external": {}})
    assert client.get_session() is None


@case("gidgethub", "uritemplate", "pyjwt", "legacy-cgi")
def gidgethub():
    import httpx
    from gidgethub.httpx import GitHubAPI

    async def main():
        async with httpx.AsyncClient(transport=answering({"login": "octocat"})) as client:
            equal((await GitHubAPI(client, "me").getitem("/users/octocat"))["login"], "octocat")

    asyncio.run(main())


@case("tekore")
def tekore():
    import tekore

    sender = tekore.SyncSender()
    sender.client._transport = answering({"access_token": "t", "token_type": "Bearer", "expires_in": 3600})
    credentials = tekore.Credentials("id", "secret", sender=sender)
    equal(credentials.request_client_token().access_token, "t")


@case("notion-client")
def notion_client():
    import httpx
    from notion_client import Client

    client = Client(auth="k", client=httpx.Client(transport=answering({"object": "list", "results": []})))
    equal(client.users.list()["results"], [])


@case("hishel[httpx]", "anyio", "anysqlite")
def hishel():
    import httpx

    import hishel.httpx  # noqa: F401

    assert issubclass(hishel.httpx.SyncCacheTransport, httpx.BaseTransport)


@case("starlette", "anyio")
def starlette():
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route, WebSocketRoute
    from starlette.testclient import TestClient

    async def page(request):
        return JSONResponse([request.method, dict(request.query_params)])

    async def chat(websocket):
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())
        await websocket.close()

    client = TestClient(Starlette(routes=[Route("/page", page), WebSocketRoute("/chat", chat)]))
    equal(client.get("/page?a=b").json(), ["GET", {"a": "b"}])
    with client.websocket_connect("/chat") as connection:
        connection.send_text("hello")
        equal(connection.receive_text(), "hello")


@case("fastapi==0.115.0", "pydantic<2")
def fastapi():
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    app = FastAPI()

    @app.get("/items/{number}")
    def item(number: int):
        return {"number": number}

    client = TestClient(app)
    equal(client.get("/items/7").json(), {"number": 7})
    equal(client.get("/items/seven").status_code, 422)


@case("googletrans==4.0.2", "h2")
def googletrans():
    from googletrans import Translator

    async def main():
        translator = Translator()
        equal(type(translator.client).__module__.partition(".")[0], "httpx")
        await translator.client.aclose()

    asyncio.run(main())


@case("storage3==0.7.0", "pydantic<2", "python-dateutil", "typing_extensions")
def storage3():
    from storage3 import create_client

    client = create_client("http://a.example", {}, is_async=False)
    client.session._transport = answering([{"id": "b", "name": "b"}])
    assert client.session.get("http://a.example/bucket").json()[0]["id"] == "b"


@case("huggingface-hub<1", "pyyaml", "requests")
def huggingface_hub():
    from huggingface_hub import hf_hub_url

    equal(hf_hub_url("a/b", "c.txt"), "https://huggingface.co/a/b/resolve/main/c.txt")


@case("datasette==0.65.2", "pyyaml", "markupsafe", "setuptools<80")
def datasette():
    from datasette.app import Datasette

    async def main():
        answer = await Datasette(memory=True).client.get("/_memory.json?sql=select+1+as+one")
        equal(answer.json()["rows"], [[1]])

    asyncio.run(main())


@case("elmax-api", "packaging")
def elmax_api():
    from elmax_api.http import Elmax

    client = Elmax(username="u", password="p")
    assert not client.is_authenticated


@case("meilisearch-python-sdk==2.0.1", "pydantic<2", "aiofiles", "camel-converter<4", "pyjwt")
def meilisearch():
    import meilisearch_python_sdk

    assert meilisearch_python_sdk.Client("http://a.example") is not None


@case("bscpylgtv==0.5.1")
def bscpylgtv():
    import bscpylgtv

    assert bscpylgtv.WebOsClient is not None


@case("nodriver==0.38", "mss", "deprecated")
def nodriver():
    import nodriver.core.connection

    assert nodriver.core.connection.Connection is not None


@case("realtime==1.0.2", "python-dateutil", "typing_extensions")
def realtime():
    import realtime

    assert realtime is not None


@case("websockets-routes")
def websockets_routes():
    import websockets_routes

    router = websockets_routes.Router()

    @router.route("/chat/{name}")
    async def chat(websocket, path):
        await websocket.send(path.params["name"])

    assert router is not None


@case("wsproto", "h11")
def wsproto():
    from wsproto import ConnectionType, WSConnection
    from wsproto.events import Request

    client = WSConnection(ConnectionType.CLIENT)
    assert b"upgrade: websocket" in client.send(Request(host="a.example", target="/")).lower()


@case("httpx-limiter", "aiolimiter")
def httpx_limiter():
    import httpx_limiter

    assert httpx_limiter is not None


@case("sse-starlette", "starlette", "anyio")
def sse_starlette():
    import httpx2
    from sse_starlette.sse import EventSourceResponse
    from starlette.applications import Starlette
    from starlette.routing import Route

    async def page(request):
        async def events():
            for number in range(3):
                yield {"data": str(number), "event": "number"}

        return EventSourceResponse(events())

    async def main():
        transport = httpx2.ASGITransport(Starlette(routes=[Route("/", page)]))
        async with httpx2.AsyncClient(transport=transport) as client, client.sse("http://app/") as events:
            equal([event.data async for event in events], ["0", "1", "2"])

    asyncio.run(main())
