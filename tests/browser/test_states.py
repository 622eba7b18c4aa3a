"""The card in all its states, without a kernel: the real card with the fixtures of `states/`.

The kernel's part (traits over a comm, a busy cell, a reload) is tested in the notebook tests.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from settled import settle
from states.messages import asked, send
from states.serve import STATIC

from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Locator, Page

THEMES = ("light", "dark")

LEDGER = """
// Every timer and blob URL that is held, every observer that observes.
window.held = { timers: new Set(), urls: new Set(), observers: new Set() };
for (const kind of ["Interval", "Timeout"]) {
  const [set, clear] = [window[`set${kind}`], window[`clear${kind}`]];
  window[`set${kind}`] = (work, ms) => {
    const id = set(() => (kind === "Timeout" && held.timers.delete(id), work()), ms);
    held.timers.add(id);
    return id;
  };
  window[`clear${kind}`] = (id) => (held.timers.delete(id), clear(id));
}
const [create, revoke] = [URL.createObjectURL, URL.revokeObjectURL];
URL.createObjectURL = (blob) => {
  const url = create.call(URL, blob);
  held.urls.add(url);
  return url;
};
URL.revokeObjectURL = (url) => (held.urls.delete(url), revoke.call(URL, url));
window.IntersectionObserver = class extends IntersectionObserver {
  observe(node) { held.observers.add(this); super.observe(node); }
  disconnect() { held.observers.delete(this); super.disconnect(); }
};
"""


def scroll_through(page: Page) -> None:
    """Scroll everything into view once, so that viewers are rendered."""
    page.evaluate(
        """async () => {
          for (let y = 0; y < document.body.scrollHeight; y += 400) {
            scrollTo(0, y);
            for (const _ of "12") await new Promise(requestAnimationFrame); // what came into sight is noticed
          }
          scrollTo(0, 0);
        }"""
    )
    settle(page)


# --- every state


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("host", ["plain", "lab"])
def test_axe_finds_nothing_in_any_state(page: Page, show: Callable[..., Locator], theme: str, host: str) -> None:
    show(theme=theme, host=host, still=1)
    scroll_through(page)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [320, 1000])
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_no_state_is_wider_than_its_column(
    page: Page, show: Callable[..., Locator], width: int, direction: str
) -> None:
    show(width=width, dir=direction)
    scroll_through(page)
    wide = page.evaluate(
        """() => Object.entries(cards).filter(([, { el }]) => {
          const card = el.querySelector(".cy-card");
          const edge = card.getBoundingClientRect();
          const parts = card.querySelectorAll("button, .cy-pill, .cy-title, .cy-row > *, .cy-foot > *, .cy-tile");
          return [...parts].some((node) => {
            const box = node.getBoundingClientRect();
            return box.width && (box.left < edge.left - 1 || box.right > edge.right + 1);
          });
        }).map(([name]) => name)"""
    )
    assert wide == []


def test_every_card_keeps_the_contract(page: Page, show: Callable[..., Locator]) -> None:
    show()
    for name, fixture in page.evaluate("() => Object.entries(states)"):
        card = page.locator("section", has=page.get_by_role("heading", name=name, exact=True)).locator(".cyberun-task")
        expect(card).to_have_attribute("role", "group")
        expect(card).to_have_attribute("data-task-id", fixture["task_id"])
        expect(card).to_have_attribute("data-status", fixture["status"])
        expect(card).to_have_attribute("data-connection", fixture["connection"])
        bar = card.get_by_role("progressbar")
        expect(bar).to_have_count(1)
        expect(bar).to_have_attribute("aria-valuenow", str(round(100 * fixture["progress"])))
        assert bar.get_attribute("aria-valuetext")
        expect(card.locator("> [role=status]")).to_have_count(1)  # viewers may have their own
        assert card.locator("> [role=status]").inner_text()
        for artifact in fixture["artifacts"][:8]:  # the others are shown on request
            tile = card.locator(f"[data-artifact='{artifact['key']}']")
            expect(tile).to_have_attribute("data-kind", artifact["kind"])
            in_sight = fixture["density"] == "full" or artifact is fixture["artifacts"][0]  # a line has room for one
            if in_sight and artifact["kind"] == "image" and artifact["state"] == "ready":
                picture = tile.get_by_role("img", name=artifact["name"])
                picture.scroll_into_view_if_needed()
                expect(picture).to_have_js_property("complete", True)
                expect(picture).not_to_have_js_property("naturalWidth", 0)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("connecting", ["Connecting", "Getting the status…"]),
        (
            "waiting",
            ["Waiting for an agent with", "gpu, comfyui", "2:31 waiting", "since", "You can also start another agent."],
        ),
        (
            "running",
            [
                "Running",
                "35%",
                "step 7 of 20",
                "KSampler",
                "0:14 elapsed",
                "about 26 s left",
                "2.1 steps/s",
                "RTX 4090",
            ],
        ),
        ("stage-train", ["Training", "58%", "step 18,600 of 30,000", "6:20 · 62%", "1:42", "about 6 min left"]),
        ("polling", ["Polling every few seconds", "The server does not stream this task."]),
        ("reconnecting", ["Reconnecting in 4 s", "The server answered 502.", "last update 12 s ago"]),
        ("cancel-requested", ["Cancelling", "Cancelling… waiting for the service to confirm."]),
        ("stopped", ["Paused", "The task is still running."]),
        ("kernel-silent", ["The kernel is not responding.", "as of 47 s ago"]),
        ("unknown-status", ["hibernating", "35%"]),
        ("fatal-connection", ["Connection failed", "This is an agent key (ak-…), which can't read tasks."]),
        ("completed", ["Completed", "Finished in 40 s", "4 files", "lichen_00001_.png", "512 × 512 · 412 kB"]),
        (
            "downloading",
            [
                "Fetching results: 1 of 3 files · 620 kB of 1.3 MB",
                "Fetch 120 MB",
                "212 kB of 421 kB",
                "3.1 of 4.2 MB",
            ],
        ),
        (
            "failed",
            [
                "Failed",
                "Process data failed: only 3 of 48 photos could be placed.",
                "failed · 1:43",
                "Failed after 1:51",
            ],
        ),
        ("failed-node", ["Out of GPU memory", "KSampler"]),
        ("cancelled", ["Cancelled", "Stopped at 42%.", "Cancelled after 31 s"]),
    ],
)
def test_a_state_says_what_matters(page: Page, show: Callable[..., Locator], state: str, words: list[str]) -> None:
    page.clock.install(time="2026-03-02T15:00:00Z")
    card = show(state, still=1)
    for text in words:
        expect(card).to_contain_text(text)


def test_speed_and_time_left_appear_only_when_they_are_known(show: Callable[..., Locator]) -> None:
    card = show("running-no-steps")
    expect(card).not_to_contain_text("left")
    expect(card).not_to_contain_text("steps/s")


# --- time, and a silent kernel


def test_seconds_go_on_between_messages(page: Page, show: Callable[..., Locator]) -> None:
    page.clock.install()
    card = show("reconnecting", still=1)
    page.clock.run_for(2_000)
    expect(card).to_contain_text("Reconnecting in 2 s")
    expect(card).to_contain_text("last update 14 s ago")
    expect(card).to_contain_text("8:12 elapsed")
    expect(card).to_contain_text("6:22 · 62%")


def test_a_silent_kernel_is_asked_then_said_to_be_silent(page: Page, show: Callable[..., Locator]) -> None:
    page.clock.install()
    card = show("running", still=1)
    page.clock.run_for(14_000)
    assert asked(page, "running", "sync") == []
    page.clock.run_for(2_000)
    assert len(asked(page, "running", "sync")) == 1
    page.clock.run_for(16_000)
    assert len(asked(page, "running", "sync")) == 2
    expect(card).to_contain_text("The kernel is not responding.")
    expect(card).not_to_contain_text("left")
    expect(card).to_contain_text("0:14 elapsed")  # as last known: the clock stops
    send(page, "running", {"progress": 0.5})
    expect(card).not_to_contain_text("not responding")
    expect(card).to_contain_text("50%")


def test_a_sign_of_life_by_another_card_keeps_a_quiet_one_alive_and_its_clock_running(
    page: Page, show: Callable[..., Locator]
) -> None:
    page.clock.install()
    card = show("running,waiting", still=1).first
    send(page, "running", {"_facts": {"process": "this kernel"}})
    for _ in range(8):
        page.clock.run_for(5_000)
        page.evaluate(
            "cards.waiting.model.emit('msg:custom', { type: 'beat', protocol: 1, process: 'this kernel' }, [])"
        )
    page.clock.run_for(1_000)
    expect(card).not_to_contain_text("not responding")
    expect(card).to_contain_text("0:55 elapsed")
    assert asked(page, "running", "sync") == []


def test_a_poster_travels_beside_its_file_and_stays_while_the_others_change(
    page: Page, show: Callable[..., Locator]
) -> None:
    card = show("running")
    page.evaluate(
        """async () => {
          const { model } = cards.running;
          const drawing = new OffscreenCanvas(8, 8);
          drawing.getContext("2d").fillRect(0, 0, 8, 8);
          const poster = await (await drawing.convertToBlob({ type: "image/png" })).arrayBuffer();
          const file = { ...states.completed.artifacts[0], poster: null, poster_mime: "image/png", state: "waiting" };
          window.files = ["a.png", "b.png"].map((key) => ({ ...file, key, name: key }));
          model.update({ artifacts: structuredClone(files), "_poster:a.png": new DataView(poster) });
        }"""
    )
    picture = card.locator("[data-artifact='a.png'] img")
    expect(card.locator("[data-artifact='b.png'] button").first).to_be_attached()  # from the module `files`
    expect(picture).to_have_js_property("naturalWidth", 8)
    source = picture.get_attribute("src")
    page.evaluate(
        """() => {
          files[1].state = "downloading";
          files[1].received = 1000;
          cards.running.model.update({ artifacts: structuredClone(files) });
        }"""
    )
    expect(card.locator("[data-artifact='b.png']")).to_have_attribute("data-state", "downloading")
    assert picture.get_attribute("src") == source


def test_a_finished_task_asks_for_nothing(page: Page, show: Callable[..., Locator]) -> None:
    page.clock.install()
    card = show("failed", still=1)
    page.clock.run_for(60_000)
    sent = page.evaluate("cards.failed.model.sent.map((message) => message.type)")
    assert set(sent) <= {"module", "visible"}  # sent once by each view
    expect(card).not_to_contain_text("not responding")


def test_the_live_region_speaks_seldom(page: Page, show: Callable[..., Locator]) -> None:
    page.clock.install()
    card = show("running", still=1)
    live = card.get_by_role("status")
    expect(live).to_have_text("text-to-image: Running, 35% · about 26 s left")
    for percent in range(36, 46):
        send(page, "running", {"progress": percent / 100})
        page.clock.run_for(500)
    expect(live).to_have_text("text-to-image: Running, 35% · about 26 s left")
    send(page, "running", {"status": "completed", "progress": 1})
    expect(live).to_have_text("text-to-image: Completed")


# --- updates


def test_updates_patch_the_card(page: Page, show: Callable[..., Locator]) -> None:
    show("running")
    page.evaluate("window.before = [...document.querySelectorAll('.cyberun-task *')]")
    send(page, "running", {"progress": 0.5, "step_current": 10, "message": "Half way", "_facts": {"speed": 3.0}})
    expect(page.locator(".cyberun-task")).to_contain_text("Half way")
    assert page.evaluate("window.before.every((node) => node.isConnected)")


def test_the_bar_moves_forwards_smoothly_and_jumps_back_when_a_task_starts_over(
    page: Page, show: Callable[..., Locator]
) -> None:
    show("running")
    fill = page.locator(".cy-track b")
    send(page, "running", {"progress": 0.6})
    expect(fill).to_have_attribute("style", "width: 60%;")
    assert fill.evaluate("(node) => getComputedStyle(node).transitionDuration") == "0.4s"
    send(page, "running", {"progress": 0.1})
    expect(fill).to_have_attribute("style", re.compile("transition: none"))
    assert (
        fill.evaluate("(node) => node.getBoundingClientRect().width / node.parentNode.getBoundingClientRect().width")
        < 0.2
    )


def test_stages_are_as_long_as_they_take(page: Page, show: Callable[..., Locator]) -> None:
    show("completed-splat", width=1000)
    widths = page.locator(".cy-track i").evaluate_all(
        "(nodes) => nodes.map((node) => node.getBoundingClientRect().width)"
    )
    download, process, train, export, upload = widths
    assert train > 4 * process > 4 * export > 4 * upload
    assert train / process == pytest.approx(612 / 102, rel=0.05)
    assert download > 0


def test_words_of_others_stay_words(page: Page, show: Callable[..., Locator]) -> None:
    card = show("running")
    evil = "<img src=x onerror='window.ran = 1'><script>window.ran = 1</script>"
    artifact = page.evaluate("states.completed.artifacts[0]") | {"name": evil, "group": evil, "poster": None}
    send(
        page,
        "running",
        {"message": evil, "error": evil, "artifacts": [artifact], "_facts": {"title": evil, "node": evil, "gpu": evil}},
    )
    expect(card).to_contain_text("<script>")
    page.wait_for_timeout(200)  # nothing may happen: a script would have run by then
    assert page.evaluate("window.ran") is None
    assert card.locator("script").count() == 0


def test_two_views_of_one_task_follow_it_together(page: Page, show: Callable[..., Locator]) -> None:
    show("running")
    page.evaluate(
        """() => {
          const { card, model } = cards.running;
          window.second = card.render({ model, el: document.querySelector("main") });
        }"""
    )
    expect(page.locator(".cyberun-task")).to_have_count(2)
    send(page, "running", {"progress": 0.8})
    for card in page.locator(".cyberun-task").all():
        expect(card.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "80")
    page.evaluate("() => window.second()")
    expect(page.locator(".cyberun-task")).to_have_count(1)
    send(page, "running", {"progress": 0.9})
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "90")


# --- by keyboard


def test_a_task_is_cancelled_by_keyboard_and_focus_is_not_lost(page: Page, show: Callable[..., Locator]) -> None:
    card = show("running", dead=1)
    page.keyboard.press("Tab")
    cancel = card.get_by_role("button", name="Cancel", exact=True)
    expect(cancel).to_be_focused()
    assert cancel.evaluate("(node) => getComputedStyle(node).outlineStyle") == "solid"
    send(page, "running", {"progress": 0.4})
    expect(cancel).to_be_focused()
    page.keyboard.press("Enter")
    expect(card.get_by_role("group", name="Cancel this task?")).to_be_visible()
    expect(card.get_by_role("button", name="Keep it running")).to_be_focused()
    page.keyboard.press("Escape")
    expect(cancel).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    expect(card.get_by_role("button", name="Yes, cancel")).to_be_focused()
    assert asked(page, "running", "cancel") == []
    page.keyboard.press("Enter")
    assert len(asked(page, "running", "cancel")) == 1
    expect(card).to_contain_text("Cancelling")
    expect(cancel).to_be_focused()
    page.keyboard.press("Enter")
    expect(card.get_by_role("group", name="Cancel this task?")).to_be_hidden()
    expect(card).to_contain_text("Cancel will be sent when the kernel is free.")
    send(page, "running", {"_facts": {"cancel": "requested"}})
    expect(card).to_contain_text("waiting for the service to confirm")
    send(page, "running", {"status": "cancelled", "_facts": {"cancel": "", "actions": []}})
    expect(cancel).to_be_hidden()
    expect(card).to_be_focused()


@pytest.mark.parametrize("width", [320, 520, 1000])
@pytest.mark.parametrize("state", ["running", "compact-running"])
def test_a_double_click_on_cancel_cancels_nothing(
    page: Page, show: Callable[..., Locator], state: str, width: int
) -> None:
    card = show(state, width=width)
    place = card.get_by_role("button", name="Cancel", exact=True).bounding_box()
    edge = card.locator(".cy-card").bounding_box()
    assert place is not None
    assert edge is not None
    for click in range(4):
        page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
        if click == 0:
            for name in ("Yes, cancel", "Keep it running"):
                answer = card.get_by_role("button", name=name).bounding_box()
                assert answer is not None
                assert edge["x"] <= answer["x"]
                assert answer["x"] + answer["width"] <= edge["x"] + edge["width"]
    assert asked(page, state, "cancel") == []


def test_a_refused_cancel_can_be_tried_again(page: Page, show: Callable[..., Locator]) -> None:
    card = show("running")
    page.evaluate("cards.running.model.refusals.cancel = 'The server answered 503.'")
    for count in (1, 2):
        card.get_by_role("button", name="Cancel", exact=True).click()
        card.get_by_role("button", name="Yes, cancel").click()
        expect(card).to_contain_text("The server answered 503.")
        assert len(asked(page, "running", "cancel")) == count


ACTIONS = ["reconnect", "resume", "fetch_again", "run_again", "save_all"]


def boxes(card: Locator) -> dict[str, Any]:
    """Return the positions of the card's buttons, by name."""
    found: dict[str, Any] = card.evaluate(
        """(card) => Object.fromEntries([...card.querySelectorAll("button")]
          .map((node) => [node.textContent, node.getBoundingClientRect().toJSON()])
          .filter(([, box]) => box.width))"""
    )
    return found


def test_what_costs_money_never_stands_where_another_button_was(page: Page, show: Callable[..., Locator]) -> None:
    """Two clicks on Cancel, half a second apart, must not cancel a task and pay for a new one."""
    card = show("running")
    before = boxes(card)
    for action in ACTIONS:
        send(page, "running", {"connection": "reconnecting", "_facts": {"actions": ["cancel", action], "note": "x"}})
        expect(card).to_have_attribute("data-connection", "reconnecting")
        before |= {f"{name} with {action}": box for name, box in boxes(card).items() if name != "Run again"}
    card.get_by_role("button", name="Cancel", exact=True).click()
    before |= boxes(card)
    assert {"Cancel", "Yes, cancel", "Keep it running", "Save all with save_all", "Resume with resume"} <= set(before)
    for status, error in [("cancelled", None), ("failed", "Out of memory.")]:
        send(page, "running", {"status": status, "error": error, "_facts": {"actions": ["run_again"], "note": ""}})
        again = card.get_by_role("button", name="Run again", exact=True)
        expect(again).to_be_visible()
        box = boxes(card)["Run again"]
        for name, other in before.items():
            apart = (
                other["right"] <= box["left"] or box["right"] <= other["left"]
                or other["bottom"] <= box["top"] or box["bottom"] <= other["top"]
            )  # fmt: skip
            assert apart, f"Run again stands where {name} was"
        again.dblclick()
        assert asked(page, "running", "run_again") == []
        card.get_by_role("button", name="Not now").click()


def test_run_again_says_that_it_is_paid_and_starts_anew(page: Page, show: Callable[..., Locator]) -> None:
    card = show("running")
    card.get_by_role("button", name="Cancel", exact=True).click()
    card.get_by_role("button", name="Yes, cancel").click()
    send(page, "running", {"status": "cancelled", "_facts": {"actions": ["run_again"]}})
    card.get_by_role("button", name="Run again", exact=True).click()
    expect(card).to_contain_text("This starts a new, paid run.")
    expect(card.get_by_role("button", name="Not now")).to_be_focused()
    card.get_by_role("button", name="Run again and pay").click()
    assert len(asked(page, "running", "run_again")) == 1
    send(page, "running", {"task_id": "another", "status": "running", "_facts": {"actions": ["cancel"]}})
    expect(card.locator(".cy-pill")).to_have_text("Running")
    expect(card.get_by_role("button", name="Cancel", exact=True)).not_to_have_attribute("aria-disabled", "true")
    expect(card.get_by_role("button", name="Run again")).to_have_count(0)


@pytest.mark.parametrize(
    ("action", "name"), [("reconnect", "Reconnect"), ("resume", "Resume"), ("fetch_again", "Fetch again")]
)
def test_each_remedy_has_its_own_word(page: Page, show: Callable[..., Locator], action: str, name: str) -> None:
    card = show("stopped")
    send(page, "stopped", {"_facts": {"actions": [action]}})
    card.get_by_role("button", name=name, exact=True).click()
    assert len(asked(page, "stopped", action)) == 1


def test_a_card_says_which_run_it_is(page: Page, show: Callable[..., Locator]) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    card = show("running")
    long = "a prompt that goes on for longer than anybody would read on a card"
    send(page, "running", {"label": "try 3", "_facts": {"parameters": {"seed": 7, "tiled": False, "prompt": long}}})
    expect(card.locator(".cy-tag")).to_have_text("try 3")
    expect(card.locator(".cy-about")).to_have_text("seed 7 · tiled false · prompt a prompt that goes on for longer…")
    expect(card).to_have_attribute("aria-label", "Task text-to-image · try 3")
    task = page.evaluate("states.running.task_id")
    expect(card.locator(".cy-id")).to_have_text(f"…{task[-8:]}")
    card.get_by_role("button", name="Copy task id").click()
    expect(card.get_by_role("button", name="Task id copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == task
    expect(card.get_by_role("button", name="Copy task id")).to_be_visible()


def test_a_long_title_gives_way_to_the_label(page: Page, show: Callable[..., Locator]) -> None:
    card = show("long-names", width=320)
    send(page, "long-names", {"label": "try 3"})
    label, title = card.locator(".cy-tag"), card.locator(".cy-title")
    expect(label).to_have_text("try 3")
    assert label.evaluate("(node) => node.scrollWidth <= node.clientWidth")
    assert title.evaluate("(node) => node.clientWidth > 40")


def test_nothing_is_said_of_the_time_left_while_cancelling(page: Page, show: Callable[..., Locator]) -> None:
    card = show("running")
    expect(card).to_contain_text("left")
    send(page, "running", {"_facts": {"cancel": "requested"}})
    expect(card).not_to_contain_text("left")


def test_a_problem_that_comes_later_is_shown(page: Page, show: Callable[..., Locator]) -> None:
    card = show("failed")
    page.evaluate(
        """cards.failed.model.emit(
          "msg:custom", { type: "problem", protocol: 1, text: "It could not be run again." }, [])"""
    )
    expect(card).to_contain_text("It could not be run again.")


def test_a_picture_is_opened_closed_and_saved_by_keyboard(page: Page, show: Callable[..., Locator]) -> None:
    card = show("completed")
    first = card.locator("[data-artifact='9.images.0']")
    expect(first.get_by_role("button", name="Download lichen_00001_.png")).to_be_attached()
    page.keyboard.press("Tab")
    expect(card.get_by_role("button", name="Copy task id")).to_be_focused()
    page.keyboard.press("Tab")
    expect(card.get_by_role("button", name="Save all")).to_be_focused()
    page.keyboard.press("Tab")
    expect(card.get_by_role("button", name="More")).to_be_focused()
    page.keyboard.press("Tab")
    opener = first.get_by_role("button", name="lichen_00001_.png", exact=True)
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(opener).to_be_focused()
    page.keyboard.press("Tab")
    save = first.get_by_role("button", name="Download lichen_00001_.png")
    expect(save).to_be_focused()
    expect(save).to_have_css("opacity", "1")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "lichen_00001_.png"
    for _ in range(3):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    assert len(asked(page, "completed", "save_all")) == 1


def test_details_unfold_and_are_copied(page: Page, show: Callable[..., Locator]) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    card = show("failed")
    expect(card.get_by_text("colmap mapper")).to_be_hidden()
    card.get_by_text("Details", exact=True).press("Enter")
    expect(card.get_by_text("colmap mapper")).to_be_visible()
    card.get_by_role("button", name="Copy details").press("Enter")
    expect(card.get_by_role("button", name="Copied")).to_be_focused()
    story = page.evaluate("navigator.clipboard.readText()")
    for part in ("garden-splat", "019abd77", "process_data", "only 3 of 48", "colmap mapper", "A100"):
        assert story.count(part) == 1
    expect(card.get_by_role("button", name="Copy details")).to_be_focused()


def test_more_is_a_menu_for_mouse_and_keyboard(page: Page, show: Callable[..., Locator]) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    card = show("completed")
    more = card.get_by_role("button", name="More")
    more.press("Enter")
    menu = card.get_by_role("menu", name="More")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(menu.get_by_role("menuitem").last).to_be_focused()
    page.keyboard.press("Home")
    expect(menu.get_by_role("menuitem", name="Run again with changes")).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(more).to_be_focused()
    more.click()
    menu.get_by_role("menuitem", name="Copy task id").click()
    expect(menu.get_by_role("menuitem", name="Copied")).to_be_visible()
    expect(menu).to_be_hidden()
    assert page.evaluate("navigator.clipboard.readText()") == page.evaluate("states.completed.task_id")


def test_details_are_the_kernels_report_where_it_answers(page: Page, show: Callable[..., Locator]) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    card = show("failed")
    page.evaluate("cards.failed.model.report = 'what happened, second by second'")
    card.get_by_role("button", name="Copy details").click()
    expect(card.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "what happened, second by second"


# --- files


def test_pictures_show_while_the_kernel_answers_nothing(page: Page, show: Callable[..., Locator]) -> None:
    show("completed", dead=1)
    picture = page.get_by_role("img", name="lichen_00002_.png")
    expect(picture).to_have_js_property("naturalWidth", 512)


def big_file(page: Page, state: str, key: str, megabytes: float) -> None:
    """Give the kernel a file of this size, filled with consecutive numbers."""
    page.evaluate(
        """([state, key, size]) => {
          const bytes = new Uint32Array(size / 4).map((_, i) => i);
          cards[state].model.files.set(key, new Blob([bytes], { type: "application/x-test" }));
        }""",
        [state, key, int(megabytes * 2**20)],
    )


def test_a_large_file_travels_in_pieces_and_only_once(page: Page, show: Callable[..., Locator]) -> None:
    card = show("completed-files")
    expect(card.locator("[data-artifact='c'] .cy-v-plot")).to_be_visible()  # the small file is read
    big_file(page, "completed-files", "c", 3.5)
    save = card.get_by_role("button", name="Download scores.csv")
    page.evaluate("cards['completed-files'].model.sent.length = 0")
    fetch_again(page, "completed-files", "c")
    for _ in range(2):
        with page.expect_download() as download:
            save.click()
        assert Path(download.value.path()).stat().st_size == 3.5 * 2**20
    reads = [message["offset"] for message in asked(page, "completed-files", "read") if message["key"] == "c"]
    assert reads == [0, 2**20, 2 * 2**20, 3 * 2**20]


def fetch_again(page: Page, state: str, key: str) -> None:
    """Make the kernel download a file again, possibly with other content."""
    page.evaluate(
        """([state, key]) => {
          const { model } = cards[state];
          const again = (a) => (a.key === key ? { ...a, revision: `${a.revision ?? 0}1` } : a);
          model.update({ artifacts: model.get("artifacts").map(again) });
        }""",
        [state, key],
    )


def test_a_file_that_was_fetched_again_shows_its_new_bytes(page: Page, show: Callable[..., Locator]) -> None:
    card = show("completed-files")
    text = card.locator("[data-artifact='b']")
    expect(text).to_contain_text("lichen on basalt")
    page.evaluate("cards['completed-files'].model.files.set('b', new Blob(['moss on slate']))")
    fetch_again(page, "completed-files", "b")
    expect(text).to_contain_text("moss on slate")
    expect(text).not_to_contain_text("lichen on basalt")


def test_a_file_that_cannot_be_read_says_so_where_it_is(page: Page, show: Callable[..., Locator]) -> None:
    card = show("completed-splat")
    tile = card.locator("[data-artifact='mesh']")
    tile.hover()
    tile.get_by_role("button", name="Download garden.glb").click()
    expect(tile).to_contain_text("Not downloaded: There is no such file.")


def test_pieces_sent_unasked_are_used(page: Page, show: Callable[..., Locator]) -> None:
    card = show("completed-splat")
    tile = card.locator("[data-artifact='mesh']")
    expect(tile.get_by_role("button", name="Download garden.glb")).to_be_attached()
    page.evaluate(
        """() => {
          const model = cards["completed-splat"].model;
          model.alive = false;
          for (const offset of [0, 4]) {
            const piece = new DataView(new Uint8Array([1, 2, 3, 4]).buffer);
            const about = { key: "mesh", revision: "", offset, total: 8, mime: "model/gltf-binary" };
            const chunk = { type: "chunk", protocol: 1, ...about };
            model.emit("msg:custom", chunk, [piece]);
          }
        }"""
    )
    tile.hover()
    with page.expect_download() as download:
        tile.get_by_role("button", name="Download garden.glb").click()
    assert Path(download.value.path()).read_bytes() == bytes([1, 2, 3, 4] * 2)


def test_what_is_offered_is_fetched_on_request(page: Page, show: Callable[..., Locator]) -> None:
    card = show("downloading")
    card.get_by_role("button", name="Fetch 120 MB").click()
    card.get_by_role("button", name="Try lichen_00005_.png again").click()
    assert [message["key"] for message in asked(page, "downloading", "fetch")] == ["scene", "9.images.4"]


# --- appearance that depends on the host


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    "mark",
    [
        "document.body.dataset.jpThemeLight = String(theme === 'light')",
        "document.body.className = theme === 'dark' ? 'vscode-dark' : 'vscode-light'",
        "document.documentElement.setAttribute('theme', theme)",
        "document.body.className = theme",
    ],
    ids=["jupyter", "vscode", "colab", "marimo"],
)
def test_the_theme_is_the_hosts(page: Page, show: Callable[..., Locator], theme: str, mark: str) -> None:
    page.emulate_media(color_scheme="light" if theme == "dark" else "dark")  # the opposite: the host decides
    card = show("running")
    page.evaluate(f"(theme) => {{ {mark} }}", theme)
    assert lightness(card, "background-color") == pytest.approx(1 if theme == "light" else 0.1, abs=0.1)


@pytest.mark.parametrize("theme", THEMES)
def test_without_a_host_the_theme_is_the_systems(page: Page, show: Callable[..., Locator], theme: Any) -> None:
    page.emulate_media(color_scheme=theme)
    card = show("running")
    assert lightness(card, "background-color") == pytest.approx(1 if theme == "light" else 0.1, abs=0.1)


def test_a_shadow_root_hands_down_its_scheme(page: Page, show: Callable[..., Locator]) -> None:
    show("running")
    page.evaluate(
        """async () => {
          const host = document.createElement("div");
          host.style.colorScheme = "dark";
          document.querySelector("main").append(host);
          const shadow = host.attachShadow({ mode: "open" });
          const style = document.createElement("style");
          style.textContent = await (await fetch("/static/card.css")).text();
          shadow.append(style);
          const { card, model } = cards.running;
          card.render({ model, el: shadow.appendChild(document.createElement("div")) });
        }"""
    )
    assert lightness(page.locator(".cyberun-task").last, "background-color") < 0.2


def lightness(card: Locator, what: str) -> float:
    """Return the mean of the colour's channels, in [0, 1]."""
    colour = card.locator(".cy-card").evaluate("(node, what) => getComputedStyle(node).getPropertyValue(what)", what)
    numbers = [float(number) for number in re.findall(r"[\d.]+", colour)][:3]
    return sum(numbers) / 3 / (1 if colour.startswith("color(") else 255)


def test_nothing_moves_for_those_who_asked_for_less_motion(page: Page, show: Callable[..., Locator]) -> None:
    page.emulate_media(reduced_motion="reduce")
    show("pending", "waiting", "running", "stage-process")
    send(page, "running", {"progress": 0.9})
    assert page.evaluate("document.getAnimations().length") == 0
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate("document.getAnimations().length") > 0


def test_the_bar_fills_from_the_right_in_a_right_to_left_page(page: Page, show: Callable[..., Locator]) -> None:
    show("running", dir="rtl")
    track, fill = (page.locator(selector).bounding_box() for selector in (".cy-track i", ".cy-track b"))
    assert track is not None
    assert fill is not None
    assert fill["x"] + fill["width"] == pytest.approx(track["x"] + track["width"], abs=1)
    assert fill["x"] > track["x"] + 10


def test_right_to_left_words_stand_right_in_a_left_to_right_card(show: Callable[..., Locator]) -> None:
    card = show("rtl")
    assert card.locator(".cy-title").evaluate("(node) => node.matches(':dir(rtl)')")
    assert card.evaluate("(node) => node.matches(':dir(ltr)')")


def test_paper_carries_no_buttons(page: Page, show: Callable[..., Locator]) -> None:
    card = show("running")
    page.emulate_media(media="print")
    expect(card.get_by_role("button", name="Cancel")).to_be_hidden()
    expect(card.get_by_text("35%", exact=True)).to_be_visible()


def test_forced_colours_keep_the_bar(page: Page, show: Callable[..., Locator]) -> None:
    page.emulate_media(forced_colors="active")
    show("running")
    track, fill = (
        page.locator(selector).evaluate("(node) => getComputedStyle(node).backgroundColor")
        for selector in (".cy-track i", ".cy-track b")
    )
    assert track != fill


def test_a_compact_card_is_one_line(page: Page, show: Callable[..., Locator]) -> None:
    for width in (320, 1000):
        show("compact-running", "compact-waiting", "compact-completed", "compact-failed", width=width)
        settle(page)
        for card in page.locator(".cyberun-task").all():
            box = card.bounding_box()
            assert box is not None
            assert box["height"] <= 48


@pytest.mark.parametrize("width", [680, 1000])
def test_twelve_siblings_stand_in_columns(page: Page, show: Callable[..., Locator], width: int) -> None:
    show(*(f"sibling-{number}" for number in range(1, 13)), width=width)
    expect(page.locator(".cy-menu-place")).to_have_count(12)
    for part, side in [("cy-pill", "left"), ("cy-title", "left"), ("cy-about", "left"), ("cy-time", "right")]:
        edges = page.locator(f".{part}:not([hidden])").evaluate_all(
            "(nodes, side) => nodes.map((node) => Math.round(node.getBoundingClientRect()[side]))", side
        )
        assert len(set(edges)) == 1, (part, edges)
    told = page.locator(".cy-about").all_inner_texts()
    assert len(set(told)) == 12
    assert page.locator(".cyberun-task[data-status=completed] .cy-track").first.evaluate(
        "(node) => getComputedStyle(node.parentNode).opacity === '0'"
    )


# --- the space that results take, and when


@pytest.mark.parametrize("width", [320, 680, 1000])
def test_hundreds_of_pictures_take_little_room_until_asked(
    page: Page, show: Callable[..., Locator], width: int
) -> None:
    card = show("completed-200", width=width)
    tiles = card.locator(".cy-tile")
    card.get_by_role("button", name="Show all 200").wait_for()
    assert card.evaluate("(node) => node.offsetHeight") < 700
    expect(tiles).to_have_count(8)
    rows = tiles.evaluate_all("(nodes) => nodes.map((node) => Math.round(node.getBoundingClientRect().top))")
    assert rows.count(max(rows)) > 1  # no single tile in the last row
    card.get_by_role("button", name="Show all 200").click()
    expect(tiles).to_have_count(200)
    card.get_by_role("button", name="Show fewer").click()
    expect(tiles).to_have_count(8)


@pytest.mark.parametrize(("files", "columns"), [(2, 2), (3, 2), (5, 3), (7, 3)])
def test_a_narrow_card_shows_the_first_picture_large_rather_than_the_last_one_alone(
    show: Callable[..., Locator], files: int, columns: int
) -> None:
    card = show(f"completed-{files}", width=320)
    card.get_by_role("button", name="Save all").wait_for()
    boxes = card.locator(".cy-tile").evaluate_all(
        "(nodes) => nodes.map((node) => node.getBoundingClientRect()).map(({ top, width }) => [Math.round(top), width])"
    )
    tops = [top for top, _ in boxes]
    assert max(tops.count(top) for top in tops) == columns
    assert tops.count(tops[-1]) > 1
    assert (tops.count(tops[0]) == 1) == (files % columns == 1)
    assert min(width for _, width in boxes) > 80


def test_pictures_of_unknown_size_have_their_space_reserved(show: Callable[..., Locator]) -> None:
    card = show("completed-unmeasured", width=680)
    card.get_by_role("button", name="Save all").wait_for()
    boxes = card.locator(".cy-media").evaluate_all(
        "(nodes) => nodes.map((node) => [node.offsetWidth, node.offsetHeight])"
    )
    assert len(boxes) == 2
    for width, height in boxes:
        assert width / height == pytest.approx(4 / 3, abs=0.02)


def test_documents_are_as_wide_as_the_card(show: Callable[..., Locator]) -> None:
    card = show("completed-files", width=680)
    card.get_by_role("button", name="Save all").wait_for()
    assert card.locator(".cy-gallery").evaluate("(node) => node.offsetWidth") > 640


CORNERS = """(root) => Object.fromEntries([...root.querySelectorAll("button")].map((node) => [
  node.getAttribute("aria-label") ?? (node.textContent || node.className), getComputedStyle(node).borderRadius]))"""


@pytest.mark.parametrize("state", ["completed", "completed-splat", "completed-files", "failed", "running"])
def test_buttons_have_the_same_corners_in_jupyterlab(page: Page, show: Callable[..., Locator], state: str) -> None:
    seen = []
    for host in ("plain", "lab"):
        card = show(state, host=host)
        scroll_through(page)
        corners = card.evaluate(CORNERS)
        opener = card.locator(".cy-open:visible:enabled").first
        if state.startswith("completed"):
            (opener if opener.count() else card.get_by_role("button", name="at full size").first).click()
            dialog = page.get_by_role("dialog")
            dialog.get_by_role("button", name="Close").wait_for()
            corners |= dialog.evaluate(CORNERS)
        seen.append(corners)
    plain, lab = seen
    assert lab == plain
    assert len(lab) > 2


def test_small_files_take_a_line_each_and_open_with_a_click(page: Page, show: Callable[..., Locator]) -> None:
    card = show("completed-small", width=680)
    card.get_by_role("button", name="Show all 13").wait_for()
    assert card.evaluate("(node) => node.offsetHeight") < 700
    expect(card.get_by_role("searchbox")).to_have_count(0)
    card.get_by_role("button", name="Open note-3.txt").click()
    expect(page.get_by_role("dialog")).to_contain_text("lichen, macro")


def test_pictures_of_one_card_are_of_one_height(show: Callable[..., Locator]) -> None:
    card = show("completed-mixed", width=680)
    card.get_by_role("button", name="Save all").wait_for()
    heights = card.locator(".cy-media").evaluate_all("(nodes) => nodes.map((node) => node.offsetHeight)")
    assert max(heights) - min(heights) <= 1  # columns of 156.5 px


SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const { value, sources } of list.getEntries())
    shifts.push([value, sources.map(({ node }) => node?.className ?? node?.nodeName)]);
}).observe({ type: "layout-shift", buffered: true });
"""


def test_nothing_jumps_once_the_results_are_painted(browser: Browser, address: str) -> None:
    """Posters, then tiles, viewers, players, a chart: each takes the space that was reserved for it."""
    with browser.new_context(viewport={"width": 720, "height": 2600}) as context:
        page = context.new_page()
        page.add_init_script(SHIFTS)
        page.goto(f"{address}?width=680&still=1&state=completed,completed-splat,completed-files,completed-200,running")
        page.wait_for_selector("html[data-ready]")
        expect(page.get_by_role("button", name="Show all 200")).to_be_visible()
        expect(page.locator(".cy-v-inline")).to_have_count(5)
        expect(page.locator(".cy-v-plot")).to_be_visible()
        expect(page.locator("audio")).to_be_visible()
        page.wait_for_function("document.querySelector('video')?.readyState > 0")
        shifts = page.evaluate("shifts")
        assert sum(value for value, _ in shifts) <= 0.02, shifts


def test_the_height_changes_once_at_the_verdict_and_glides(page: Page, show: Callable[..., Locator]) -> None:
    finish = """() => {
      const { _facts, task_id, ...traits } = structuredClone(states.completed);
      const card = document.querySelector(".cy-card");
      window.heights = [card.offsetHeight];
      new ResizeObserver(() => heights.push(card.offsetHeight)).observe(card);
      window.glides = 0;
      const animate = Element.prototype.animate;
      Element.prototype.animate = function (...how) { glides += 1; return animate.apply(this, how); };
      cards.running.model.update({ ...traits, _facts: { ..._facts, speed: null } });
    }"""
    for motion in ("reduce", "no-preference"):
        page.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]
        card = show("running", width=680)
        card.get_by_role("button", name="More").wait_for()
        page.evaluate(finish)
        card.get_by_role("button", name="Download lichen_00004_.png").wait_for(state="attached")
        page.wait_for_function("document.getAnimations().length === 0")
        heights = page.evaluate("heights.filter((height, index) => height !== heights[index - 1])")
        assert page.evaluate("glides") == (motion == "no-preference")
        if motion == "reduce":
            assert len(heights) == 2, heights
        assert heights == sorted(heights)


# --- nothing left behind


@pytest.mark.parametrize("state", ["running", "waiting", "completed", "completed-files", "failed", "downloading"])
def test_a_removed_card_leaves_nothing_behind(browser: Browser, address: str, state: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.add_init_script(LEDGER)
        page.goto(f"{address}?state={state}")
        page.wait_for_selector("html[data-ready]")
        if state == "completed-files":
            expect(page.locator("[data-mounted]").first).to_be_visible()
        settle(page)
        page.evaluate("stop()")
        page.evaluate("(state) => (cards[state].remove(), cards[state].forget())", state)

        def left() -> dict[str, Any]:
            found: dict[str, Any] = page.evaluate(
                """(state) => ({
                  timers: held.timers.size, urls: [...held.urls], observers: held.observers.size,
                  handlers: [...cards[state].model.handlers.values()].reduce((sum, set) => sum + set.size, 0),
                  cards: document.querySelectorAll(".cyberun-task, .cyberun-dialog").length,
                })""",
                state,
            )
            return found

        until(lambda: not any(left().values()), 5, state=left)


def test_the_widgets_own_files_stay_small() -> None:
    assert (STATIC / "card.js").stat().st_size <= 16_384
    assert (STATIC / "card.css").stat().st_size <= 16_384
