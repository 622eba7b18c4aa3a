"""Parses the different forms of a result into one type of value per file description. Pure.

The API page documents two forms: one `download_url` beside `task_output {storage_key, image_count}`, and
`download_urls` keyed by output ("9.images.0") beside per-output metadata with an `s3_key`. Where it is ambiguous (lists
or objects, nested by node or flat, a link as a string or inside an object), every variant is accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.protocol.fields import moment
from cyberun_widget.support.secrets import redact

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

_MAX_DEPTH: Final = 8
_MAX_STEPS: Final = 200_000  # maximum values of a result to visit
_MAX_KEY: Final = 200
_URL: Final = ("url", "download_url", "signed_url", "presigned_url", "href")
STORAGE_KEYS: Final = ("s3_key", "storage_key", "object_key", "file_key")
_NAME: Final = ("name", "file_name", "filename")
_SIZE: Final = ("size", "file_size", "size_bytes", "content_length", "bytes")
_MIME: Final = ("mime", "mime_type", "content_type", "media_type")
_ID: Final = ("key", "output_key", "output_id", "id")
_WRAPPERS: Final = frozenset(
    {"output", "outputs", "files", "results", "result", "artifacts", "task_output", "data", "items"}
)


@dataclass(slots=True)
class Part:
    """One description of a file within a result; parts that describe the same file are merged."""

    key: str
    url: str = ""
    store: str = ""
    name: str = ""
    mime: str = ""
    size: int | None = None
    expires: dt.datetime | None = None
    sole: bool = False  # the single `download_url`, whose key is generated
    vouched: bool = False  # the service itself gave the URL


def links(result: Mapping[str, Any], *, vouched: bool = True) -> Iterator[Part]:
    """Yield the links of `download_urls`, then the single one. `vouched`: whether the service itself gave them."""
    steps = iter(range(_MAX_STEPS))
    for part in _walk(result.get("download_urls"), (), steps, bare=True):
        part.vouched = vouched
        if part.url:
            yield part
    sole = result.get("download_url")
    for part in _walk(sole, ("output",), steps, bare=True):
        part.sole, part.vouched = isinstance(sole, str), vouched
        if part.url:
            yield part


def metadata(result: Mapping[str, Any], output: Any) -> Iterator[Part]:
    """Yield the file descriptions in `task_output` and in the event's `output`."""
    steps = iter(range(_MAX_STEPS))
    yield from _walk(result.get("task_output"), (), steps, bare=False)
    if isinstance(output, Mapping):
        yield from links(output, vouched=False)
        output = {key: item for key, item in output.items() if key not in ("download_urls", "download_url")}
    yield from _walk(output, (), steps, bare=False)


def _walk(value: Any, path: tuple[str, ...], steps: Iterator[int], *, bare: bool) -> Iterator[Part]:
    """Yield each file below `value`. `bare`: whether a plain string is a link (in `download_urls`) or just a value.

    `steps`: yields one item for each value that may still be visited.
    """
    if len(path) > _MAX_DEPTH:
        return
    if isinstance(value, str):
        if bare and value:
            yield Part(key=_key(path), url=value)
    elif isinstance(value, Mapping):
        # `download_urls` itself maps outputs to links, even if an output is named "url" or "storage_key".
        leaf = None if bare and not path else _leaf(value, path)
        if leaf is not None and (leaf.url or not bare):
            yield leaf
            return
        for (name, item), _ in zip(value.items(), steps, strict=False):
            wraps = str(name).casefold() in _WRAPPERS and not isinstance(item, str)
            step = "" if wraps else str(name)
            yield from _walk(item, (*path, step), steps, bare=bare)
    elif isinstance(value, (list, tuple)):
        for index, (item, _) in enumerate(zip(value, steps, strict=False)):
            yield from _walk(item, (*path, str(index)), steps, bare=bare)


def _leaf(entry: Mapping[str, Any], path: tuple[str, ...]) -> Part | None:
    """Parse an object that describes one file; None if it doesn't."""
    url, store = _first(entry, _URL), _first(entry, STORAGE_KEYS)
    if not store and "/" in _first(entry, ("key",)):
        store = entry["key"]  # a storage key, not an output's name
    named = (
        _first(entry, ("filename", "file_name")) and entry.get("type", "temp") != "temp"
    )  # ComfyUI outputs, except previews
    if not (url or store or named):
        return None
    return Part(
        key=_stated_key(entry) or _key(path),
        url=url,
        store=store,
        name=_first(entry, _NAME),
        mime=_first(entry, _MIME),
        size=next((entry[key] for key in _SIZE if _is_size(entry.get(key))), None),
        expires=moment(entry, "expires_at"),
    )


def _stated_key(entry: Mapping[str, Any]) -> str:
    """Return the output identifier stated in an entry, assembled from its parts if needed."""
    node, index = entry.get("node_id", entry.get("node")), entry.get("index")
    if node is not None and index is not None:
        return _key((str(node), str(entry.get("kind") or entry.get("output_type") or "outputs"), str(index)))
    stated = _first(entry, _ID)
    return _key((stated,)) if stated and "/" not in stated else ""


def _first(entry: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((entry[name] for name in names if isinstance(entry.get(name), str) and entry[name]), "")


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 2**53


def _key(path: tuple[str, ...]) -> str:
    text = "".join(char for char in ".".join(step for step in path if step) if char.isprintable()).strip()
    return redact(text)[:_MAX_KEY] or "output"  # an output's name may contain a link by mistake
