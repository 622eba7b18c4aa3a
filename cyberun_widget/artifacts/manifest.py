"""Which files a task's result speaks of: each once, in order, named and grouped. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from cyberun_widget.artifacts.model import Artifact
from cyberun_widget.artifacts.result_parts import Part, links, metadata
from cyberun_widget.content.kinds import guess
from cyberun_widget.protocol.fields import moment
from cyberun_widget.support import urls as link
from cyberun_widget.support.filenames import fold, natural, safe_name, split_suffix, unique_name
from cyberun_widget.support.secrets import Secret, redact

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_LINK: Final = "The result names this file but holds no link to it. Fetch it again to ask for a new link."
BAD_LINK: Final = "The link to this file isn't a web address, so it can't be fetched."

_MAX_ARTIFACTS: Final = 2_000
_NODE: Final = re.compile(r"^\d+(?::\d+)*$")


def sources(
    task_id: str,
    result: Mapping[str, Any] | None,
    output: Any = None,
    *,
    titles: Mapping[str, str] | None = None,
) -> tuple[Artifact, ...]:
    """Return the artifacts of a result, ordered by node and number, named, grouped, each once. No request is made.

    `result`: the answer of `/result`; `output`: that of the `completed` event, which adds files that the result lacks.
    `titles`: names of ComfyUI's nodes by id, for `group`. A file without a usable link comes as `failed`, with words.
    """
    result = result or {}
    found = sorted(_merge(list(links(result)), list(metadata(result, output))), key=lambda part: natural(part.key))
    made, taken, until = [], set[str](), moment(result, "expires_at")
    for part in found[:_MAX_ARTIFACTS]:
        name = unique_name(_name(part, task_id), taken)
        taken.add(fold(name))
        kind, mime = guess(name, part.mime)
        usable = link.usable(part.url)
        made.append(
            Artifact(
                key=part.key,
                name=name,
                kind=kind,
                mime=mime,
                size=part.size,
                group=group_of(part.key, titles or {}),
                state="waiting" if usable else "failed",
                error=None if usable else BAD_LINK if part.url else NO_LINK,
                url_expires_at=(link.expiry(part.url) or part.expires or until) if usable else None,
                _url=link.Link(Secret(part.url), vouched=part.vouched) if usable else None,
            )
        )
    return tuple(made)


def relinked(known: Artifact, newer: Artifact) -> Artifact:
    """Return a known artifact with the link of a newer result. One that failed for want of a link waits again."""
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


# --- one file, told of twice -----------------------------------------------------------------------------------------


def _merge(linked: list[Part], told: list[Part]) -> list[Part]:
    """Return each file once: links that lead to one object are one, and metadata joins the link it belongs to."""
    index = _Index()
    for part in linked:
        if index.same_object(part) is None:
            index.add(part)
    alone = len(index.parts) == 1 and index.parts[0].sole and len(told) == 1
    for part in told:
        home = index.home(part) or (index.parts[0] if alone and not part.url else None)
        if home is not None:
            _enrich(home, part)
            index.learn(home)
        elif not index.knows(part):
            index.add(part)
    return _with_own_keys(index.parts)


class _Index:
    """The files found so far, by key, by object, by place in the store and by name."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._keys: dict[str, Part] = {}
        self._objects: dict[tuple[str, str, str], Part] = {}
        self._stores: dict[str, Part] = {}
        self._names: dict[str, list[Part]] = {}

    def add(self, part: Part) -> None:
        self.parts.append(part)
        self.learn(part)

    def learn(self, part: Part) -> None:
        self._keys.setdefault(part.key, part)
        if part.store:
            self._stores.setdefault(part.store, part)
        if part.url:
            self._objects.setdefault(link.object_of(part.url), part)
            self._names.setdefault(link.split(part.url)[1].rstrip("/").rpartition("/")[2], []).append(part)

    def same_object(self, part: Part) -> Part | None:
        return self._objects.get(link.object_of(part.url))

    def home(self, part: Part) -> Part | None:
        """Return the entry that metadata is about: by link, by place in the store, or by key."""
        if part.url and (same := self.same_object(part)):
            return same
        if part.store:
            same = self._stores.get(part.store)
            last = unquote(part.store).rstrip("/").rpartition("/")[2]
            near = (entry for entry in self._names.get(last, []) if link.ends_with(entry.url, part.store))
            if (same := same or next(near, None)) is not None:
                return same
        same = self._keys.get(part.key)
        return None if same is None or (part.url and same.url) else same

    def knows(self, part: Part) -> bool:
        """Whether metadata without a link tells nothing new: a folder of linked files, or a name that is here."""
        if part.url:
            return False
        if not part.store:
            return any(entry.name == part.name for entry in self.parts)
        folder = f"/{unquote(part.store).strip('/')}/"
        return part.store.endswith("/") or any(folder in link.split(entry.url)[1] for entry in self.parts if entry.url)


def _enrich(home: Part, part: Part) -> None:
    """Add what metadata tells to an entry; what that knows already stays."""
    if home.sole and part.key != "output":
        home.key = part.key
    home.url = home.url or part.url
    home.store = home.store or part.store
    home.name = home.name or part.name
    home.mime = home.mime or part.mime
    home.size = part.size if home.size is None else home.size
    home.expires = home.expires or part.expires


def _with_own_keys(parts: list[Part]) -> list[Part]:
    """Give each a key of its own, numbering those that the result used twice."""
    taken: set[str] = set()
    for part in parts:
        base, number = part.key, 2
        while part.key in taken:
            part.key, number = f"{base}~{number}", number + 1
        taken.add(part.key)
    return parts


# --- names and groups ------------------------------------------------------------------------------------------------


def _name(part: Part, task_id: str) -> str:
    """Return a safe name: the one given, else that of the object, else the key."""
    stored = part.store.rstrip("/").rpartition("/")[2]
    for candidate in (part.name, stored, link.linked_name(part.url)):
        if candidate and (split_suffix(candidate)[1] or candidate == part.name):
            return safe_name(redact(candidate), fallback=part.key)
    return safe_name(task_id if part.sole and task_id else part.key)


def group_of(key: str, titles: Mapping[str, str]) -> str:
    """Return "Save Image · 9" for a ComfyUI node, "Export" for what Nerfstudio keys by words, else "Output"."""
    head, _, rest = key.partition(".")
    if _NODE.match(head):
        title = titles.get(head, "")
        return "Output" if not rest else f"{title} · {head}" if title else f"Node {head}"
    if not rest:
        return "Output" if key.startswith("output") else "Export"
    words = " ".join(re.split(r"[_\-\s]+", head)).strip()
    return words[:1].upper() + words[1:] or "Output"
