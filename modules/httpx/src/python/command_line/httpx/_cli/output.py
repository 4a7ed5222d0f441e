"""Shows the content of responses."""

import json
import re

TEXT = re.compile(
    r"text/.*|.*[/+](xml|yaml|toml)|application/(.*javascript|ecmascript|x-www-form-urlencoded|graphql|sql|.*jsonl?|x-ndjson)"
)
JSON = re.compile(r".*[/+]json")
TOKENS = re.compile(
    r"""(?P<key>"(?:[^"\\]|\\.)*"(?=:))|(?P<string>"(?:[^"\\]|\\.)*")|(?P<number>-?\d[\d.eE+-]*)|(?P<word>-?\w+)"""
)
COLOURS = {"key": "blue", "string": "green", "number": "cyan", "word": "magenta"}


def print_body(response, console):
    """Prints content that has been read; if it is not text, only its size."""
    if not response.content:
        return
    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if JSON.fullmatch(media_type):
        console.print(json_text(response, console))
    elif TEXT.fullmatch(media_type):
        console.print(console.clean(response.text.removesuffix("\n")))
    else:
        console.print(f"<{len(response.content)} bytes of binary data>")


def json_text(response, console):
    try:
        text = json.dumps(response.json(), indent=4)
    except ValueError:
        # Declared as JSON, but not valid JSON.
        return console.clean(response.text.removesuffix("\n"))
    if not console.has_colours:
        return text
    return TOKENS.sub(lambda token: console.paint(token[0], COLOURS[token.lastgroup]), text)
