"""Lists the files in a task's result: each once, in order, named and grouped. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.artifacts.merge import merged
from cyberun_widget.artifacts.model import Artifact
from cyberun_widget.artifacts.result_parts import links, metadata
from cyberun_widget.content.kinds import guess
from cyberun_widget.protocol.fields import moment
from cyberun_widget.support import urls as link
from cyberun_widget.support.filenames import UniqueNames, natural, safe_name, split_suffix
from cyberun_widget.support.secrets import Secret, redact
from cyberun_widget.support.units import count

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from cyberun_widget.artifacts.result_parts import Part

NO_LINK: Final = "The result lists this file without a link. Download it again to request a new one."
BAD_LINK: Final = "The link to this file is not a web address, so it can't be downloaded."

_MOST: Final = 2_000  # maximum artifacts of a task
_READ_MAX: Final = 10_000  # maximum links, and maximum descriptions, read from a result
_NODE: Final = re.compile(r"^\d+(?::\d+)*$")


def sources(
    task_id: str,
    result: Mapping[str, Any] | None,
    output: Any = None,
    *,
    titles: Mapping[str, str] | None = None,
) -> tuple[Artifact, ...]:
    """Return the artifacts of a result, each once, named, grouped, and ordered by node and number. Makes no request.

    `result`: the answer of `/result`; `output`: that of the `completed` event, which adds files missing from the
    result. `titles`: names of ComfyUI nodes by id, for `group`. A file without a usable link is `failed`, with an error
    message. Lists at most 2,000 files; if the result names more, a last entry says so.
    """
    result = result or {}
    linked, told = list(islice(links(result), _READ_MAX)), list(islice(metadata(result, output), _READ_MAX))
    parts = merged(linked, told)
    found = sorted(parts[:_MOST], key=lambda part: natural(part.key))
    names, until = UniqueNames(), moment(result, "expires_at")
    made = [_artifact(part, names.add(_name(part, task_id)), titles or {}, until) for part in found]
    if len(parts) > _MOST:
        more = "more" if len(linked) < _READ_MAX > len(told) else "many more"
        made.append(_left_out(len(parts) - _MOST, names.add(f"{more} files")))
    return tuple(made)


def _artifact(part: Part, name: str, titles: Mapping[str, str], until: dt.datetime | None) -> Artifact:
    kind, mime = guess(name, part.mime)
    usable = link.usable(part.url)
    return Artifact(
        key=part.key,
        name=name,
        kind=kind,
        mime=mime,
        size=part.size,
        group=group_of(part.key, titles),
        state="waiting" if usable else "failed",
        error=None if usable else BAD_LINK if part.url else NO_LINK,
        url_expires_at=(link.expiry(part.url) or part.expires or until) if usable else None,
        _url=link.Link(Secret(part.url), vouched=part.vouched) if usable else None,
    )


def _left_out(number: int, name: str) -> Artifact:
    """Return the entry that represents the files beyond the limit."""
    words = (
        f"The result names {count(number)} more files than the {count(_MOST)} that are listed. They are in `output`."
    )
    return Artifact(key="…", name=name, state="failed", error=words, group="Output")


def relinked(known: Artifact, newer: Artifact) -> Artifact:
    """Return a known artifact with the link of a newer result. If it failed for lack of a link, it waits again."""
    if newer._url is None:  # noqa: SLF001 - the link is the package's own, kept out of the public names
        return known
    lost = known.state == "failed" and known._url is None  # noqa: SLF001
    return replace(
        known,
        _url=newer._url,  # noqa: SLF001
        url_expires_at=newer.url_expires_at,
        state="waiting" if lost else known.state,
        error=None if lost else known.error,
    )


# --- names and groups ------------------------------------------------------------------------------------------------


def _name(part: Part, task_id: str) -> str:
    """Return a safe name: the given name, else the object's name, else the key."""
    stored = part.store.rstrip("/").rpartition("/")[2]
    for candidate in (part.name, stored, link.linked_name(part.url)):
        if candidate and (split_suffix(candidate)[1] or candidate == part.name):
            return safe_name(redact(candidate), fallback=part.key)
    return safe_name(task_id if part.sole and task_id else part.key)


def group_of(key: str, titles: Mapping[str, str]) -> str:
    """Return "Save Image · 9" for a ComfyUI node, "Export" for Nerfstudio outputs with word keys, else "Output"."""
    head, _, rest = key.partition(".")
    if _NODE.match(head):
        title = titles.get(head, "")
        return "Output" if not rest else f"{title} · {head}" if title else f"Node {head}"
    if not rest:
        return "Output" if key.startswith("output") else "Export"
    words = " ".join(re.split(r"[_\-\s]+", head)).strip()
    return words[:1].upper() + words[1:] or "Output"
