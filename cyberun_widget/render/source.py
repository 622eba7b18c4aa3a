"""Generates Python source that repeats what the user did in the page: calls, values, whole cells. Pure."""

from __future__ import annotations

import keyword
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_WIDTH: Final = 88  # the longest line, in columns


def run_code(slug: str, values: Mapping[str, Any], *, client: str = "Client()") -> str:
    """Return the source of a cell that runs the workflow with exactly these values and shows its card.

    `client`: the expression that creates the client. Values are JSON values or paths; a path is uploaded again.
    """
    imports = ["from cyberun_widget import Client"]
    if any(isinstance(value, PurePath) for value in values.values()):
        imports.insert(0, "from pathlib import Path\n")
    return "\n".join([*imports, "", f"client = {client}", f"task = {call('client.run', slug, values)}", "task"])


def client_expression(base_url: str, usual: str) -> str:
    """Return the expression that creates a client of the service at `base_url`. It never contains the key.

    `usual`: the base URL of a client without arguments.
    """
    if base_url == usual:
        return "Client()"
    local = urlsplit(base_url).hostname in ("127.0.0.1", "localhost", "::1")
    return "Client.local()" if local else f"Client(base_url={_quoted(base_url)})"


def call(function: str, slug: str, values: Mapping[str, Any]) -> str:
    """Return a call of `function` with the slug and one keyword argument per value, on one line if it fits."""
    named = {name: value for name, value in values.items() if _is_name(name)}
    arguments = [literal(slug), *(f"{name}={literal(value)}" for name, value in named.items())]
    others = {name: value for name, value in values.items() if name not in named}
    if others:
        pairs = ", ".join(f"{literal(name)}: {literal(value)}" for name, value in others.items())
        arguments.append(f"**{{{pairs}}}")
    line = f"{function}({', '.join(arguments)})"
    if len(line) <= _WIDTH:
        return line
    return "\n".join([f"{function}(", *(f"    {argument}," for argument in arguments), ")"])


def literal(value: Any) -> str:
    """Return a value as Python source: a JSON value as a literal, a path as `Path("...")`."""
    match value:
        case PurePath():
            return f"Path({_quoted(str(value))})"
        case str():
            return _quoted(value)
        case dict():
            return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(literal, value)) + "]"
        case _:
            return repr(value)


def _quoted(text: str) -> str:
    """Return text as a string literal in double quotes. Control and invisible characters are escaped."""
    escaped = repr(text + '"')  # a double quote inside makes repr choose single quotes outside
    body = escaped[1:-2].replace("\\'", "'")
    return '"' + body.replace('"', '\\"') + '"'


def _is_name(name: str) -> bool:
    # Python normalizes identifiers (NFKC), so a non-ASCII keyword might not match the parameter's name.
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name)
