"""WebSocket peers that others wrote, as servers and as clients. Who is not there is skipped.

`TAURARO_TEST_NODE_MODULES` names a folder `node_modules` that holds the `ws` package; `TAURARO_TEST_CPYTHON` a
CPython that can import websockets, by default `python3`; Bun and Deno are found by name, or in
`TAURARO_TEST_BUN` and `TAURARO_TEST_DENO`.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import websockets

FOLDER = Path(__file__).resolve().parent / "interop"
MESSAGES = ["text", "ʹ héllo ☕", "", bytes([0, 1, 254, 255]), "x" * 70000, b"\7" * 300000]


def peer(name):
    """The command that a peer's role is appended to; `None` when it is not there."""
    if name == "node":
        modules, node = os.environ.get("TAURARO_TEST_NODE_MODULES"), shutil.which("node")
        if not modules or not node or not Path(modules, "ws").exists():
            return None
        return [node, str(FOLDER / "peer.mjs")]
    if name == "cpython":
        python = shutil.which(os.environ.get("TAURARO_TEST_CPYTHON", "python3"))
        if not python or subprocess.run([python, "-c", "import websockets"], capture_output=True).returncode:
            return None
        return [python, str(FOLDER / "peer.py")]
    program = shutil.which(os.environ.get(f"TAURARO_TEST_{name.upper()}", name))
    return program and [program, "run", *(["--allow-all"] if name == "deno" else []), str(FOLDER / "peer.mjs")]


class Peers:
    """The tests of each peer."""

    name = None

    def setUp(self):
        self.command = peer(self.name)
        if self.command is None:
            self.skipTest(f"{self.name} is not there")
        if self.name == "node":
            # Node looks for packages beside the script.
            folder = self.enterContext(tempfile.TemporaryDirectory())
            shutil.copy(self.command[1], folder)
            os.symlink(os.environ["TAURARO_TEST_NODE_MODULES"], Path(folder, "node_modules"))
            self.command[1] = str(Path(folder, "peer.mjs"))

    async def start(self, *arguments):
        process = await asyncio.create_subprocess_exec(*self.command, *arguments, stdout=subprocess.PIPE)

        async def end():
            if process.returncode is None:
                process.kill()
            await process.wait()

        self.addAsyncCleanup(end)
        return process

    async def test_as_a_server(self):
        process = await self.start("server")
        port = int(await process.stdout.readline())
        for compression in ("deflate", None):
            with self.subTest(compression=compression):
                uri = f"ws://127.0.0.1:{port}"
                async with websockets.connect(uri, compression=compression, proxy=None) as websocket:
                    for message in MESSAGES:
                        await websocket.send(message)
                        self.assertEqual(await websocket.recv(), message)
                    await websocket.send(["in ", "fragments"])
                    self.assertEqual(await websocket.recv(), "in fragments")
                    await (await websocket.ping())
                self.assertEqual(websocket.close_code, 1000)

    async def test_as_a_client(self):
        closed = asyncio.get_running_loop().create_future()

        async def echo(websocket):
            async for message in websocket:
                await websocket.send(message)
            closed.set_result((websocket.close_code, websocket.close_reason))

        async def quiet(websocket):
            try:
                await echo(websocket)
            except websockets.ConnectionClosedError as error:
                closed.set_result((error.rcvd.code, error.rcvd.reason))

        async with websockets.serve(quiet, "127.0.0.1", 0) as server:
            process = await self.start("client", f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            output, _ = await asyncio.wait_for(process.communicate(), 60)
            self.assertEqual(output.decode().strip(), "ok")
            self.assertEqual(await closed, (4000, "done"))


class BunTest(Peers, unittest.IsolatedAsyncioTestCase):
    name = "bun"


class DenoTest(Peers, unittest.IsolatedAsyncioTestCase):
    name = "deno"


class NodeTest(Peers, unittest.IsolatedAsyncioTestCase):
    name = "node"


class CPythonTest(Peers, unittest.IsolatedAsyncioTestCase):
    name = "cpython"


if __name__ == "__main__":
    unittest.main()
