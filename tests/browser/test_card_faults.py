"""Regression tests of the page: each of these failed before its bug was fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from settled import settle
from states.messages import asked, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page


def test_viewers_have_their_styles_wherever_and_whenever_the_card_comes_into_the_page(
    page: Page, show: Callable[..., Locator]
) -> None:
    """A card rendered before it is in the document must not show dots for buttons and empty panes."""
    show("completed-files")
    page.evaluate(
        """async () => {
          const host = document.createElement("div");
          const shadow = host.attachShadow({ mode: "open" });
          const style = document.createElement("style");
          style.textContent = await (await fetch("/static/card.css")).text();
          const el = document.createElement("div");
          const { card, model } = cards["completed-files"];
          card.render({ model, el });
          await new Promise((resolve) => setTimeout(resolve, 500)); // its modules are there before it is shown
          shadow.append(style, el);
          document.querySelector("main").prepend(host);
        }"""
    )
    text = page.locator(".cyberun-task").first.locator("[data-artifact='b']")
    expect(text.locator(".cy-v-inline")).to_be_visible()
    for part, name, value in [(".cy-icon", "width", "28px"), (".cy-v-inline", "box-sizing", "border-box")]:
        expect(text.locator(part).first).to_have_css(name, value)
    expect(text.get_by_role("button", name="Open prompt.txt at full size")).to_have_css("border-radius", "6px")


SPEECH = """(name) => {
  const live = cards[name].el.querySelector("[role=status]");
  window.speech = [live.textContent];
  const note = new MutationObserver(() => speech.push(live.textContent));
  note.observe(live, { childList: true, characterData: true, subtree: true });
}"""


def test_a_screen_reader_hears_a_quick_failure_and_nothing_after_it(page: Page, show: Callable[..., Locator]) -> None:
    card = show("connecting")
    page.evaluate(SPEECH, "connecting")
    send(page, "connecting", {"status": "failed", "connection": "closed", "error": "Out of memory."})
    expect(card.get_by_role("status")).to_have_text("Task: Failed. Out of memory.")
    assert page.evaluate("speech.at(-1)") == "Task: Failed. Out of memory."


def test_a_screen_reader_is_not_left_at_ten_percent_after_a_cancel(page: Page, show: Callable[..., Locator]) -> None:
    card = show("running")
    send(page, "running", {"progress": 0.1})
    expect(card.get_by_role("status")).to_contain_text("Running")
    send(page, "running", {"status": "cancelled", "connection": "closed", "_facts": {"actions": []}})
    expect(card.get_by_role("status")).to_have_text("text-to-image: Cancelled")


def test_a_viewer_that_cannot_be_loaded_says_why_and_can_be_tried_again(
    page: Page, show: Callable[..., Locator]
) -> None:
    card = show("completed")
    first = card.locator("[data-artifact='9.images.0']")
    opener = first.get_by_role("button", name="lichen_00001_.png", exact=True)
    expect(opener).to_be_visible()
    page.evaluate("cards.completed.model.refusals.module = 'The disk is gone.'")
    opener.click()
    expect(card).to_contain_text("The viewer can’t be loaded: The disk is gone.")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.evaluate("cards.completed.model.refusals = {}")
    opener.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(card).not_to_contain_text("can’t be loaded")


def test_a_card_of_another_release_gets_its_own_code_not_the_first_ones(
    page: Page, show: Callable[..., Locator]
) -> None:
    show("completed-files")
    expect(page.get_by_role("button", name="Download narration.wav")).to_be_attached()
    page.evaluate(
        """async () => {
          const script = await (await fetch("/static/card.js")).text();
          const other = script.replaceAll(/(files|viewers):"[0-9a-f]{12}"/g, '$1:"0123456789ab"');
          const { default: card } = await import(URL.createObjectURL(new Blob([other], { type: "text/javascript" })));
          const { model } = cards["completed-files"];
          model.sent.length = 0;
          card.initialize({ model });
          const el = document.querySelector("main").appendChild(document.createElement("div"));
          card.render({ model, el });
        }"""
    )
    page.wait_for_function("cards['completed-files'].model.sent.some(({ type }) => type === 'module')")
    (request,) = asked(page, "completed-files", "module")[:1]
    assert (request["name"], request["revision"]) == ("files", "0123456789ab")


def test_twenty_cards_ask_for_a_module_once(page: Page, show: Callable[..., Locator]) -> None:
    show("completed")
    requests = page.evaluate(
        """async () => {
          const script = await (await fetch("/static/card.js")).text();
          const other = script.replaceAll(/(files|viewers):"[0-9a-f]{12}"/g, '$1:"0123456789ab"');
          const { default: card } = await import(URL.createObjectURL(new Blob([other], { type: "text/javascript" })));
          const { model } = cards.completed;
          model.sent.length = 0;
          for (let i = 0; i < 20; i++) {
            card.render({ model, el: document.querySelector("main").appendChild(document.createElement("div")) });
          }
          await new Promise((resolve) => setTimeout(resolve, 500));
          return model.sent.filter(({ type }) => type === "module").length;
        }"""
    )
    assert requests == 1


def test_cards_in_a_grid_are_as_narrow_as_their_columns(page: Page, show: Callable[..., Locator]) -> None:
    show("running")
    widths = page.evaluate(
        """() => {
          const grid = document.createElement("div");
          Object.assign(grid.style, { display: "grid", gridTemplateColumns: "1fr 1fr", width: "500px" });
          document.querySelector("main").append(grid);
          const { card, model } = cards.running;
          return [0, 1].map(() => {
            const el = grid.appendChild(document.createElement("div"));
            el.className = "lm-Widget jupyter-widgets";
            card.render({ model, el });
            return el;
          }).map((el) => Math.round(el.getBoundingClientRect().width));
        }"""
    )
    assert widths == [250, 250]


@pytest.mark.parametrize("count", [3, 8, 60])
def test_stages_nobody_knows_stay_inside_the_card(page: Page, show: Callable[..., Locator], count: int) -> None:
    card = show("stage-train")
    stages = [
        {"name": f"a_stage_that_nobody_has_ever_heard_of_{i}", "state": "done", "seconds": 3, "progress": 1}
        for i in range(count)
    ]
    send(page, "stage-train", {"stages": stages})
    expect(card.locator(".cy-track > *")).to_have_count(count if count < 13 else 1)
    edge = card.locator(".cy-card").bounding_box()
    for part in card.locator(".cy-track > *, .cy-stages > *").all():
        box = part.bounding_box()
        assert edge["x"] <= box["x"]
        assert box["x"] + box["width"] <= edge["x"] + edge["width"] + 1


def test_a_tiny_picture_is_not_blown_up(page: Page, show: Callable[..., Locator]) -> None:
    card = show("completed-one")
    page.evaluate(
        """async () => {
          const canvas = new OffscreenCanvas(8, 8);
          canvas.getContext("2d").fillRect(0, 0, 8, 8);
          const { model } = cards["completed-one"];
          const [first] = model.get("artifacts");
          const blob = await canvas.convertToBlob();
          model.files.set(first.key, blob);
          const poster = new DataView(await blob.arrayBuffer());
          const about = { poster, poster_mime: "image/png", width: 8, height: 8, revision: "8" };
          model.update({ artifacts: [{ ...first, ...about }] });
        }"""
    )
    image = card.get_by_role("img")
    expect(image).to_be_visible()
    expect(image).to_have_js_property("naturalWidth", 8)
    assert image.bounding_box()["width"] <= 8
    assert card.locator(".cy-media").bounding_box()["height"] <= 64


def test_a_late_answer_does_not_take_the_place_of_a_newer_file(page: Page, show: Callable[..., Locator]) -> None:
    card = show("completed-one")
    settle(page)
    page.evaluate(
        """() => {
          const { model } = cards["completed-one"];
          const [first] = model.get("artifacts");
          model.alive = false;
          model.update({ artifacts: [{ ...first, revision: "old" }] });
        }"""
    )
    page.wait_for_function(
        "cards['completed-one'].model.sent.some(({ type, revision }) => type === 'read' && revision === 'old')"
    )
    page.evaluate(
        """async () => {
          const { model } = cards["completed-one"];
          const [first] = model.get("artifacts");
          const { id } = model.sent.find(({ type, revision }) => type === "read" && revision === "old");
          const old = model.files.get(first.key);
          const canvas = new OffscreenCanvas(24, 24);
          canvas.getContext("2d").fillRect(0, 0, 24, 24);
          model.files.set(first.key, await canvas.convertToBlob());
          model.alive = true;
          model.update({ artifacts: [{ ...first, revision: "new" }] });
          const reply = { type: "reply", protocol: 1, re: id, offset: 0, total: old.size, mime: old.type };
          model.emit("msg:custom", reply, [new DataView(await old.arrayBuffer())]);
        }"""
    )
    expect(card.get_by_role("img")).to_have_js_property("naturalWidth", 24)


def test_the_warning_of_a_file_that_is_here_stands_on_its_tile(page: Page, show: Callable[..., Locator]) -> None:
    card = show("completed-one")
    page.evaluate(
        """() => {
          const { model } = cards["completed-one"];
          const error = "Named .png, but it holds text.";
          model.update({ artifacts: model.get("artifacts").map((a) => ({ ...a, error })) });
        }"""
    )
    expect(card.locator("[data-artifact]")).to_contain_text("Named .png, but it holds text.")


def test_a_card_out_of_view_or_on_a_hidden_tab_says_so(page: Page, show: Callable[..., Locator]) -> None:
    card = show("running")
    page.wait_for_function("cards.running.model.sent.some(({ type }) => type === 'visible')")
    page.evaluate("document.querySelector('section').style.marginTop = '5000px'")
    page.wait_for_function("cards.running.model.sent.findLast(({ type }) => type === 'visible').visible === false")
    card.scroll_into_view_if_needed()
    page.wait_for_function("cards.running.model.sent.findLast(({ type }) => type === 'visible').visible === true")
    page.evaluate(
        """() => {
          Object.defineProperty(document, "hidden", { configurable: true, value: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    said = [message["visible"] for message in asked(page, "running", "visible")]
    assert said == [True, False, True, False]
    assert len({message["view"] for message in asked(page, "running", "visible")}) == 1


def test_one_sign_of_life_counts_for_all_cards_of_a_kernel(page: Page, show: Callable[..., Locator]) -> None:
    show("running,queued", still=1)
    send(page, "running", {"_facts": {"process": "p1"}})
    page.evaluate(
        """() => {
          const real = performance.now;
          performance.now = () => real.call(performance) + 100_000; // a hundred seconds later
          cards.queued.model.emit("msg:custom", { type: "beat", protocol: 1, process: "p1" }, []);
        }"""
    )
    first, second = page.locator(".cyberun-task").all()
    expect(second).to_contain_text("The kernel is not responding.")
    expect(first).not_to_contain_text("The kernel is not responding.")
