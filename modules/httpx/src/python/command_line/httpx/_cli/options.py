"""The options of the command line: one table, used for parsing and for the help."""

import json
import sys

DESCRIPTION = "HTTPX\n\nA next generation HTTP client. Sends a request and shows its response."


class UsageError(Exception):
    """The arguments are invalid; the message says why."""


class Help(Exception):
    """The arguments ask for help."""


class Option:
    """A row of the table. `values` names what follows the option; `many` lets it be repeated."""

    def __init__(self, long, short, values, help, *, many=False, default=None, read=None):
        self.long, self.short, self.values, self.help = long, short, values.split(), help
        self.many, self.default = many, () if many else default
        self.read = read or (lambda value: value)
        self.name = long.removeprefix("--").replace("-", "_")

    def spelling(self, separator=" / "):
        return separator.join(filter(None, (self.short, self.long)))


def read_json(text):
    try:
        return json.loads(text)
    except ValueError as error:
        raise UsageError(f"Not valid JSON: {error}") from None


def read_float(text):
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a valid float.") from None


def read_auth(pair):
    user, password = pair
    if password == "-":
        import getpass

        password = getpass.getpass("Password: ")
    return user, password


def read_file(pair):
    name, path = pair
    if path == "-":
        # Bytes, because their number has to be known.
        return name, sys.stdin.buffer.read()
    try:
        return name, open(path, "rb")
    except OSError as error:
        raise UsageError(f"{path!r}: {error.strerror}") from None


OPTIONS = (
    Option(
        "--method",
        "-m",
        "METHOD",
        "The request's method, such as GET, POST, PUT, PATCH, DELETE, OPTIONS or HEAD."
        " [Default: GET, or POST if there is a request body]",
    ),
    Option("--params", "-p", "NAME VALUE", "A parameter for the query of the URL. Can be repeated.", many=True),
    Option("--content", "-c", "TEXT", "The request body, as it is."),
    Option("--data", "-d", "NAME VALUE", "A field of a form to send as the request body. Can be repeated.", many=True),
    Option(
        "--files",
        "-f",
        "NAME FILENAME",
        "A file to send in a form, '-' for the standard input. Can be repeated.",
        many=True,
        read=read_file,
    ),
    Option("--json", "-j", "TEXT", "JSON to send as the request body.", read=read_json),
    Option("--headers", "-h", "NAME VALUE", "A header of the request. Can be repeated.", many=True),
    Option("--cookies", None, "NAME VALUE", "A cookie to send. Can be repeated.", many=True),
    Option(
        "--auth",
        None,
        "USER PASSWORD",
        "A user's name and password. Give '-' for the password to be asked for it. With --verbose the"
        " Authorization header is shown, and the password can be read from it.",
        read=read_auth,
    ),
    Option("--proxy", None, "URL", "The proxy to send the request through."),
    Option(
        "--timeout",
        None,
        "SECONDS",
        "How long connecting, sending and waiting for data may each take. [Default: 5.0]",
        default=5.0,
        read=read_float,
    ),
    Option("--follow-redirects", None, "", "Follow redirects.", default=False),
    Option("--no-verify", None, "", "Accept any certificate.", default=False),
    Option("--http2", None, "", "Speak HTTP/2 if the server does.", default=False),
    Option("--download", None, "FILENAME", "Save the content to a file instead of showing it; '-' for the standard output."),
    Option("--verbose", "-v", "", "Show the request as well as the response.", default=False),
    Option("--help", None, "", "Show this text and exit.", default=False),
)

SPELLINGS = {spelling: option for option in OPTIONS for spelling in (option.short, option.long) if spelling}


def parse(arguments):
    """The value of each option by its name, and the `url`.

    Raises `UsageError`, and `Help` if the arguments ask for it.
    """
    values = {option.name: option.default for option in OPTIONS}
    given = []
    urls = []
    rest = list(reversed(arguments))
    while rest:
        argument = rest.pop()
        if argument == "--":
            urls += reversed(rest)
            break
        if argument.startswith("--"):
            spelling, equals, attached = argument.partition("=")
            given.append(take(find(spelling), attached if equals else None, rest))
        elif argument.startswith("-") and argument != "-":
            given += take_cluster(argument, rest)
        else:
            urls.append(argument)

    if any(option.name == "help" for option, _ in given):
        raise Help
    for option, value in given:
        try:
            value = option.read(value)
        except UsageError as error:
            raise UsageError(f"Invalid value for {option.spelling()}: {error}") from None
        values[option.name] = (*values[option.name], value) if option.many else value
    if not urls:
        raise UsageError("Missing argument 'URL'.")
    if len(urls) > 1:
        plural = "s" if len(urls) > 2 else ""
        raise UsageError(f"Got unexpected extra argument{plural} ({' '.join(urls[1:])})")
    del values["help"]
    values["verify"] = not values.pop("no_verify")
    values["url"] = urls[0]
    return values


def find(spelling):
    try:
        return SPELLINGS[spelling]
    except KeyError:
        import difflib

        near = difflib.get_close_matches(spelling, SPELLINGS, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise UsageError(f"No such option: {spelling}{hint}") from None


def take_cluster(argument, rest):
    """Short options written together, the last one perhaps with its value: `-vmPUT`."""
    for at, letter in enumerate(argument[1:], 2):
        option = find(f"-{letter}")
        attached = argument[at:] if option.values and argument[at:] else None
        yield take(option, attached, rest)
        if option.values:
            return


def take(option, attached, rest):
    """The option and what belongs to it: `attached`, and as much of `rest` as it needs."""
    count = len(option.values)
    if not count:
        if attached is not None:
            raise UsageError(f"Option {option.long!r} does not take a value.")
        return option, True
    if attached is not None:
        rest.append(attached)
    if len(rest) < count:
        needed = "an argument" if count == 1 else f"{count} arguments"
        raise UsageError(f"Option {option.long!r} requires {needed}.")
    values = tuple(rest.pop() for _ in range(count))
    return option, values if count > 1 else values[0]


def usage(program):
    return f"Usage: {program} URL [OPTIONS]\nTry '{program} --help' for help."


def help_text(program):
    import shutil
    import textwrap

    width = min(shutil.get_terminal_size().columns, 100)
    lines = [DESCRIPTION, "", f"Usage: {program} URL [OPTIONS]", ""]
    for option in OPTIONS:
        values = " ".join(f"<{value}>" for value in option.values)
        lines.append(f"  {option.spelling(', ')} {values}".rstrip())
        lines += textwrap.wrap(option.help, width, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return "\n".join(lines)
