"""Actions on files in the full-size view: copy, open in a tab, download one by one or as a zip."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from viewer_bench import HOSTILE_NAME, Bench

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


@pytest.fixture
def viewers(page: Page, bench: Bench) -> Page:
    bench.visit(page)
    return page


def opened(page: Page, key: str, *others: str) -> Locator:
    page.evaluate("([key, keys]) => { harness.open(key, keys); }", [key, [key, *others]])
    return page.get_by_role("dialog", name=key)


def test_all_files_come_as_one_zip_with_names_that_unpack_anywhere(viewers: Page, bench: Bench) -> None:
    keys = [key for key in bench.files if key in {"before.png", "after.png", "metrics.json", "run.log"}]
    hostile = next(key for key, file in bench.files.items() if file.name == HOSTILE_NAME)
    viewers.evaluate("harness.artifacts.find(({ key }) => key === 'after.png').name = '../Before.png'")
    dialog = opened(viewers, keys[0], *keys[1:], hostile)
    dialog.get_by_role("button", name="Download all").click()
    panel = dialog.get_by_role("group", name="Download all")
    expect(panel.get_by_text(re.compile(r"^5 files, .*B, as one zip file\.$"))).to_be_visible()
    expect(panel.get_by_role("button", name="Download zip")).to_be_focused()
    with viewers.expect_download() as caught:
        viewers.keyboard.press("Enter")
    assert caught.value.suggested_filename == "results.zip"
    with zipfile.ZipFile(caught.value.path()) as made:
        assert made.testzip() is None
        contents = {name: made.read(name) for name in made.namelist()}
    assert contents["before.png"] == bench.files["before.png"].data
    assert contents["Before (2).png"] == bench.files["after.png"].data
    assert contents["metrics.json"] == bench.files["metrics.json"].data
    assert len(contents) == 5
    assert not [name for name in contents if re.search(r'[<>:"|?*\\]|\.\.', name)]
    expect(panel.get_by_text(re.compile(r"^5 files, .*: passed to the browser’s downloads\.$"))).to_be_visible()
    panel.get_by_role("button", name="Done").click()
    expect(panel).to_be_hidden()
    expect(dialog.get_by_role("button", name="Download all")).to_be_focused()


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_not_lost(viewers: Page) -> None:
    viewers.evaluate("harness.desk.failing.add('run.log')")
    dialog = opened(viewers, "metrics.json", "run.log")
    dialog.get_by_role("button", name="Download all").click()
    with viewers.expect_download() as caught:
        dialog.get_by_role("button", name="Download zip").click()
    with zipfile.ZipFile(caught.value.path()) as made:
        assert made.namelist() == ["metrics.json"]
    expect(dialog.get_by_text("Left out: run.log (The connection to the kernel was lost.).")).to_be_visible()
    viewers.evaluate("harness.desk.failing.clear()")
    with viewers.expect_download() as caught:
        dialog.get_by_role("button", name="Try again").click()
    with zipfile.ZipFile(caught.value.path()) as made:
        assert made.namelist() == ["metrics.json", "run.log"]


def test_two_hundred_files_of_300_mb_come_as_one_zip(viewers: Page) -> None:
    viewers.evaluate(
        """() => {
            const [first] = harness.artifacts;
            const about = { kind: "file", mime: "", size: 1_500_000 };
            const made = (i) => ({ ...first, ...about, key: `shot-${i}`, name: `shot-${i}.bin` });
            const many = Array.from({ length: 200 }, (_, i) => made(i));
            harness.artifacts.push(...many);
            harness.ctx.bytes = async (key) => new Blob([new Uint8Array(1_500_000).fill(Number(key.slice(5)))]);
            harness.open("shot-0", many.map(({ key }) => key));
        }"""
    )
    dialog = viewers.get_by_role("dialog", name="shot-0")
    dialog.get_by_role("button", name="Download all").click()
    expect(dialog.get_by_text("200 files, 300 MB, as one zip file.")).to_be_visible()
    with viewers.expect_download(timeout=60_000) as caught:
        dialog.get_by_role("button", name="Download zip").click()
    with zipfile.ZipFile(caught.value.path()) as made:
        assert made.testzip() is None
        assert len(made.namelist()) == 200
        assert made.read("shot-131.bin") == bytes([131]) * 1_500_000


def test_a_zip_on_its_way_is_cancelled(viewers: Page) -> None:
    viewers.evaluate(
        """() => {
            harness.ctx.bytes = (key, { signal } = {}) => new Promise((_, reject) => {
                window.waiting = key;
                signal?.addEventListener("abort", () => { window.stopped = key; reject(signal.reason); });
            });
        }"""
    )
    dialog = opened(viewers, "run.log", "metrics.json")
    dialog.get_by_role("button", name="Download all").click()
    dialog.get_by_role("button", name="Download zip").click()
    expect(dialog.get_by_text(re.compile(r"^File 1 of 2: 0 B of "))).to_be_visible()
    expect(dialog.get_by_role("progressbar", name="Download all")).to_be_visible()
    dialog.get_by_role("button", name="Cancel download").click()
    expect(dialog.get_by_role("progressbar")).to_have_count(0)
    viewers.wait_for_function("window.stopped && window.stopped === window.waiting")


def test_what_is_too_large_for_a_zip_says_where_it_fits(viewers: Page) -> None:
    viewers.evaluate("harness.artifacts.find(({ key }) => key === 'run.log').size = 5e9")
    dialog = opened(viewers, "metrics.json", "run.log")
    dialog.get_by_role("button", name="Download all").click()
    words = re.compile("^2 files, 5 GB: too large for one zip file. Save all writes")
    expect(dialog.get_by_text(words)).to_be_visible()
    expect(dialog.get_by_role("button", name="Download zip")).to_have_count(0)


@pytest.mark.parametrize("key", ["before.png", "moving.gif"])
def test_a_picture_is_copied_as_a_picture(viewers: Page, key: str) -> None:
    viewers.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dialog = opened(viewers, key)
    expect(dialog.get_by_role("img", name=key).first).to_be_visible()
    viewers.keyboard.press("Control+c")
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    width = viewers.evaluate(
        """async () => {
            const [item] = await navigator.clipboard.read();
            return (await createImageBitmap(await item.getType("image/png"))).width;
        }"""
    )
    assert width == dialog.get_by_role("img", name=key).first.evaluate("(picture) => picture.naturalWidth")
    expect(dialog.get_by_role("button", name="Copy image")).to_be_visible()


def test_a_file_opens_in_a_tab_of_its_own_and_markup_only_as_text(viewers: Page) -> None:
    opened(viewers, "before.png")
    with viewers.context.expect_page() as caught:
        viewers.keyboard.press("o")
    caught.value.wait_for_load_state()
    assert caught.value.evaluate("[document.contentType, window.opener]") == ["image/png", None]
    viewers.keyboard.press("Escape")
    dialog = opened(viewers, "hostile.html")
    with viewers.context.expect_page() as caught:
        dialog.get_by_role("button", name="Open in a new tab").click()
    caught.value.wait_for_load_state()
    assert caught.value.evaluate("[document.contentType, window.hacked]") == ["text/plain", None]
    viewers.keyboard.press("Escape")
    dialog = opened(viewers, "hostile.svg")
    expect(dialog.get_by_role("button", name="Copy image")).to_be_visible()
    expect(dialog.get_by_role("button", name="Open in a new tab")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_question_mark_lists_the_keys_of_what_is_shown(page: Page, bench: Bench, theme: str) -> None:
    bench.visit(page, dark=theme == "dark")
    dialog = opened(page, "before.png", "after.png")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet.get_by_text("Compare two images")).to_be_visible()
    expect(sheet.get_by_text("Actual size (100%)")).to_be_visible()
    page.keyboard.press("n")
    expect(dialog.get_by_role("heading", name="before.png")).to_be_attached()  # the file behind it stands still
    found = Axe().run(page).response["violations"]
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Download all").click()
    found += Axe().run(page).response["violations"]
    assert [violation["id"] for violation in found] == []
