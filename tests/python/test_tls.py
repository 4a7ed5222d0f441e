"""TLS: `create_ssl_context`, and contexts as `verify=`."""

import asyncio
import os
import pathlib
import ssl
import tempfile
import unittest
import warnings
from unittest import mock

import httpx

HTTPS = os.environ["TAURARO_TEST_HTTPS"]
MTLS = os.environ["TAURARO_TEST_MTLS"]
CA = os.environ["TAURARO_TEST_CA"]
CERT = os.environ["TAURARO_TEST_CLIENT_CERT"]
KEY = os.environ["TAURARO_TEST_CLIENT_KEY"]
UPSTREAM = hasattr(httpx, "_client")


def fetch(url=HTTPS, path="/status/200", **client):
    with httpx.Client(trust_env=False, **client) as client:
        return client.get(f"{url}{path}")


def without_roots(**arguments):
    return mock.patch.dict(os.environ, {"SSL_CERT_FILE": "", "SSL_CERT_DIR": "", **arguments})


class CreateContextTest(unittest.TestCase):
    def test_defaults(self):
        context = httpx.create_ssl_context()
        self.assertIsInstance(context, ssl.SSLContext)
        self.assertEqual((context.verify_mode, context.check_hostname), (ssl.CERT_REQUIRED, True))

    def test_without_verification(self):
        context = httpx.create_ssl_context(verify=False)
        self.assertEqual((context.verify_mode, context.check_hostname), (ssl.CERT_NONE, False))
        self.assertEqual(fetch(verify=context).status_code, 200)

    def test_a_context_is_returned(self):
        context = ssl.create_default_context()
        self.assertIs(httpx.create_ssl_context(context), context)

    def test_paths_are_deprecated(self):
        with self.assertWarnsRegex(DeprecationWarning, "verify=<str>"):
            context = httpx.create_ssl_context(verify=CA)
        self.assertEqual(fetch(verify=context).status_code, 200)
        with self.assertWarnsRegex(DeprecationWarning, "cert=..."):
            context = httpx.create_ssl_context(verify=ssl.create_default_context(cafile=CA), cert=(CERT, KEY))
        self.assertEqual(fetch(MTLS, verify=context).status_code, 200)

    def test_clients_say_so_too(self):
        with self.assertWarnsRegex(DeprecationWarning, "verify=<str>"):
            self.assertEqual(fetch(verify=CA).status_code, 200)
        with self.assertWarnsRegex(DeprecationWarning, "cert=..."):
            fetch(MTLS, verify=ssl.create_default_context(cafile=CA), cert=(CERT, KEY))

    def test_by_default_nobody_is_told(self):
        with warnings.catch_warnings(record=True) as caught:
            warnings.resetwarnings()
            warnings.filterwarnings("default", category=DeprecationWarning, module="__main__")
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            httpx.Client(verify=CA).close()
        self.assertEqual(caught, [])

    def test_files_that_are_not_there(self):
        with self.assertRaises(OSError):
            httpx.create_ssl_context().load_verify_locations(cafile="/nowhere")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with self.assertRaises(OSError):
                httpx.create_ssl_context(verify="/nowhere")

    @unittest.skipIf(UPSTREAM, "httpx finds out when it connects")
    def test_bad_arguments(self):
        for verify in (None, 1, object()):
            with self.assertRaisesRegex(TypeError, "verify="):
                httpx.create_ssl_context(verify)
            with self.assertRaisesRegex(TypeError, "verify="):
                httpx.Client(verify=verify)

    def test_the_environment(self):
        with without_roots(SSL_CERT_FILE=CA):
            self.assertEqual(fetch(verify=httpx.create_ssl_context()).status_code, 200)
            with self.assertRaises(httpx.ConnectError):
                fetch(verify=httpx.create_ssl_context(trust_env=False))
            with httpx.Client() as client:
                self.assertEqual(client.get(f"{HTTPS}/status/200").status_code, 200)
        with without_roots(SSLKEYLOGFILE="/tmp/keys"):
            context = httpx.create_ssl_context()
        self.assertEqual(context.keylog_filename, "/tmp/keys")


class ContextTest(unittest.TestCase):
    """What an `ssl.SSLContext` says holds for connections."""

    def refused(self, context, url=HTTPS):
        with self.assertRaises(httpx.ConnectError) as caught:
            fetch(url, verify=context)
        return str(caught.exception)

    def test_unknown_authorities_are_refused(self):
        for context in (httpx.create_ssl_context(), ssl.create_default_context()):
            self.assertIn("certificate verify failed", self.refused(context))

    def test_nothing_loaded_trusts_nobody(self):
        self.refused(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    def test_loaded_authorities_are_trusted(self):
        with open(CA) as file:
            pem = file.read()
        der = ssl.PEM_cert_to_DER_cert(pem)
        for arguments in ({"cafile": CA}, {"cadata": pem}, {"cadata": der}):
            with self.subTest(arguments=list(arguments)):
                context = ssl.create_default_context(**arguments)
                self.assertEqual(fetch(verify=context).status_code, 200)
                context = httpx.create_ssl_context()
                context.load_verify_locations(**arguments)
                self.assertEqual(fetch(verify=context).status_code, 200)
                self.assertEqual(len(ssl.create_default_context(**arguments).get_ca_certs()), 1)

    def test_a_path_object(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cafile=pathlib.Path(CA))
        self.assertEqual(fetch(verify=context).status_code, 200)

    def test_names(self):
        context = ssl.create_default_context(cafile=CA)
        url = HTTPS.replace("localhost", "127.0.0.1")
        self.assertEqual(fetch(url, verify=context).status_code, 200)
        request = {"sni_hostname": "another.example"}
        with httpx.Client(verify=context, trust_env=False) as client:
            with self.assertRaises(httpx.ConnectError):
                client.get(HTTPS, extensions=request)
        context.check_hostname = False
        with httpx.Client(verify=context, trust_env=False) as client:
            self.assertEqual(client.get(f"{HTTPS}/status/200", extensions=request).status_code, 200)

    def test_no_verification(self):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.assertEqual(fetch(verify=context).status_code, 200)

    def test_a_client_certificate(self):
        context = ssl.create_default_context(cafile=CA)
        with self.assertRaises(httpx.TransportError):
            fetch(MTLS, verify=context)
        context.load_cert_chain(CERT, KEY)
        self.assertEqual(fetch(MTLS, verify=context).status_code, 200)

    def test_a_client_certificate_from_files_that_are_gone(self):
        context = ssl.create_default_context(cafile=CA)
        with tempfile.NamedTemporaryFile("wb", suffix=".pem") as file:
            for part in (CERT, KEY):
                with open(part, "rb") as source:
                    file.write(source.read())
            file.flush()
            context.load_cert_chain(file.name)
        self.assertEqual(fetch(MTLS, verify=context).status_code, 200)

    def test_versions(self):
        for lowest, highest in [
            (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2),
            (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.MAXIMUM_SUPPORTED),
            (ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_3),
        ]:
            context = ssl.create_default_context(cafile=CA)
            context.minimum_version, context.maximum_version = lowest, highest
            self.assertEqual(fetch(verify=context).status_code, 200)

    def test_ciphers(self):
        context = ssl.create_default_context(cafile=CA)
        context.set_ciphers("ECDHE+AESGCM")
        self.assertEqual(fetch(verify=context).status_code, 200)

    def test_the_key_log(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "keys")
            context = ssl.create_default_context(cafile=CA)
            context.keylog_filename = path
            fetch(verify=context)
            with open(path) as file:
                self.assertIn("CLIENT_HANDSHAKE_TRAFFIC_SECRET", file.read())

    def test_transports_and_the_module_take_it(self):
        context = ssl.create_default_context(cafile=CA)
        with httpx.Client(transport=httpx.HTTPTransport(verify=context)) as client:
            self.assertEqual(client.get(f"{HTTPS}/status/200").status_code, 200)
        self.assertEqual(httpx.get(f"{HTTPS}/status/200", verify=context).status_code, 200)

    def test_await(self):
        async def main():
            context = ssl.create_default_context(cafile=CA)
            async with httpx.AsyncClient(verify=context) as client:
                return (await client.get(f"{HTTPS}/status/200")).status_code

        self.assertEqual(asyncio.run(main()), 200)

    @unittest.skipIf(UPSTREAM, "it can")
    def test_what_cannot_be_had_is_refused(self):
        crl = ssl.create_default_context()
        crl.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF

        class Own(ssl.SSLContext):
            def wrap_bio(self, *args, **kwargs):
                return super().wrap_bio(*args, **kwargs)

        cases = [
            (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), "for servers"),
            (crl, "revocation lists"),
            (Own(ssl.PROTOCOL_TLS_CLIENT), "wrap_bio"),
        ]
        for context, reason in cases:
            with self.assertRaisesRegex(ValueError, reason):
                httpx.Client(verify=context)
        with self.assertRaisesRegex(ValueError, "for servers"):
            proxy = httpx.Proxy("https://a.example", ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
            httpx.Client(proxy=proxy)

    def test_truststore(self):
        class Context(ssl.SSLContext):
            """As truststore's: it wraps another one, and judges certificates itself."""

            def __init__(self, protocol):
                self._ctx = ssl.create_default_context()

            def wrap_bio(self, *args, **kwargs):
                return self._ctx.wrap_bio(*args, **kwargs)

            def wrap_socket(self, *args, **kwargs):
                return self._ctx.wrap_socket(*args, **kwargs)

            def load_verify_locations(self, *args, **kwargs):
                self._ctx.load_verify_locations(*args, **kwargs)

        Context.__module__ = "truststore._api"
        context = Context(ssl.PROTOCOL_TLS_CLIENT)
        self.refused(context)
        context.load_verify_locations(CA)
        self.assertEqual(fetch(verify=context).status_code, 200)

    @unittest.skipIf(UPSTREAM, "Tauraro's ssl")
    def test_secrets_are_not_shown(self):
        context = ssl.create_default_context(cafile=CA)
        context.load_cert_chain(CERT, KEY, "the-password")
        self.assertNotIn("the-password", f"{context!r} {vars(context)}")


if __name__ == "__main__":
    unittest.main()
