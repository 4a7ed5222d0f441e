# `httpx.main`: the command line of httpx 0.28. Imported on first use.

import os
import sys

import httpx

from .download import save
from .heads import Heads
from .options import Help, UsageError, help_text, parse, usage
from .output import print_body
from .terminal import Console


class Command:
    """The command line as a function: `main(["-v", "http://example.org/"])`.

    Without arguments it takes those of the process. It prints the response, and exits through
    `SystemExit`: 0 for a status of 2xx, 1 for any other and for requests that fail, 2 for arguments
    that it does not understand.
    """

    # Together with `main`, the interface that test runners for command lines expect.
    name = "main"

    def main(self, args=None, prog_name=None, **extra):
        """Runs the command line and exits; `extra` is ignored."""
        arguments = sys.argv[1:] if args is None else list(args)
        program = prog_name or os.path.basename(sys.argv[0])
        try:
            sys.exit(run(arguments))
        except Help:
            print(help_text(program))
            sys.exit(0)
        except UsageError as error:
            print(f"{usage(program)}\n\nError: {error}", file=sys.stderr)
            sys.exit(2)
        except (KeyboardInterrupt, EOFError):
            print("\nAborted!", file=sys.stderr)
            sys.exit(1)
        except BrokenPipeError:
            # The reader has closed the pipe; the flush at exit must not complain either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)

    def __call__(self, args=None, prog_name=None, **extra):
        self.main(args, prog_name, **extra)

    def __repr__(self):
        return "<Command main>"


def run(arguments):
    """Makes the request that the arguments ask for; the exit status."""
    options = parse(arguments)
    download = options.pop("download")
    # Other output must not be mixed into the content.
    console = Console(sys.stderr if download == "-" else sys.stdout)
    heads = Heads(console, options.pop("verbose"))
    try:
        with client(options, heads) as session, session.stream(**request(options, heads)) as response:
            if download is not None:
                save(response, download, console)
            else:
                response.read()
                print_body(response, console)
            console.flush()
    except BrokenPipeError:
        raise
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        console.print(f"{console.paint(type(error).__name__, 'red')}: {error}")
        console.flush()
        return 1
    return 0 if response.is_success else 1


def client(options, heads):
    """The client for the options, which it takes out."""
    settings = {name: options.pop(name) for name in ("proxy", "timeout", "verify", "http2")}
    hooks = {"request": [heads.request], "response": [heads.response]}
    return httpx.Client(event_hooks=hooks, **settings)


def request(options, heads):
    """The arguments of the request for the options."""
    has_body = any(options[name] for name in ("data", "files")) or any(
        options[name] is not None for name in ("content", "json")
    )
    data = {}
    for name, value in options["data"]:
        data.setdefault(name, []).append(value)
    return {
        **options,
        "method": options["method"] or ("POST" if has_body else "GET"),
        # An empty list would remove the parameters of the URL.
        "params": options["params"] or None,
        "data": data,
        "cookies": dict(options["cookies"]),
        "extensions": {"trace": heads.trace},
    }


main = Command()
