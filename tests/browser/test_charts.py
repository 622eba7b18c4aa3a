"""Numbers in a table are plotted: lines over their axis, values at a cursor, by mouse and by keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from viewer_bench import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Bench(tmp_path_factory.mktemp("charts")) as served:
        yield served


def opened(page: Page, key: str) -> Locator:
    page.evaluate("(key) => { harness.open(key, [key]); }", key)
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".cy-v-plot path").first).to_be_attached(timeout=60_000)
    return dialog


def test_a_table_of_numbers_opens_as_a_chart_beside_its_rows(page: Page, bench: Bench) -> None:
    bench.visit(page)
    dialog = opened(page, "losses.csv")
    cursor = dialog.get_by_role("slider", name="losses.csv: loss, psnr over step")
    expect(dialog.get_by_text("900 rows \N{MULTIPLICATION SIGN} 4 columns")).to_be_visible()
    paths = cursor.locator("path")
    expect(paths).to_have_count(2)  # each has its own axis: one is a hundred times the other
    cursor.focus()
    for key, words in [
        ("Home", "step 0, loss 0.3, psnr 18"),
        ("Shift+ArrowRight", "step 50, loss 0.225, psnr 18.02"),
        ("Shift+ArrowLeft", "step 0, loss 0.3, psnr 18"),
        ("End", "step 44,950, loss 0.000998, psnr 31.98"),
    ]:
        page.keyboard.press(key)
        expect(cursor).to_have_attribute("aria-valuetext", words)
        expect(cursor.locator("strong")).to_have_text(words.partition(", ")[0] if "44" not in words else "step 44,950")
    page.keyboard.press("PageUp")
    expect(cursor).to_have_attribute("aria-valuenow", re.compile(r"^8\d\d$"))
    expect(dialog.get_by_role("heading")).to_have_text("losses.csv")  # the arrows stay with the chart
    box = cursor.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(cursor.locator("circle")).to_have_count(2)
    expect(cursor).to_have_attribute("aria-valuenow", re.compile(r"^4\d\d$"))

    dialog.get_by_role("button", name="Show psnr").click()
    expect(paths).to_have_count(1)
    before = paths.get_attribute("d")
    log = dialog.get_by_role("button", name="Log scale")
    log.click()
    expect(log).to_have_attribute("aria-pressed", "true")
    expect(paths).not_to_have_attribute("d", before or "")
    expect(cursor.locator("text").filter(has_text=re.compile(r"^0\.(1|01|001)$"))).to_have_count(3)


def test_gaps_broken_values_and_rare_ones_are_told_apart(page: Page, bench: Bench) -> None:
    bench.visit(page)
    dialog = opened(page, "training.tsv")
    cursor = dialog.get_by_role("slider")
    pressed = dialog.locator(".cy-v-line-name[aria-pressed=true]")
    expect(pressed).to_have_text(["train_loss", "val_loss", "learning_rate", "flat", "tokens"])
    loss = cursor.locator("path.cy-v-series-1")
    assert (loss.get_attribute("d") or "").count("M") == 2  # broken where it diverged
    assert (cursor.locator("path.cy-v-series-2").get_attribute("d") or "").count("M") == 1  # rare values are joined
    expect(cursor.locator(".cy-v-broken")).to_have_count(1)
    cursor.focus()
    page.keyboard.press("Home")
    for _ in range(120):
        page.keyboard.press("Shift+ArrowRight")
    expect(cursor).to_have_attribute("aria-valuetext", re.compile(r"^step 1,200, train_loss NaN, val_loss 0\.\d+, "))


def test_a_million_rows_are_drawn_and_the_page_stays_alive(page: Page, bench: Bench) -> None:
    bench.visit(page)
    page.evaluate(
        """() => {
            const rows = Array.from({ length: 1e6 }, (_, i) => `${i},${(Math.sin(i / 5e4) + 1).toFixed(4)}`);
            const blob = new Blob([["step,loss", ...rows].join("\\n")]);
            harness.ctx.bytes = async () => blob;
            window.longest = 0;
            let last = performance.now();
            const beat = () => {
                longest = Math.max(longest, performance.now() - last);
                last = performance.now();
                requestAnimationFrame(beat);
            };
            beat();
        }"""
    )
    dialog = opened(page, "losses.csv")
    expect(dialog.get_by_role("slider")).to_have_attribute("aria-valuemax", "1000000")
    expect(dialog.get_by_text(re.compile("Rows of the first 8 MB of 1[0-9.]* MB are listed"))).to_be_visible()
    assert page.locator(".cy-v-plot path").evaluate("(path) => path.getAttribute('d').length") < 60_000
    assert page.evaluate("longest") < 4_000  # ms, on a busy machine


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_in_a_card_a_chart_gives_way_to_its_table_and_axe_finds_nothing(page: Page, bench: Bench, theme: str) -> None:
    page.set_viewport_size({"width": 420, "height": 700})
    bench.visit(page, dark=theme == "dark")
    page.evaluate("for (const key of ['losses.csv', 'people.csv', 'matrix.csv']) harness.mount(key)")
    card = page.locator("[data-artifact='losses.csv']")
    expect(card.locator("path").first).to_be_attached(timeout=60_000)
    expect(page.locator("[data-artifact='people.csv']").get_by_role("cell", name="Rome")).to_be_visible()
    expect(page.locator("[data-artifact='matrix.csv']").get_by_role("button", name="column 3")).to_be_visible()
    height = card.evaluate("(node) => node.clientHeight")
    found = Axe().run(page).response["violations"]
    card.get_by_role("button", name="Table").click()
    expect(card.get_by_role("cell", name="44950")).to_have_count(0)
    expect(card.get_by_role("columnheader", name="psnr")).to_be_visible()
    expect(card.get_by_role("button", name="Log scale")).to_be_hidden()
    card.get_by_role("button", name="Chart").click()
    expect(card.locator("path").first).to_be_attached(timeout=60_000)
    assert card.evaluate("(node) => node.clientHeight") == height
    opened(page, "training.tsv").get_by_role("slider").focus()
    page.keyboard.press("Home")
    found += Axe().run(page).response["violations"]
    assert [(violation["id"], [node["html"] for node in violation["nodes"]]) for violation in found] == []
    page.evaluate("harness.life.abort()")
    expect(page.locator(".cy-v-plot")).to_have_count(0)
