"""asyncio's streams where several threads run a loop each."""

import asyncio
import threading
import unittest

PATIENCE = 60  # seconds after which a test that hangs is given up


class Streams(unittest.TestCase):
    def test_loops_of_several_threads(self):
        failures = []

        async def echo(reader, writer):
            try:
                while data := await reader.read(100):
                    writer.write(data)
                    await writer.drain()
            except Exception as error:
                failures.append(error)
            writer.close()

        async def ask(port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for _ in range(150):
                writer.write(b"x" * 150)
                await reader.readexactly(100)
                await reader.read(50)
                # Something for the garbage collector, which looks at the buffers of all threads.
                ring = [[number] for number in range(50)]
                ring.append(ring)
            writer.close()

        async def main():
            server = await asyncio.start_server(echo, "127.0.0.1", 0)
            async with server:
                port = server.sockets[0].getsockname()[1]
                await asyncio.gather(*(ask(port) for _ in range(4)))

        def work():
            try:
                asyncio.run(asyncio.wait_for(main(), PATIENCE))
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])


if __name__ == "__main__":
    unittest.main()
