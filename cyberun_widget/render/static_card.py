"""The static card: shows a task in a saved notebook without a kernel, scripts or network.

It is a second output below the live card, hidden while the live card is shown (`frontend/src/archive`). It is readable
without styles, as on GitHub. It contains no key, no signed link and no local path.
"""

from __future__ import annotations

import base64
import functools
import json
import re
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.render.excerpts import layout, shorten
from cyberun_widget.render.html_nodes import PLAIN, Node, html, node
from cyberun_widget.render.text_card import block
from cyberun_widget.render.wording import ENDED, CardText, card_text
from cyberun_widget.support import assets
from cyberun_widget.support.secrets import scrub
from cyberun_widget.support.text import clean
from cyberun_widget.support.units import clock, count, data_size, many, pixels, playing_time
from cyberun_widget.support.words import WORDS, say, stage_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LIMIT: Final = 1_000_000  # bytes of HTML per task
_ROWS: Final = 100  # files in the table
_FIGURES: Final = 200  # pictures considered
_DETAILS: Final = 8_000  # characters of an error's details
_SIDE, _SIDE_ALONE = 240, 480  # pixels on a picture's longer side, used without a style sheet
_MIMES: Final = ("image/webp", "image/jpeg", "image/png", "image/gif")

_Artifact = dict[str, Any]


def bundle(traits: Mapping[str, Any], excerpts: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the MIME bundle of a task's archive: "text/html" of at most `LIMIT` bytes, and "text/plain".

    `traits`: the widget's state, as returned by `get_state()`; `artifacts` may be a list or an `Artifacts`. `excerpts`:
    artifact key -> content of small text files, see `excerpts.excerpts`. Before the task's end, the bundle is a
    placeholder that says how to watch the task again.
    """
    artifacts = traits.get("artifacts") or []
    traits = {**traits, "artifacts": artifacts if isinstance(artifacts, list) else artifacts.to_json()}
    said = card_text(traits)
    if traits.get("status") in ENDED or said.tone == "bad":
        root = _ended(traits, said, excerpts or {})
    else:
        root = _unended(said)
    return {"text/html": html(root), "text/plain": block(traits, paths=False)}


def _root(said: CardText, status: str, *parts: Node | None) -> Node:
    about = {"class": f"cyberun-archive {PLAIN}", "data-task-id": said.task_id, "data-status": status}
    return node("div", about, node("style", {}, style()), node("article", {}, *parts))


def _unended(said: CardText) -> Node:
    # Must be true even after the task's end: a page reloaded in between drops the rewritten archive. The style sheet
    # then shows `data-reloaded` below the live card instead of this sentence.
    about = {"data-reloaded": say("archive.reloaded")}
    footer = node("footer", {}, node("p", about, node("span", {}, say("archive.unfinished")), " ", _code(said)))
    return _root(said, "unfinished", _head(said, say("archive.no_result")), footer)


def _ended(traits: Mapping[str, Any], said: CardText, excerpts: Mapping[str, str]) -> Node:
    artifacts: list[_Artifact] = traits["artifacts"]
    status = str(traits.get("status")) if traits.get("status") in ENDED else "error"
    gallery = node("section", {"class": "cy-a-pictures"})
    previews = [_preview(item, excerpts[item["key"]]) for item in artifacts if item["key"] in excerpts]
    root = _root(
        said,
        status,
        _head(said, said.pill),
        node("p", {"class": "cy-a-about"}, node("bdi", {}, said.about)) if said.about else None,
        _stages(traits.get("stages") or []),
        _failure(said) if said.tone == "bad" else None,
        gallery,
        node("section", {"class": "cy-a-files"}, *previews) if previews else None,
        _output(traits.get("output")) if not artifacts else None,
        _files(artifacts, said) if artifacts else None,
        node("footer", {}, _facts(traits, said), node("p", {}, say("archive.reopen"), " ", _code(said))),
    )
    _hang(gallery, artifacts, LIMIT - len(html(root).encode()))
    if not len(gallery):
        root[1].remove(gallery)
    return root


def _head(said: CardText, pill: str) -> Node:
    # tocSkip: JupyterLab lists headings in outputs in its table of contents, even hidden ones.
    title = node("h4", {"class": "tocSkip jp-toc-ignore", "title": said.title}, node("bdi", {}, said.title))
    label = node("bdi", {"class": "cy-a-tag"}, said.label) if said.label else None
    return node("header", {}, title, label, " ", node("code", {}, said.task_id), " ", node("strong", {}, pill))


def _failure(said: CardText) -> Node:
    first, _, rest = re.sub(r"(?<=[.!?]) ", "\n", said.cause, count=1).partition("\n")
    cause = node("p", {}, node("bdi", {}, node("strong", {}, first), f" {rest}" if rest else None))
    details = said.details[:_DETAILS] + ("\n…" if len(said.details) > _DETAILS else "")
    # Focusable, so that it can be scrolled by keyboard.
    about = {"tabindex": "0", "role": "region", "aria-label": say("card.details")}
    folded = (
        node("details", {}, node("summary", {}, say("card.details")), node("pre", about, details)) if details else None
    )
    return node("div", {"class": "cy-a-why"}, cause, folded)


def _stages(stages: Sequence[Mapping[str, Any]]) -> Node | None:
    if not stages:
        return None
    longest = max([float(stage.get("seconds") or 0) for stage in stages] + [1.0])
    items = []
    for stage in stages[:20]:
        state, seconds = str(stage.get("state")), stage.get("seconds")
        told = "" if seconds is None else clock(seconds)
        told = " ".join(filter(None, [told, WORDS["stage_state"].get(state, "")]))
        # The width is proportional to the duration, with a minimum that fits the name.
        share = max(0.04, float(seconds or 0) / longest)
        name = node("bdi", {}, stage_name(clean(stage.get("name"))))
        about = {"data-state": state, "style": f"flex-grow:{share:.2f}"}
        items.append(node("li", about, name, " ", node("span", {}, told)))
    return node("ol", {}, *items)


def _facts(traits: Mapping[str, Any], said: CardText) -> Node | None:
    facts: Mapping[str, Any] = traits.get("_facts") or {}
    waited, attempt = facts.get("waited"), facts.get("attempt")
    pairs: list[tuple[str, str | Node]] = [
        ("duration", said.elapsed),
        ("failed_at", said.node),
        ("stopped_at", said.percent if traits.get("status") == "cancelled" else ""),
        ("waited", clock(waited) if isinstance(waited, (int, float)) and waited >= 1 else ""),
        ("started", _moment(facts.get("started") or facts.get("created"))),
        ("gpu", said.gpu),
        ("attempt", count(attempt) if isinstance(attempt, int) and attempt > 1 else ""),
    ]
    kept = [
        node("div", {}, node("dt", {}, say(f"archive.{name}")), node("dd", {}, value))
        for name, value in pairs
        if value != ""
    ]
    return node("dl", {}, *kept) if kept else None


def _moment(iso: object) -> str | Node:
    found = re.match(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*(?:Z|\+00:00)$", str(iso or ""))
    return node("time", {"datetime": str(iso)}, f"{found[1]} {found[2]} UTC") if found else ""


def _code(said: CardText) -> Node:
    return node("code", {"dir": "ltr"}, f"TaskWidget({json.dumps(said.task_id)})")


# --- files -----------------------------------------------------------------------------------------------------------


def _hang(gallery: Node, artifacts: Sequence[_Artifact], room: int) -> None:
    """Add the pictures that fit into `room` bytes to the gallery: first one of each group, then the others in order."""
    pictures = [item for item in artifacts if item.get("poster") and item.get("poster_mime") in _MIMES][:_FIGURES]
    side = _SIDE_ALONE if len(pictures) == 1 else _SIDE
    groups: set[str] = set()
    firsts: list[_Artifact] = []
    others: list[_Artifact] = []
    for item in pictures:
        (others if item.get("group") in groups else firsts).append(item)
        groups.add(str(item.get("group")))
    room -= 200  # for the note about pictures that don't fit
    chosen: dict[int, Node] = {}
    for item in firsts + others:
        made = _figure(item, side)
        cost = len(html(made).encode())
        if cost <= room:
            room -= cost
            chosen[id(item)] = made
    gallery.extend(chosen[id(item)] for item in pictures if id(item) in chosen)
    left_out = len(pictures) - len(chosen)
    if left_out:
        more = say("archive.more_pictures", pictures=many(left_out, "more picture"))
        gallery.append(node("p", {"class": "cy-a-more"}, more))


def _figure(item: _Artifact, side: int) -> Node:
    width, height = item.get("width") or 1, item.get("height") or 1
    scale = min(1.0, side / max(width, height)) if item.get("width") else 0
    size = {"width": str(max(1, round(width * scale))), "height": str(max(1, round(height * scale)))} if scale else {}
    if not size:
        size = {"width": str(side)}
    source = f"data:{item['poster_mime']};base64,{base64.b64encode(bytes(item['poster'])).decode('ascii')}"
    image = node("img", {"src": source, "alt": clean(item.get("name")), **size})
    return _plate(item, image, _caption(item))


def _preview(item: _Artifact, content: str) -> Node:
    shown = layout(str(item.get("kind")), str(item.get("name")), content)
    if isinstance(shown, str):
        return _plate(item, _caption(item), node("pre", {}, shown))
    first, *rest = shown
    head = node("thead", {}, node("tr", {}, *(node("th", {"scope": "col"}, cell) for cell in first)))
    body = node("tbody", {}, *(_row(row, len(first)) for row in rest))
    return _plate(item, _caption(item), node("table", {}, head, body))


def _row(row: Sequence[str], columns: int) -> Node:
    span = {"colspan": str(columns)} if len(row) == 1 < columns else {}
    return node("tr", {}, *(node("td", span, cell) for cell in row))


def _plate(item: _Artifact, *parts: Node) -> Node:
    return node("figure", {"data-artifact": clean(item.get("key")), "data-kind": str(item.get("kind"))}, *parts)


def _caption(item: _Artifact) -> Node:
    name = node("bdi", {}, clean(item.get("name")))
    return node("figcaption", {}, name, " ", node("span", {}, " · ".join(_about(item))))


def _about(item: _Artifact) -> list[str]:
    facts = [WORDS["kind"]["model"] if item.get("kind") == "model" else ""]
    facts += [pixels(item["width"], item["height"]) if item.get("width") and item.get("height") else ""]
    facts += [playing_time(item["duration"]) if item.get("duration") else ""]
    facts += [data_size(item["size"]) if item.get("size") is not None else ""]
    return [fact for fact in facts if fact]


def _files(artifacts: Sequence[_Artifact], said: CardText) -> Node:
    heads = (node("th", {"scope": "col"}, say(f"archive.{name}")) for name in ("file", "from", "kind", "size"))
    rows = [_file(item) for item in artifacts[:_ROWS]]
    if len(artifacts) > _ROWS:
        rows.append(_row([say("archive.more_files", count=count(len(artifacts) - _ROWS))], 4))
    table = node("table", {}, node("thead", {}, node("tr", {}, *heads)), node("tbody", {}, *rows))
    hidden = all(item.get("poster") for item in artifacts)
    return node("details", {} if hidden else {"open": "open"}, node("summary", {}, said.files), table)


def _file(item: _Artifact) -> Node:
    size = data_size(item["size"]) if item.get("size") is not None else ""
    problem = clean(item.get("error"))[:300] or ("" if item.get("state") == "ready" else say("archive.not_downloaded"))
    aside = node("small", {} if item.get("error") else {"class": "cy-a-quiet"}, f" {problem}") if problem else None
    name = node("td", {}, node("bdi", {}, clean(item.get("name"))), aside)
    kind = str(WORDS["kind"].get(clean(item.get("kind")), clean(item.get("kind"))))
    return node("tr", {}, name, *(node("td", {}, text) for text in (clean(item.get("group")), kind, size)))


def _output(output: Any) -> Node | None:
    if output is None:
        return None
    text = shorten(json.dumps(scrub(output), indent=2, ensure_ascii=False, default=str))
    return node("section", {"class": "cy-a-files"}, node("pre", {}, text))


@functools.cache
def style() -> str:
    """Return the style sheet included in every archive."""
    return assets.text("archive.css").strip()
