"""What programs and libraries do with httpx beside calling it: they subclass, patch, introspect,
copy, pickle and annotate. Passes on CPython with PyPI's httpx as well."""

import abc
import asyncio
import contextlib
import contextvars
import copy
import dataclasses
import functools
import gc
import inspect
import pickle
import threading
import typing
import unittest
import weakref
from unittest import mock

import echo_server
import httpx


def setUpModule():
    global URL, SERVER
    SERVER = echo_server.start()
    URL = SERVER.url


def tearDownModule():
    echo_server.stop(SERVER)


def answer(request):
    return httpx.Response(200, json={"method": request.method, "path": request.url.path})


async def answer_async(request):
    await asyncio.sleep(0)
    return answer(request)


VERBS = ["get", "options", "head", "post", "put", "patch", "delete"]
COROUTINES = [*VERBS, "request", "send", "aclose"]


class SubclassTest(unittest.TestCase):
    def test_attributes_before_the_base_is_initialised(self):
        class Api(httpx.Client):
            def __init__(self, token, *args, **kwargs):
                self.token = token
                self._private = [token]
                super().__init__(*args, **kwargs)
                self.headers["Authorization"] = f"Bearer {token}"

        with Api("t", transport=httpx.MockTransport(answer), base_url="http://x/v1") as api:
            response = api.get("a")
        self.assertEqual(response.json(), {"method": "GET", "path": "/v1/a"})
        self.assertEqual(response.request.headers["authorization"], "Bearer t")
        self.assertEqual((api.token, api._private), ("t", ["t"]))

    def test_overridden_methods_take_part(self):
        calls = []

        class Traced(httpx.Client):
            def request(self, method, url, **kwargs):
                calls.append(("request", method))
                return super().request(method, url, **kwargs)

            def build_request(self, *args, **kwargs):
                calls.append("build_request")
                request = super().build_request(*args, **kwargs)
                request.headers["x-trace"] = "1"
                return request

            def send(self, request, **kwargs):
                calls.append(("send", sorted(kwargs)))
                return super().send(request, **kwargs)

        with Traced(transport=httpx.MockTransport(answer)) as client:
            response = client.post("http://x/", json={})
            with client.stream("GET", "http://x/") as streamed:
                streamed.read()
        self.assertEqual(response.request.headers["x-trace"], "1")
        self.assertEqual(calls, [
            ("request", "POST"), "build_request", ("send", ["auth", "follow_redirects"]),
            "build_request", ("send", ["auth", "follow_redirects", "stream"]),
        ])

    def test_async_overrides(self):
        class Traced(httpx.AsyncClient):
            async def request(self, method, url, **kwargs):
                kwargs.setdefault("headers", {})
                kwargs["headers"] = {**(kwargs["headers"] or {}), "x-trace": "1"}
                return await super().request(method, url, **kwargs)

        async def main():
            async with Traced(transport=httpx.MockTransport(answer_async)) as client:
                return await client.get("http://x/")

        self.assertEqual(asyncio.run(main()).request.headers["x-trace"], "1")

    def test_a_finaliser_that_closes(self):
        closed = []

        class Wrapper(httpx.Client):
            def __del__(self):
                if self.is_closed:
                    return
                self.close()
                closed.append(True)

        client = Wrapper()
        del client
        for _ in range(3):
            if closed:
                break
            gc.collect()
        self.assertEqual(closed, [True])

    def test_mixins_and_generics(self):
        T = typing.TypeVar("T")

        class Mixin:
            def hello(self):
                return self.get("http://x/hello").json()["path"]

        class Typed(Mixin, httpx.Client, typing.Generic[T]):
            pass

        self.assertEqual(Typed[int](transport=httpx.MockTransport(answer)).hello(), "/hello")

    def test_bases_after_a_class_of_ones_own(self):
        class Mixin:
            label = "mixed"

        for base in [httpx.Auth, httpx.BaseTransport, httpx.AsyncBaseTransport, httpx.SyncByteStream,
                     httpx.AsyncByteStream]:
            for first in [Mixin, abc.ABC, object]:
                bases = (base,) if first is object else (first, base)
                cls = type("Mine", bases, {"__init__": lambda self, value: setattr(self, "value", value)})
                self.assertEqual(cls(7).value, 7)
                self.assertIsInstance(cls(7), base)

        class Token(Mixin, httpx.Auth):
            def __init__(self, token):
                self.token = token

            def auth_flow(self, request):
                request.headers["authorization"] = self.token
                yield request

        class Fixed(abc.ABC, httpx.BaseTransport):
            def handle_request(self, request):
                return httpx.Response(200, stream=Body([b"a", b"b"]))

        class Body(Mixin, httpx.SyncByteStream, httpx.AsyncByteStream):
            def __init__(self, chunks):
                self.chunks = chunks

            def __iter__(self):
                yield from self.chunks

        with httpx.Client(transport=Fixed(), auth=Token("t")) as client:
            response = client.get("http://x")
        self.assertEqual((response.content, response.request.headers["authorization"]), (b"ab", "t"))
        self.assertEqual(Token("t").label, "mixed")

    def test_a_class_that_is_a_response_and_an_exception(self):
        class Denied(httpx.Response, ValueError):
            """Starlette's test client has one."""

        self.assertTrue(issubclass(Denied, httpx.Response) and issubclass(Denied, ValueError))

    def test_response_and_request_subclasses(self):
        class MyResponse(httpx.Response):
            def __init__(self, *args, extra=None, **kwargs):
                super().__init__(*args, **kwargs)
                self.extra = extra

            @property
            def ok(self):
                return self.is_success

        class MyRequest(httpx.Request):
            tag = "mine"

        response = MyResponse(201, json=[1], extra="e", request=MyRequest("GET", "http://x"))
        self.assertEqual((response.ok, response.extra, response.json(), response.request.tag), (True, "e", [1], "mine"))

    def test_transport_wrapping_a_transport(self):
        class Retry(httpx.HTTPTransport):
            def handle_request(self, request):
                request.headers["x-try"] = "1"
                return super().handle_request(request)

        class Cache(httpx.BaseTransport):
            def __init__(self, inner):
                self.inner = inner

            def handle_request(self, request):
                response = self.inner.handle_request(request)
                response.read()
                return httpx.Response(response.status_code, headers=response.headers, content=response.content)

            def close(self):
                self.inner.close()

        with httpx.Client(transport=Cache(Retry(retries=0))) as client:
            response = client.get(f"{URL}/a")
        self.assertEqual((response.text, response.request.headers["x-try"]), ("GET /a", "1"))

    def test_auth_subclass_with_its_own_client(self):
        class Token(httpx.Auth):
            requires_response_body = True

            def __init__(self):
                self.client = httpx.Client(transport=httpx.MockTransport(answer))

            def auth_flow(self, request):
                request.headers["authorization"] = self.client.post("http://x/token").json()["path"]
                yield request

        with httpx.Client(transport=httpx.MockTransport(answer), auth=Token()) as client:
            self.assertEqual(client.get("http://x/").request.headers["authorization"], "/token")

    def test_exception_subclass(self):
        class Mine(httpx.HTTPStatusError):
            pass

        request = httpx.Request("GET", "http://x")
        error = Mine("m", request=request, response=httpx.Response(500, request=request))
        self.assertIsInstance(error, httpx.HTTPError)
        self.assertEqual((str(error), error.response.status_code, error.request), ("m", 500, request))

    def test_super_without_init_arguments(self):
        class Fake(httpx.BaseTransport, httpx.AsyncBaseTransport):
            def handle_request(self, request):
                return httpx.Response(204)

            async def handle_async_request(self, request):
                return httpx.Response(205)

        async def main():
            async with httpx.AsyncClient(transport=Fake()) as client:
                return (await client.get("http://x")).status_code

        self.assertEqual(httpx.Client(transport=Fake()).get("http://x").status_code, 204)
        self.assertEqual(asyncio.run(main()), 205)


class PatchTest(unittest.TestCase):
    def test_module_functions(self):
        for verb in [*VERBS, "request"]:
            with mock.patch(f"httpx.{verb}") as patched:
                patched.return_value = httpx.Response(418)
                self.assertEqual(getattr(httpx, verb)("http://x").status_code, 418)
        with mock.patch("httpx.Client") as patched:
            patched.return_value.__enter__.return_value.get.return_value = 1
            with httpx.Client() as client:
                self.assertEqual(client.get("http://x"), 1)
        self.assertIsInstance(httpx.Client, type)

    def test_methods_of_the_class(self):
        for verb in [*VERBS, "request", "send"]:
            with mock.patch.object(httpx.Client, verb, return_value=httpx.Response(200)) as patched:
                getattr(httpx.Client(), verb)("http://x")
                patched.assert_called_once_with("http://x")
        with mock.patch.object(httpx.Client, "get", autospec=True) as patched:
            patched.return_value = 7
            client = httpx.Client()
            self.assertEqual(client.get("http://x", params={"a": 1}), 7)
            patched.assert_called_once_with(client, "http://x", params={"a": 1})
            with self.assertRaises(TypeError):
                client.get("http://x", nonsense=1)

    def test_send_replaced_counts_for_every_caller(self):
        seen = []
        original = httpx.Client.send

        def send(self, request, **kwargs):
            seen.append(str(request.url))
            return original(self, request, **kwargs)

        with mock.patch.object(httpx.Client, "send", send):
            self.assertEqual(httpx.get(f"{URL}/1").text, "GET /1")
            with httpx.Client() as client:
                client.post(f"{URL}/2")
                with client.stream("GET", f"{URL}/3"):
                    pass
        self.assertEqual([url.rsplit("/", 1)[1] for url in seen], ["1", "2", "3"])
        httpx.get(f"{URL}/4")
        self.assertEqual(len(seen), 3)

    def test_transport_replaced_below_default_clients(self):
        def handle(self, request):
            return httpx.Response(299, request=request)

        async def handle_async(self, request):
            return httpx.Response(298, request=request)

        async def main():
            async with httpx.AsyncClient() as client:
                return await client.get("http://nowhere.invalid")

        with mock.patch("httpx.HTTPTransport.handle_request", handle):
            self.assertEqual(httpx.get("http://nowhere.invalid").status_code, 299)
        with mock.patch("httpx.AsyncHTTPTransport.handle_async_request", handle_async):
            self.assertEqual(asyncio.run(main()).status_code, 298)

    def test_patching_async_methods_makes_async_mocks(self):
        async def main():
            for name in [*VERBS, "request", "send"]:
                with mock.patch(f"httpx.AsyncClient.{name}") as patched:
                    self.assertIsInstance(patched, mock.AsyncMock, name)
                    patched.return_value = httpx.Response(418)
                    async with httpx.AsyncClient() as client:
                        response = await getattr(client, name)("http://x")
                    self.assertEqual(response.status_code, 418)
                    patched.assert_awaited_once_with("http://x")
            client = httpx.AsyncClient()
            with mock.patch.object(client, "get") as patched:
                patched.return_value = 5
                self.assertEqual(await client.get("http://x"), 5)

        asyncio.run(main())

    def test_specs(self):
        response = mock.MagicMock(spec=httpx.Response)
        response.status_code = 200
        response.json.return_value = {"a": 1}
        self.assertIsInstance(response, httpx.Response)
        self.assertEqual(response.json(), {"a": 1})
        with self.assertRaises(AttributeError):
            response.nonsense
        client = mock.create_autospec(httpx.Client)
        client.get.return_value = 3
        self.assertEqual(client.get("http://x"), 3)
        instance = mock.create_autospec(httpx.Client, instance=True)
        self.assertIsInstance(instance, httpx.Client)
        instance.get("http://x")
        instance.get.assert_called_once_with("http://x")
        with self.assertRaises(TypeError):
            instance.get()

    def test_specs_of_async_clients(self):
        async def main():
            client = mock.create_autospec(httpx.AsyncClient, instance=True)
            client.get.return_value = httpx.Response(201)
            self.assertEqual((await client.get("http://x")).status_code, 201)
            client.get.assert_awaited_once()
            client = mock.AsyncMock(spec=httpx.AsyncClient)
            client.post.return_value = httpx.Response(202)
            self.assertEqual((await client.post("http://x")).status_code, 202)
            self.assertIsInstance(client.build_request, mock.MagicMock)
            client = mock.MagicMock(spec=httpx.AsyncClient)
            self.assertIsInstance(client.get, mock.AsyncMock)
            self.assertNotIsInstance(client.build_request, mock.AsyncMock)

        asyncio.run(main())

    def test_patching_responses(self):
        response = httpx.Response(200, text="x", request=httpx.Request("GET", "http://x"))
        with mock.patch.object(httpx.Response, "json", return_value=[1]):
            self.assertEqual(response.json(), [1])
        with mock.patch.object(httpx.Response, "raise_for_status", side_effect=ValueError):
            with self.assertRaises(ValueError):
                response.raise_for_status()
        with mock.patch("httpx.Response.is_success", new_callable=mock.PropertyMock, return_value=False):
            self.assertFalse(response.is_success)
        self.assertTrue(response.is_success)

    def test_mock_class_side_effects(self):
        with mock.patch("httpx.Client.get", side_effect=httpx.ConnectTimeout("slow")):
            with self.assertRaises(httpx.TimeoutException) as raised:
                httpx.Client().get("http://x")
        self.assertEqual(str(raised.exception), "slow")
        with mock.patch("httpx.AsyncClient.post", side_effect=httpx.ConnectError):
            with self.assertRaises(TypeError):  # The class needs a message.
                asyncio.run(httpx.AsyncClient().post("http://x"))

    def test_a_boundary_that_is_known(self):
        with mock.patch("os.urandom", return_value=bytes(range(16))):
            request = httpx.Request("POST", "http://x", files={"f": b"x"})
        self.assertEqual(request.headers["content-type"],
                         "multipart/form-data; boundary=000102030405060708090a0b0c0d0e0f")

    def test_attributes_on_instances(self):
        client = httpx.Client(transport=httpx.MockTransport(answer))
        client.request = lambda method, url, **kwargs: (method, url)
        self.assertEqual(client.get("u"), ("GET", "u"))
        client.custom = 1
        self.assertEqual(client.custom, 1)
        response = httpx.Response(200)
        response.custom = 2
        self.assertEqual(vars(response)["custom"], 2)
        request = httpx.Request("GET", "http://x")
        request.custom = 3
        self.assertEqual(request.custom, 3)


class IntrospectionTest(unittest.TestCase):
    def test_signatures_of_clients(self):
        expected = {
            "auth", "params", "headers", "cookies", "verify", "cert", "trust_env", "http1", "http2", "proxy",
            "mounts", "timeout", "follow_redirects", "limits", "max_redirects", "event_hooks", "base_url",
            "transport", "default_encoding",
        }
        for cls in [httpx.Client, httpx.AsyncClient]:
            names = set(inspect.signature(cls).parameters) - {"max_decoded_size"}
            self.assertEqual(names, expected)
        kinds = {p.kind for p in inspect.signature(httpx.Client).parameters.values()}
        self.assertEqual(kinds, {inspect.Parameter.KEYWORD_ONLY})

    def test_signatures_of_methods(self):
        tail = ["params", "headers", "cookies", "auth", "follow_redirects", "timeout", "extensions"]
        for cls in [httpx.Client, httpx.AsyncClient]:
            self.assertEqual(set(inspect.signature(cls.get).parameters), {"self", "url", *tail})
            self.assertEqual(
                set(inspect.signature(cls.post).parameters),
                {"self", "url", "content", "data", "files", "json", *tail},
            )
            self.assertEqual(list(inspect.signature(cls.send).parameters),
                             ["self", "request", "stream", "auth", "follow_redirects"])
            self.assertEqual(list(inspect.signature(cls(). request).parameters)[:2], ["method", "url"])
            self.assertEqual(list(inspect.signature(cls.build_request).parameters)[:3], ["self", "method", "url"])
        inspect.signature(httpx.Client().get).bind("http://x", params={})
        with self.assertRaises(TypeError):
            inspect.signature(httpx.Client().get).bind("http://x", json={})

    def test_signatures_of_values(self):
        for value, names in [
            (httpx.get, ["url", "params", "headers"]),
            (httpx.Request, ["method", "url"]),
            (httpx.Response, ["status_code"]),
            (httpx.Timeout, ["timeout"]),
            (httpx.Limits, ["max_connections"]),
            (httpx.MockTransport, ["handler"]),
            (httpx.BasicAuth, ["username", "password"]),
            (httpx.HTTPTransport, ["verify", "cert"]),
            (httpx.AsyncHTTPTransport, ["verify", "cert"]),
            (httpx.HTTPStatusError, ["message", "request", "response"]),
            (httpx.ConnectError, ["message", "request"]),
        ]:
            found = list(inspect.signature(value).parameters)
            for name in names:
                self.assertIn(name, found, value)

    def test_coroutine_functions(self):
        for name in [*COROUTINES, "__aenter__", "__aexit__"]:
            self.assertTrue(inspect.iscoroutinefunction(getattr(httpx.AsyncClient, name)), name)
            self.assertTrue(inspect.iscoroutinefunction(getattr(httpx.AsyncClient(), name)), name)
        for name in ["stream", "build_request"]:
            self.assertFalse(inspect.iscoroutinefunction(getattr(httpx.AsyncClient, name)), name)
        for name in VERBS:
            self.assertFalse(inspect.iscoroutinefunction(getattr(httpx.Client, name)), name)
        for function in [httpx.Response.aread, httpx.Response.aclose, httpx.Request.aread,
                         httpx.AsyncBaseTransport.handle_async_request, httpx.AsyncHTTPTransport.handle_async_request,
                         httpx.MockTransport.handle_async_request, httpx.AsyncBaseTransport.aclose,
                         functools.partial(httpx.AsyncClient().get, "http://x")]:
            self.assertTrue(inspect.iscoroutinefunction(function), function)
        for function in [httpx.Response.read, list.append, len, httpx.get, httpx.MockTransport.handle_request]:
            self.assertFalse(inspect.iscoroutinefunction(function), function)

        class Mine(httpx.AsyncClient):
            pass

        self.assertTrue(inspect.iscoroutinefunction(Mine.get))

    def test_coroutines(self):
        async def main():
            client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
            coroutine = client.get("http://x")
            self.assertTrue(inspect.isawaitable(coroutine))
            self.assertTrue(asyncio.iscoroutine(coroutine))
            self.assertIsInstance(coroutine, typing.Awaitable)
            self.assertIsInstance(coroutine, typing.Coroutine)
            self.assertEqual((await coroutine).status_code, 200)

        asyncio.run(main())

    def test_type_hints(self):
        @dataclasses.dataclass
        class Settings:
            client: httpx.Client
            url: httpx.URL = dataclasses.field(default_factory=lambda: httpx.URL("http://x"))
            timeout: httpx.Timeout | None = None
            auth: "httpx.Auth | tuple[str, str] | None" = None
            handler: typing.Callable[[httpx.Request], httpx.Response] = answer
            transport: typing.Optional[httpx.BaseTransport] = None

        hints = typing.get_type_hints(Settings)
        self.assertIs(hints["client"], httpx.Client)
        self.assertEqual(hints["timeout"], httpx.Timeout | None)
        self.assertEqual(typing.get_args(hints["auth"])[0], httpx.Auth)
        settings = Settings(httpx.Client())
        self.assertEqual(dataclasses.replace(settings, timeout=httpx.Timeout(1)).timeout, httpx.Timeout(1))
        self.assertEqual(typing.Union[httpx.Client, httpx.AsyncClient].__args__, (httpx.Client, httpx.AsyncClient))

    def test_names_and_modules(self):
        for name in ["Client", "AsyncClient", "Response", "Request", "URL", "Headers", "Timeout", "ConnectError",
                     "HTTPTransport", "MockTransport", "BasicAuth", "Limits"]:
            cls = getattr(httpx, name)
            self.assertEqual((cls.__name__, cls.__qualname__, cls.__module__), (name, name, "httpx"))
            self.assertIn(name, dir(httpx))
            self.assertIn(name, httpx.__all__)
        self.assertEqual(httpx.Client.get.__name__, "get")
        self.assertTrue(callable(httpx.Client.get))
        self.assertTrue(inspect.isclass(httpx.Client))
        self.assertTrue(inspect.isroutine(httpx.Client.get))
        self.assertTrue(inspect.isroutine(httpx.get))

    def test_is_instance(self):
        response = httpx.Response(200, request=httpx.Request("GET", "http://x"))
        self.assertIsInstance(response.headers, typing.MutableMapping)
        self.assertIsInstance(httpx.QueryParams("a=1"), typing.Mapping)
        self.assertIsInstance(httpx.Cookies(), typing.MutableMapping)
        self.assertIsInstance(httpx.BasicAuth("a", "b"), httpx.Auth)
        self.assertIsInstance(httpx.HTTPTransport(), httpx.BaseTransport)
        self.assertIsInstance(httpx.AsyncHTTPTransport(), httpx.AsyncBaseTransport)
        self.assertIsInstance(httpx.MockTransport(answer), httpx.AsyncBaseTransport)
        self.assertIsInstance(httpx.Client(), contextlib.AbstractContextManager)
        self.assertIsInstance(httpx.AsyncClient(), contextlib.AbstractAsyncContextManager)
        self.assertIsInstance(response.request.stream, httpx.SyncByteStream)
        self.assertIsInstance(response.request.stream, httpx.AsyncByteStream)
        self.assertIsInstance(httpx.codes.OK, int)
        self.assertTrue(issubclass(httpx.ConnectTimeout, httpx.TransportError))

    def test_pattern_matching(self):
        match httpx.Response(404):
            case httpx.Response(status_code=404 | 410):
                found = "gone"
            case _:
                found = None
        self.assertEqual(found, "gone")


class CopyTest(unittest.TestCase):
    def test_copies_of_values(self):
        for value in [
            httpx.URL("http://u:p@x/?a=1#f"), httpx.Headers([("A", "1"), ("a", "2")]), httpx.Timeout(1, read=2),
            httpx.QueryParams("a=1&a=2"), httpx.Limits(max_connections=3),
        ]:
            for made in [copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))]:
                self.assertEqual(made, value)
                self.assertIs(type(made), type(value))

    def test_copies_do_not_share(self):
        headers = httpx.Headers({"a": "1"})
        made = copy.deepcopy(headers)
        made["a"] = "2"
        self.assertEqual(headers["a"], "1")
        cookies = httpx.Cookies({"a": "1"})
        made = httpx.Cookies(cookies)
        made.set("a", "2")
        self.assertEqual(cookies["a"], "1")

    def test_requests_and_responses(self):
        request = httpx.Request("POST", "http://x/p", json={"a": 1}, headers={"x": "y"})
        response = httpx.Response(201, json={"b": 2}, request=request, headers={"z": "1"})
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            made = pickle.loads(pickle.dumps(response, protocol))
            self.assertEqual((made.status_code, made.json(), made.headers["z"]), (201, {"b": 2}, "1"))
            self.assertEqual((made.request.method, made.request.url, made.request.content),
                             ("POST", "http://x/p", request.content))
        self.assertEqual(copy.deepcopy(response).json(), {"b": 2})
        self.assertEqual(copy.copy(request).headers["x"], "y")

    def test_exceptions(self):
        request = httpx.Request("GET", "http://x")
        for error in [httpx.ConnectError("refused", request=request), httpx.ReadTimeout("slow", request=request)]:
            made = copy.copy(error)
            self.assertEqual((type(made), str(made)), (type(error), str(error)))
            made = pickle.loads(pickle.dumps(error))
            self.assertEqual((type(made), str(made)), (type(error), str(error)))
            self.assertEqual(made.request.url, "http://x")
        error = httpx.InvalidURL("bad")
        self.assertEqual(str(pickle.loads(pickle.dumps(error))), "bad")

    def test_hashing_and_sets(self):
        self.assertEqual(len({httpx.URL("http://x"), httpx.URL("http://x")}), 1)
        self.assertEqual(len({httpx.Client(), httpx.Client()}), 2)
        self.assertEqual(len({httpx.Response(200), httpx.Response(200)}), 2)
        cache = {httpx.URL("http://x"): 1}
        self.assertEqual(cache[httpx.URL("http://x")], 1)

    def test_weak_references(self):
        client = httpx.Client()
        values = weakref.WeakKeyDictionary({client: 1})
        self.assertEqual(values[client], 1)
        for value in [httpx.Response(200), httpx.Request("GET", "http://x"), httpx.AsyncClient(),
                      httpx.HTTPTransport(), httpx.BasicAuth("a", "b")]:
            self.assertIs(weakref.ref(value)(), value)


class AsyncTest(unittest.TestCase):
    def client(self, **kwargs):
        return httpx.AsyncClient(transport=httpx.MockTransport(answer_async), **kwargs)

    def test_tasks(self):
        async def main():
            async with self.client() as client:
                task = asyncio.create_task(client.get("http://x/task"), name="t")
                gathered = await asyncio.gather(*(client.get(f"http://x/{i}") for i in range(3)))
                waited = await asyncio.wait_for(client.get("http://x/waited"), 5)
                shielded = await asyncio.shield(client.get("http://x/shielded"))
                future = await asyncio.ensure_future(client.get("http://x/future"))
                completed = [await done for done in asyncio.as_completed([client.get("http://x/done")])]
                done, pending = await asyncio.wait([asyncio.ensure_future(client.get("http://x/w"))])
                async with asyncio.TaskGroup() as group:
                    grouped = group.create_task(client.get("http://x/group"))
                responses = [await task, *gathered, waited, shielded, future, *completed, done.pop().result(), grouped.result()]
                return [response.json()["path"] for response in responses]

        self.assertEqual(asyncio.run(main()), [
            "/task", "/0", "/1", "/2", "/waited", "/shielded", "/future", "/done", "/w", "/group"])

    def test_run_a_coroutine_of_the_client(self):
        async def main(client):
            return await client.get("http://x/")

        client = self.client()
        self.assertEqual(asyncio.run(main(client)).status_code, 200)
        with asyncio.Runner() as runner:
            self.assertEqual(runner.run(main(client)).status_code, 200)

    def test_several_loops_one_client(self):
        client = httpx.AsyncClient()

        async def main(path):
            return (await client.get(f"{URL}/{path}", headers={"connection": "close"})).text

        self.assertEqual([asyncio.run(main("a")), asyncio.run(main("b"))], ["GET /a", "GET /b"])

    def test_a_loop_in_a_thread(self):
        results = []

        async def main():
            async with httpx.AsyncClient() as client:
                results.append((await client.get(f"{URL}/thread")).text)

        thread = threading.Thread(target=lambda: asyncio.run(main()))
        thread.start()
        thread.join()
        self.assertEqual(results, ["GET /thread"])

    def test_a_loop_in_a_thread_served_from_outside(self):
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        try:
            client = httpx.AsyncClient()
            future = asyncio.run_coroutine_threadsafe(client.get(f"{URL}/outside"), loop)
            self.assertEqual(future.result(10).text, "GET /outside")
            asyncio.run_coroutine_threadsafe(client.aclose(), loop).result(10)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def test_context_variables(self):
        variable = contextvars.ContextVar("variable", default="unset")
        seen = []

        async def hook(request):
            seen.append(variable.get())
            variable.set("changed by the hook")

        async def main():
            variable.set("task")
            async with self.client(event_hooks={"request": [hook]}) as client:
                await client.get("http://x")
            seen.append(variable.get())

        asyncio.run(main())
        self.assertEqual(seen, ["task", "changed by the hook"])
        seen.clear()

        def sync_hook(request):
            seen.append(variable.get())

        with httpx.Client(transport=httpx.MockTransport(answer), event_hooks={"request": [sync_hook]}) as client:
            context = contextvars.copy_context()
            context.run(variable.set, "ran")
            context.run(client.get, "http://x")
        self.assertEqual(seen, ["ran"])

    def test_cancellation_reaches_the_transport(self):
        events = []

        async def slow(request):
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                events.append("cancelled")
                raise

        async def main():
            async with httpx.AsyncClient(transport=httpx.MockTransport(slow)) as client:
                with self.assertRaises(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await client.get("http://x")
                task = asyncio.create_task(client.get("http://x"))
                await asyncio.sleep(0.01)
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task

        asyncio.run(main())
        self.assertEqual(events, ["cancelled", "cancelled"])

    def test_exit_stacks(self):
        async def main():
            async with contextlib.AsyncExitStack() as stack:
                client = await stack.enter_async_context(self.client())
                response = await stack.enter_async_context(client.stream("GET", "http://x/s"))
                return await response.aread()

        self.assertIn(b"/s", asyncio.run(main()))
        with contextlib.ExitStack() as stack:
            client = stack.enter_context(httpx.Client(transport=httpx.MockTransport(answer)))
            response = stack.enter_context(client.stream("GET", "http://x/s"))
            self.assertIn(b"/s", response.read())
        with contextlib.closing(httpx.Client()) as client:
            pass
        self.assertTrue(client.is_closed)

    def test_calls_through_partial_and_decorators(self):
        def retry(function):
            @functools.wraps(function)
            async def wrapper(*args, **kwargs):
                for attempt in range(3):
                    try:
                        return await function(*args, **kwargs)
                    except httpx.TransportError:
                        if attempt == 2:
                            raise
            return wrapper

        attempts = []

        async def flaky(request):
            attempts.append(request.url.path)
            if len(attempts) < 3:
                raise httpx.ConnectError("refused", request=request)
            return httpx.Response(200)

        async def main():
            async with httpx.AsyncClient(transport=httpx.MockTransport(flaky)) as client:
                client.get = retry(client.get)
                call = functools.partial(client.get, "http://x/p", params={"a": "1"})
                return await call()

        self.assertEqual(asyncio.run(main()).status_code, 200)
        self.assertEqual(attempts, ["/p"] * 3)

        wrapped = functools.wraps(httpx.Client.get)(lambda *a, **k: None)
        self.assertEqual(wrapped.__name__, "get")
        self.assertEqual(inspect.signature(wrapped), inspect.signature(httpx.Client.get))
        self.assertEqual(functools.partialmethod(httpx.Client.request, "GET").func, httpx.Client.request)


if __name__ == "__main__":
    unittest.main()
