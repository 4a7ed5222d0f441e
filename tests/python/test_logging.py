"""The line that is logged for each hop."""

import asyncio
import logging
import os
import subprocess
import sys
import unittest

import httpx

HTTP = os.environ["TAURARO_TEST_HTTP"]
UPSTREAM = hasattr(httpx, "_client")


class LoggingTest(unittest.TestCase):
    def test_each_hop_is_logged(self):
        with self.assertLogs("httpx", logging.INFO) as logs, httpx.Client(follow_redirects=True) as client:
            client.get(f"{HTTP}/redirect/1")
            client.get(f"{HTTP}/status/404")
        expected = [
            f'INFO:httpx:HTTP Request: GET {HTTP}/redirect/1 "HTTP/1.1 302 Found"',
            f'INFO:httpx:HTTP Request: GET {HTTP}/redirect/0 "HTTP/1.1 200 OK"',
            f'INFO:httpx:HTTP Request: GET {HTTP}/status/404 "HTTP/1.1 404 Not Found"',
        ]
        self.assertEqual(logs.output, expected)
        self.assertEqual(logs.records[0].args[0], "GET")

    def test_other_transports_and_await(self):
        transport = httpx.MockTransport(lambda request: httpx.Response(200))

        async def main():
            async with httpx.AsyncClient(transport=transport) as client:
                await client.get("http://a.example/")

        with self.assertLogs("httpx", logging.INFO) as logs:
            httpx.Client(transport=transport).get("http://b.example/")
            asyncio.run(main())
        self.assertEqual([record.args[1] for record in logs.records], ["http://b.example/", "http://a.example/"])

    @unittest.skipIf(UPSTREAM, "httpx shows them")
    def test_passwords_are_masked(self):
        with self.assertLogs("httpx", logging.INFO) as logs:
            httpx.get(HTTP.replace("://", "://user:secret@"))
        self.assertNotIn("secret", logs.output[0])

    def test_levels_count_at_once(self):
        logger = logging.getLogger("httpx")
        with httpx.Client() as client:
            with self.assertNoLogs("httpx", logging.INFO):
                pass
            for level, lines in [(logging.WARNING, 0), (logging.INFO, 1), (logging.ERROR, 0), (logging.DEBUG, 1)]:
                with self.assertLogs(level=logging.NOTSET) as logs:
                    logger.setLevel(level)
                    logging.getLogger("other").error("so that there is something")
                    client.get(f"{HTTP}/status/200")
                logger.setLevel(logging.NOTSET)
                self.assertEqual(sum(record.name == "httpx" for record in logs.records), lines)

    def test_a_logger_that_is_off(self):
        logger = logging.getLogger("httpx")
        with self.assertLogs(level=logging.INFO) as logs:
            logging.getLogger("other").error("so that there is something")
            logger.disabled = True
            httpx.get(f"{HTTP}/status/200")
            logger.disabled = False
        self.assertEqual([record.name for record in logs.records], ["other"])

    @unittest.skipIf(UPSTREAM, "httpx imports it")
    def test_logging_is_not_imported(self):
        code = f"import httpx, sys; httpx.get('{HTTP}/status/200'); print('logging' in sys.modules)"
        output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        self.assertEqual(output.stdout.strip(), "False")


if __name__ == "__main__":
    unittest.main()
