"""The command line: ``python -m websockets URI`` sends each line that is typed, and prints each message."""

import argparse
import asyncio
import sys
import threading

from .asyncio.client import connect
from .exceptions import ConnectionClosed, _masked
from .frames import Close
from .version import version

__all__ = ["main"]

_ESC = "\x1b"

# Prints a line above the one with the prompt, which stays as it is: remember the cursor; make sure that there is a line
# below; go up again, push the line with the prompt down and write in its place; go back to where the cursor was,
# one line lower now.
_ABOVE = f"{_ESC}7\n{_ESC}[A{_ESC}[L{{}}\n{_ESC}8{_ESC}[B"

# Prints a line in place of the one with the prompt.
_OVER = f"\r{_ESC}[K{{}}\n"

# Control characters, which could do anything to a terminal, become escape sequences of Python.
_ESCAPES = {code: repr(chr(code))[1:-1] for code in (*range(0x20), *range(0x7F, 0xA0))}


def escape(string):
    """Make a text harmless for a terminal: control characters are replaced by their Python escapes."""
    return string.translate(_ESCAPES)


def print_during_input(string):
    """Print a line above the prompt."""
    _write(_ABOVE.format(string))


def print_over_input(string):
    """Print a line in place of the prompt."""
    _write(_OVER.format(string))


def _write(text):
    sys.stdout.write(text)
    sys.stdout.flush()


async def print_incoming_messages(websocket):
    """Print messages until the connection is closed."""
    async for message in websocket:
        shown = escape(message) if isinstance(message, str) else f"(binary) {message.hex()}"
        print_during_input(f"< {shown}")


async def send_outgoing_messages(websocket, messages):
    """Send what the queue has until the connection is closed."""
    while True:
        try:
            await websocket.send(await messages.get())
        except ConnectionClosed:
            return


def read_outgoing_messages(on_message, on_end):
    """Read lines from the standard input, in a thread, until it ends. Hands each to ``on_message``."""
    while True:
        _write("> ")
        line = sys.stdin.readline()
        if not line:
            on_end()
            return
        on_message(line.rstrip("\r\n"))


async def interactive_client(uri, **kwargs):
    """Connect, and send and print messages until either side closes. Exits with 1 if connecting fails."""
    try:
        websocket = await connect(uri, **kwargs)
    except Exception as exc:
        print(f"Failed to connect to {_masked(uri)}: {exc}.")
        sys.exit(1)
    print(f"Connected to {_masked(uri)}.")

    loop = asyncio.get_running_loop()
    messages = asyncio.Queue()
    ended = asyncio.Event()

    def tell_loop(call):
        def tell(*args):
            try:
                loop.call_soon_threadsafe(call, *args)
            except RuntimeError:
                # The loop is closed: this line is no longer needed.
                pass

        return tell

    # Reading a terminal blocks; a daemon thread may outlive the connection.
    threading.Thread(
        target=read_outgoing_messages,
        args=(tell_loop(messages.put_nowait), tell_loop(ended.set)),
        daemon=True,
    ).start()

    tasks = [
        asyncio.create_task(print_incoming_messages(websocket)),
        asyncio.create_task(send_outgoing_messages(websocket, messages)),
        asyncio.create_task(ended.wait()),
    ]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        # Ctrl-C closes the connection in good order.
        pass
    finally:
        for task in tasks:
            task.cancel()

    await websocket.close()
    status = Close(websocket.close_code, websocket.close_reason)
    print_over_input(f"Connection closed: {escape(str(status))}.")


def main(argv=None):
    """Run the command line with arguments, by default those of the process."""
    parser = argparse.ArgumentParser(prog="websockets", description="Interactive WebSocket client.", add_help=False)
    for option, text in [
        ("--help", "show usage and exit"),
        ("--insecure", "disable TLS certificate verification"),
        ("--version", "show version and exit"),
    ]:
        parser.add_argument(option, action="store_true", help=text)
    parser.add_argument("uri", metavar="<uri>", nargs="?")
    args = parser.parse_args(argv)

    if args.version and not args.help:
        print(f"websockets {version}")
        sys.exit(0)
    if args.help or args.uri is None:
        parser.print_usage()
        sys.exit(0 if args.help else 2)

    try:
        # Enables line editing.
        import readline  # noqa: F401
    except ImportError:
        pass

    kwargs = {}
    if args.insecure and args.uri.startswith("wss://"):
        import ssl

        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        kwargs["ssl"] = context
    asyncio.run(interactive_client(args.uri, **kwargs))
