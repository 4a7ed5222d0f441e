# What the prompt shows of a response: run in a namespace of its own, when there is one to show.
import json
import shutil
import sys

HEADERS = (
    "content-type", "content-length", "content-encoding", "location", "server", "date", "last-modified", "etag",
    "cache-control", "retry-after", "www-authenticate",
)  # fmt: skip
# How many lines of a body are shown, and up to which size JSON is formatted.
LINES = 20
MAX_JSON = 1_000_000


def describe(response, colors):
    columns = max(20, shutil.get_terminal_size().columns)
    lines = [status_line(response, colors)]
    for name in HEADERS:
        if name in response.headers:
            lines.append(shortened(f"{name}: {response.headers[name]}", columns, colors and len(name)))
    lines.extend(shortened(line, columns) for line in body(response))
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return "".join(line + "\n" for line in lines).encode(encoding, "backslashreplace").decode(encoding)


def status_line(response, colors):
    status = " ".join(filter(None, (str(response.status_code), visible(response.reason_phrase))))
    if colors:
        color = {1: 36, 2: 32, 3: 36, 4: 33}.get(response.status_code // 100, 31)
        status = f"\x1b[1;{color}m{status}\x1b[0m"
    details = []
    try:
        details.append(f"{response.elapsed.total_seconds() * 1000:.1f} ms")
    except RuntimeError:  # not closed yet, or made by hand
        pass
    if response.history:
        details.append(f"after {len(response.history)} redirect{'s' * (len(response.history) > 1)}")
    return " ".join([response.http_version, status, *([f"({', '.join(details)})"] if details else [])])


def body(response):
    """The lines of the body: formatted JSON, the beginning of a text, the size of anything else."""
    try:
        content = response.content
    except Exception:  # a stream that has not been read
        return ["", "(the body has not been read)"]
    if not content:
        return []
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    text = None
    if (kind == "application/json" or kind.endswith("+json")) and len(content) <= MAX_JSON:
        try:
            text = json.dumps(response.json(), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            pass
    if text is None and (kind.startswith("text/") or kind.endswith(("json", "xml", "javascript", "yaml"))):
        text = response.text
    if text is None:
        return ["", f"({len(content):,} bytes{' of ' + visible(kind) if kind else ''})"]
    lines = text.splitlines()
    rest = len(lines) - LINES
    return ["", *lines[:LINES], *([f"... ({rest:,} more line{'s' * (rest > 1)})"] if rest > 0 else [])]


def shortened(line, columns, colored=0):
    """The line as far as it fits, the first characters in color if asked for."""
    # Escaped characters are wider than the originals.
    line = visible(line[:columns].replace("\t", "    "))
    line = line if len(line) < columns else line[: columns - 4] + "..."
    return f"\x1b[36m{line[:colored]}\x1b[0m{line[colored:]}" if colored else line


def visible(text):
    """The text with control characters escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
