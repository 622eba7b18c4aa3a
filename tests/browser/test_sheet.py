"""The sweep's sheet without a kernel: the real group.js and group.css with a scripted model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from settled import settle
from states.serve import STATIC, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator, Page


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as url:
        yield url.replace("index.html", "sheet.html")


@pytest.fixture
def show(address: str, page: Page) -> Callable[..., Locator]:
    def open_page(**query: object) -> Locator:
        page.goto(address + "?" + "&".join(f"{key}={value}" for key, value in query.items()))
        page.wait_for_selector("html[data-ready]")
        return page.locator(".cyberun-group")

    return open_page


def asked(page: Page, kind: str) -> list[dict]:
    return page.evaluate("(kind) => sheet.model.sent.filter(({ type }) => type === kind)", kind)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("state", ["done", "running", "failures", "unknown", "held"])
def test_axe_finds_nothing_in_any_state(page: Page, show: Callable[..., Locator], theme: str, state: str) -> None:
    group = show(theme=theme, state=state)
    group.locator('[data-point="5"]').click()
    settle(page)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_the_contract_of_the_sheet_holds(page: Page, show: Callable[..., Locator]) -> None:
    group = show(state="failures")
    expect(group).to_have_attribute("role", "group")
    expect(group).to_have_attribute("data-status", "failed")
    expect(group).to_have_attribute("data-total", "36")
    expect(group).to_have_attribute("data-done", "36")
    expect(group.get_by_role("grid")).to_be_visible()
    expect(group.get_by_role("gridcell")).to_have_count(36)
    expect(group.get_by_role("rowheader")).to_have_count(6)
    expect(group.locator('[data-point="3"]')).to_have_attribute("data-status", "failed")
    for name in ("Retry failed", "Save all", "Compare"):
        expect(group.get_by_role("button", name=name)).to_be_visible()
    expect(show(state="running").get_by_role("button", name="Cancel all")).to_be_visible()


def test_axes_change_places_by_keyboard(page: Page, show: Callable[..., Locator]) -> None:
    group = show(state="done", grid="2x5")
    expect(group.get_by_role("rowheader")).to_have_count(2)
    group.get_by_role("button", name="feed: rows").focus()
    page.keyboard.press("ArrowRight")
    expect(group.get_by_role("rowheader")).to_have_count(5)
    expect(group.get_by_role("button", name="feed: columns")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(group.get_by_role("gridcell")).to_have_count(5)
    group.get_by_role("combobox", name="Page: feed").select_option("1")
    expect(group.locator('[data-point="5"]')).to_be_visible()


def test_a_failed_cell_is_opened_by_keyboard_and_retried_once_it_was_asked(
    page: Page, show: Callable[..., Locator]
) -> None:
    group = show(state="failures")
    group.locator('[data-point="0"]').focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    detail = group.get_by_role("region", name="Point")
    expect(detail.get_by_text("The pattern died out")).to_be_visible()
    detail.get_by_role("button", name="Retry").click()
    assert asked(page, "retry") == []
    expect(detail.get_by_role("button", name="Not now")).to_be_focused()
    detail.get_by_role("button", name="Run again and pay").click()
    assert [message["points"] for message in asked(page, "retry")] == [[3]]
    expect(group.locator('[data-point="3"]')).to_have_attribute("data-status", "running")


def test_cells_are_compared_with_the_reference_at_one_zoom(page: Page, show: Callable[..., Locator]) -> None:
    group = show(state="done")
    group.locator('[data-point="8"]').click()
    group.get_by_role("button", name="Compare").click()
    expect(group.locator('[data-point="0"] .cy-g-reference')).to_be_visible()
    group.get_by_role("button", name="Zoom in").click()
    moved = "(node) => getComputedStyle(node).transform"
    places = {group.locator(f'[data-point="{point}"] .cy-g-picture').evaluate(moved) for point in (0, 1, 7)}
    assert len(places) == 1
    assert "1.5" in places.pop()
    group.get_by_role("button", name="Difference").click()
    expect(group.locator('[data-point="0"] .cy-g-reference')).to_have_css("mix-blend-mode", "difference")
    group.get_by_role("button", name="Flicker").click()
    expect(group).to_have_attribute("data-compare", "flicker")


def test_points_are_filtered_and_starred(page: Page, show: Callable[..., Locator]) -> None:
    group = show(state="done")
    group.get_by_role("searchbox", name="Filter").fill("coverage > 0.9")
    expect(group.locator("[data-dim]").first).to_be_attached()
    expect(group.get_by_text("4 of 36", exact=True)).to_be_visible()
    cell = group.locator('[data-point="2"]')
    cell.focus()
    page.keyboard.press("s")
    expect(cell).to_have_attribute("aria-selected", "true")
    assert page.evaluate("sheet.model.get('selected')") == [2]


def test_cells_never_change_their_size(page: Page, show: Callable[..., Locator]) -> None:
    group = show(state="running")
    size = "(node) => { const { width, height } = node.getBoundingClientRect(); return [width, height]; }"
    sizes = {tuple(group.locator(f'[data-point="{point}"]').evaluate(size)) for point in range(36)}
    assert len(sizes) == 1


def test_thumbnails_come_with_their_cell_and_go_with_it(page: Page, show: Callable[..., Locator]) -> None:
    group = show(state="done", grid="1000")
    expect(group.locator('[data-point="0"] img[src]')).to_be_visible()
    assert sum(len(message["points"]) for message in asked(page, "thumbnails")) < 200
    group.get_by_role("grid").evaluate("(node) => node.scrollTo(0, node.scrollHeight)")
    expect(group.locator('[data-point="999"] img[src]')).to_be_visible(timeout=30_000)
    expect(group.locator('[data-point="0"] img[src]')).to_have_count(0)


def test_a_row_is_retried_and_cancelled_once_it_was_asked(page: Page, show: Callable[..., Locator]) -> None:
    group = show(state="failures")
    group.locator('[data-point="0"]').focus()
    page.keyboard.press("ArrowLeft")
    row = group.get_by_role("button", name="Row 0.02", exact=True)
    expect(row).to_be_focused()
    row.click()
    actions = group.get_by_role("group", name="Row 0.02, 6 points")
    expect(actions.get_by_text("5 completed · 1 failed")).to_be_visible()
    actions.get_by_role("button", name="Retry these").click()
    assert asked(page, "retry") == []
    actions.get_by_role("button", name="Run again and pay").click()
    assert [message["points"] for message in asked(page, "retry")] == [[3]]
    expect(actions.get_by_role("button", name="Retry these")).to_be_hidden()
    actions.get_by_role("button", name="Cancel these").click()
    actions.get_by_role("button", name="Yes, cancel").click()
    assert [message["points"] for message in asked(page, "cancel")] == [[3]]
    expect(group.locator('[data-point="3"]')).to_have_attribute("data-status", "cancelled")
    actions.get_by_role("button", name="Close").click()
    expect(row).to_be_focused()


def test_the_open_point_is_compared_in_full_size(page: Page, show: Callable[..., Locator]) -> None:
    group = show(state="done")
    group.locator('[data-point="8"]').click()
    group.get_by_role("button", name="Compare").click()
    group.locator('[data-point="15"]').click()
    detail = group.get_by_role("region", name="Point")
    pictures = detail.locator(".cyc-overlaid")
    expect(pictures.locator("img")).to_have_count(2)
    expect(pictures.get_by_role("slider", name="Divider")).to_be_visible()
    group.get_by_role("group", name="How").get_by_role("button", name="Difference").click()
    expect(pictures.get_by_text("different on average")).to_be_visible()
    pictures.focus()
    page.keyboard.press("+")
    scales = pictures.locator("img").evaluate_all("all => all.map(one => one.getBoundingClientRect().width)")
    assert scales[0] == scales[1]


def test_videos_are_compared_with_one_clock(page: Page, show: Callable[..., Locator]) -> None:
    group = show(state="done")
    group.locator('[data-point="8"]').click()
    group.get_by_role("button", name="Compare").click()
    group.get_by_role("combobox", name="Output").select_option("10.videos.0")
    group.locator('[data-point="15"]').click()
    films = group.get_by_role("region", name="Point").locator(".cyc-films")
    expect(films.locator("video")).to_have_count(2, timeout=20_000)
    films.get_by_role("slider", name="Time").fill("0.5")
    times = "all => all.every(one => Math.abs(one.currentTime - 0.5) < 0.01)"
    assert films.locator("video").evaluate_all(times)


def test_models_are_compared_with_one_camera(page: Page, show: Callable[..., Locator]) -> None:
    group = show(state="done")
    group.locator('[data-point="1"]').click()
    group.get_by_role("button", name="Compare").click()
    group.get_by_role("combobox", name="Output").select_option("mesh")
    group.locator('[data-point="2"]').click()
    views = group.get_by_role("region", name="Point").locator(".cyc-model canvas")
    expect(views).to_have_count(2, timeout=90_000)
    group.get_by_role("button", name="Remove the reference").click()
    expect(views).to_have_count(0)


def test_cells_that_changed_before_the_page_was_ready_are_asked_for(page: Page, show: Callable[..., Locator]) -> None:
    group = show(state="running")
    expect(group.locator('[data-point="19"]')).to_have_attribute("data-status", "running")
    page.evaluate(
        """() => {
            sheet.model.sequence = 3; // what was pushed while nobody listened
            sheet.cells[19] = sheet.cellOf(19, "completed");
            sheet.model.update({ _facts: { ...sheet.model.get("_facts"), sequence: 3 } });
        }"""
    )
    expect(group.locator('[data-point="19"]')).to_have_attribute("data-status", "completed")
    assert len(asked(page, "sync")) == 1


def test_the_first_paint_of_a_sheet_is_small() -> None:
    assert (STATIC / "group.js").stat().st_size <= 21_500
    assert (STATIC / "group.css").stat().st_size <= 16_384
