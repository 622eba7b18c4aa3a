"""The viewers in a real browser: real pixels, real keys, nothing left behind, nothing from a server executed."""

from __future__ import annotations

import io
import json
import re
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect
from settled import settle
from viewer_bench import HOSTILE_NAME, Bench

from tests.waiting import until

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from playwright.sync_api import Locator, Page

MODELS = {
    "scene.glb": "glTF · 4,096 triangles",
    "ring.obj": "OBJ mesh · 1,024 triangles",
    "mesh.ply": "PLY mesh · 4,096 triangles",
    "points.ply": "PLY point cloud · 6,000 points",
    "garden.ply": "Gaussian splats · 6,000 splats",
    "garden.splat": "Gaussian splats · 6,000 splats",
    "garden.spz": "Gaussian splats · 6,000 splats",
}

WATCH = """
// Every WebGL context ever made, every call that draws, every blob URL that is held.
window.contexts = [];
window.draws = 0;
window.urls = new Set();
const getContext = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  if (window.noWebGL && kind.startsWith("webgl")) return null;
  const context = getContext.call(this, kind, ...rest);
  if (context && kind.startsWith("webgl") && !window.contexts.includes(context)) window.contexts.push(context);
  return context;
};
for (const name of ["drawArrays", "drawElements", "drawArraysInstanced", "drawElementsInstanced"]) {
  const draw = WebGL2RenderingContext.prototype[name];
  WebGL2RenderingContext.prototype[name] = function (...rest) {
    window.draws += 1;
    return draw.apply(this, rest);
  };
}
const [create, revoke] = [URL.createObjectURL, URL.revokeObjectURL];
URL.createObjectURL = (blob) => {
  const url = create.call(URL, blob);
  if (!/javascript/.test(blob.type)) window.urls.add(url);
  return url;
};
URL.revokeObjectURL = (url) => {
  window.urls.delete(url);
  revoke.call(URL, url);
};
"""


@pytest.fixture
def viewers(page: Page, bench: Bench) -> Page:
    page.add_init_script(WATCH)
    page.set_viewport_size({"width": 800, "height": 600})  # 3D is drawn by the processor here
    page.emulate_media(reduced_motion="reduce")  # and need not glide
    bench.visit(page)
    return page


def show(page: Page, key: str, among: list[str] | None = None) -> Locator:
    """Open the full-size view on a file, among all or some; returns the dialog."""
    page.evaluate("([key, among]) => { harness.open(key, among); }", [key, among])
    return page.get_by_role("dialog")


def show_model(page: Page, key: str) -> Locator:
    """Open a model alone and wait until it is drawn."""
    dialog = show(page, key, [key])
    expect(dialog.get_by_text(re.compile("·.*(triangles|points|splats)$"))).to_be_visible(timeout=60_000)
    dialog.get_by_text("Drag to rotate").evaluate("(hint) => hint.remove()")  # it goes after a while: not in between
    return dialog


def pixels(place: Locator) -> NDArray[np.int16]:
    """The visible part of an element without its edge, where a focus ring may be."""
    seen = np.asarray(Image.open(io.BytesIO(place.screenshot())).convert("RGB")).astype(np.int16)
    return seen[4:-4, 4:-4]


def difference(one: NDArray[np.int16], other: NDArray[np.int16]) -> float:
    """The share of pixels that differ clearly."""
    return float((np.abs(one - other).max(axis=2) > 24).mean())


def alive(page: Page) -> int:
    return int(page.evaluate("contexts.filter((context) => !context.isContextLost()).length"))


# --- 3D ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", MODELS)
def test_a_model_is_drawn_and_its_webgl_context_is_gone_after_closing(viewers: Page, key: str) -> None:
    dialog = show(viewers, key, [key])
    expect(dialog.get_by_text(MODELS[key])).to_be_visible(timeout=60_000)
    image = pixels(viewers.locator("canvas"))
    height, width, _ = image.shape
    middle = image[height // 5 : -height // 5, width // 4 : -width // 4]
    assert difference(middle, np.broadcast_to(image[4, 4], middle.shape)) > 0.08
    assert len(np.unique(middle.reshape(-1, 3) // 16, axis=0)) > 8
    assert alive(viewers) == 1
    viewers.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    until(lambda: alive(viewers) == 0)  # the browser loses a context asynchronously
    assert viewers.locator("canvas").count() == 0


def test_a_still_of_the_first_view_becomes_the_poster_of_a_model_that_has_none(viewers: Page) -> None:
    show_model(viewers, "garden.spz")
    viewers.wait_for_function("harness.desk.posters.has('garden.spz')")
    width, colours = viewers.evaluate(
        """async () => {
            const still = await createImageBitmap(harness.desk.posters.get("garden.spz"));
            const canvas = new OffscreenCanvas(still.width, still.height);
            const paper = canvas.getContext("2d");
            paper.drawImage(still, 0, 0);
            const { data } = paper.getImageData(0, 0, still.width, still.height);
            const colours = new Set();
            for (let i = 0; i < data.length; i += 4) {
                colours.add((data[i] >> 5) * 64 + (data[i + 1] >> 5) * 8 + (data[i + 2] >> 5));
            }
            return [still.width, colours.size];
        }"""
    )
    assert width == 512
    assert colours > 20


def test_a_model_that_has_a_poster_keeps_it(viewers: Page) -> None:
    show_model(viewers, "garden.ply")
    assert viewers.evaluate("harness.desk.posters.size") == 0


def test_the_same_splats_can_be_opened_again(viewers: Page) -> None:
    for _ in range(3):
        dialog = show_model(viewers, "garden.ply")
        image = pixels(viewers.locator("canvas"))
        assert difference(image, np.broadcast_to(image[4, 4], image.shape)) > 0.08
        viewers.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
    assert alive(viewers) == 0


def test_a_view_that_is_closed_while_it_loads_leaves_no_error_and_no_context(viewers: Page) -> None:
    for pause in [0, 60, 150, 300, 600, 1000]:
        dialog = show(viewers, "garden.ply", ["garden.ply"])
        viewers.wait_for_timeout(pause)  # not a wait for anything: each time it is closed at another moment
        viewers.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
    viewers.wait_for_timeout(1500)  # nothing must happen: what was still on its way would make a context by then
    assert alive(viewers) == 0


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("doubling.glb", "This model is too large to show here"),
        ("endless.glb", "its scene contains itself"),
        ("vast.glb", "This model is too large to show here"),
        ("boasting.ply", "it promises more than it holds"),
    ],
)
def test_a_small_file_that_would_become_a_huge_model_is_refused_at_once(
    viewers: Page, bench: Bench, key: str, words: str
) -> None:
    assert len(bench.files[key].data) < 2_000
    began = time.monotonic()
    dialog = show(viewers, key, [key])
    expect(dialog.get_by_role("alert")).to_contain_text(words)
    assert time.monotonic() - began < 10
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)


def test_a_file_of_a_hundred_thousand_objects_is_drawn_as_one(viewers: Page) -> None:
    dialog = show(viewers, "splinters.obj", ["splinters.obj"])
    expect(dialog.get_by_text("OBJ mesh · 120,000 triangles")).to_be_visible(timeout=90_000)


def test_a_model_that_is_still_being_read_can_be_closed_and_holds_up_nothing(viewers: Page) -> None:
    viewers.evaluate(
        """() => {
          const RealWorker = Worker;
          window.workers = [];
          window.Worker = class extends RealWorker {
            constructor(url) {
              super("data:text/javascript,onmessage = () => { for (;;); }"); // it reads for ever
              workers.push(this);
            }
            terminate() { this.ended = true; super.terminate(); }
          };
        }"""
    )
    dialog = show(viewers, "mesh.ply", ["mesh.ply"])
    viewers.wait_for_function("workers.length === 1")
    began = time.monotonic()
    assert viewers.evaluate("workers[0].ended ?? false") is False
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    assert time.monotonic() - began < 3
    assert viewers.evaluate("workers[0].ended") is True


def test_the_format_is_recognised_by_content_not_by_name(viewers: Page) -> None:
    viewers.evaluate("harness.artifacts.find(({ key }) => key === 'scene.glb').name = 'points.splat'")
    expect(show(viewers, "scene.glb", ["scene.glb"]).get_by_text(MODELS["scene.glb"])).to_be_visible(timeout=60_000)


def test_a_model_turns_by_keys_and_goes_back(viewers: Page) -> None:
    dialog = show_model(viewers, "mesh.ply")
    canvas = viewers.locator("canvas")
    expect(canvas).to_be_focused()
    first = pixels(canvas)
    for _ in range(4):
        viewers.keyboard.press("ArrowUp")
    viewers.keyboard.press("+")
    until(lambda: difference(pixels(canvas), first) > 0.02)
    viewers.keyboard.press("0")
    until(lambda: difference(pixels(canvas), first) < 0.002)
    viewers.mouse.move(400, 300)
    viewers.mouse.down()
    viewers.mouse.move(560, 230, steps=4)
    viewers.mouse.up()
    until(lambda: difference(pixels(canvas), first) > 0.02)
    dialog.get_by_role("button", name="Reset view").click()
    until(lambda: difference(pixels(canvas), first) < 0.002)


def test_another_axis_up_and_another_background_are_seen(viewers: Page) -> None:
    dialog = show_model(viewers, "mesh.ply")
    canvas = viewers.locator("canvas")
    first = pixels(canvas)
    dialog.get_by_role("button", name="Background").click()
    dark = pixels(canvas)
    assert dark[4, 4].max() < 40 < first[4, 4].min()
    dialog.get_by_role("button", name="Change up axis").click()
    until(lambda: difference(pixels(canvas), dark) > 0.02)


@pytest.mark.parametrize("key", ["scene.glb", "garden.ply"])
def test_nothing_is_drawn_while_nothing_changes(viewers: Page, key: str) -> None:
    show_model(viewers, key)
    # Splats are sorted and drawn for some frames after the last change.
    viewers.evaluate(
        """async () => {
            for (let last = -1, still = 0; still < 30; still = draws === last ? still + 1 : 0, last = draws)
                await new Promise(requestAnimationFrame);
        }"""
    )
    before = viewers.evaluate("draws")
    viewers.wait_for_timeout(700)  # nothing must happen in this time
    assert viewers.evaluate("draws") == before


def test_a_browser_without_webgl_gets_instructions(viewers: Page) -> None:
    viewers.evaluate("window.noWebGL = true")
    dialog = show(viewers, "scene.glb", ["scene.glb"])
    expect(dialog.get_by_role("alert")).to_contain_text("no WebGL 2")
    expect(dialog.get_by_role("alert")).to_contain_text("hardware acceleration")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("draco.glb", "compressed with Draco"),
        ("outside.gltf", "refers to other files"),
        ("broken.glb", "cut off or damaged"),
    ],
)
def test_a_model_that_cannot_be_shown_says_why(viewers: Page, bench: Bench, key: str, words: str) -> None:
    dialog = show(viewers, key, [key])
    expect(dialog.get_by_role("alert")).to_contain_text(words, timeout=30_000)
    expect(dialog.get_by_role("alert").get_by_role("button", name="Download")).to_be_visible()
    assert alive(viewers) == 0
    assert "/stolen.bin" not in bench.requests


# --- pictures ---------------------------------------------------------------------------------------------------------


def picture_width(page: Page) -> float:
    box = page.get_by_role("dialog").locator("img[alt='before.png']").last.bounding_box()
    assert box is not None
    return box["width"]


def test_a_small_picture_opens_at_its_size_and_fit_enlarges_it(viewers: Page) -> None:
    viewers.evaluate(
        """async () => {
            const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 64 });
            const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
            harness.ctx.bytes = async () => blob;
        }"""
    )
    dialog = show(viewers, "before.png", ["before.png"])
    expect(dialog.get_by_role("button", name="100%")).to_be_visible()
    until(lambda: picture_width(viewers) == 64)
    dialog.get_by_role("button", name="Fit", exact=True).click()
    frame = dialog.locator(".cy-v-stage").evaluate("(stage) => Math.min(stage.clientWidth, stage.clientHeight)")
    assert picture_width(viewers) == pytest.approx(frame - 40, abs=1)
    viewers.set_viewport_size({"width": 800, "height": 500})
    until(lambda: picture_width(viewers) == pytest.approx(frame - 140, abs=1))
    viewers.keyboard.press("1")
    assert picture_width(viewers) == 64


def test_a_picture_is_fitted_zoomed_and_moved(viewers: Page) -> None:
    dialog = show(viewers, "before.png")
    expect(dialog.get_by_role("button", name=re.compile("%"))).to_have_text(re.compile(r"^\d+%$"))
    settle(viewers)
    fitted = picture_width(viewers)
    viewers.mouse.move(400, 300)
    viewers.mouse.wheel(0, -400)
    until(lambda: picture_width(viewers) > fitted * 1.5)
    settle(viewers)
    before = pixels(dialog.locator(".cy-v-stage"))
    viewers.mouse.down()
    viewers.mouse.move(300, 230, steps=3)
    viewers.mouse.up()
    assert difference(pixels(dialog.locator(".cy-v-stage")), before) > 0.2
    viewers.keyboard.press("0")
    assert picture_width(viewers) == pytest.approx(fitted, abs=1)
    viewers.keyboard.press("+")
    viewers.keyboard.press("+")
    assert picture_width(viewers) == pytest.approx(fitted * 1.25**2, rel=0.01)
    before = pixels(dialog.locator(".cy-v-stage"))
    viewers.keyboard.press("ArrowDown")
    assert difference(pixels(dialog.locator(".cy-v-stage")), before) > 0.1
    viewers.keyboard.press("-")
    viewers.keyboard.press("-")
    viewers.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("heading")).to_have_text("after.png")


@pytest.mark.parametrize("key", ["alpha.png", "deep.png", "moving.webp", "hostile.svg"])
def test_pictures_of_every_kind_decode(viewers: Page, key: str) -> None:
    picture = show(viewers, key, [key]).get_by_role("img", name=key)
    expect(picture).to_be_visible()
    assert picture.evaluate("(image) => image.naturalWidth") > 0


def test_sixteen_bits_are_shown_as_a_ramp(viewers: Page) -> None:
    picture = show(viewers, "deep.png", ["deep.png"]).get_by_role("img", name="deep.png")
    expect(picture).to_be_visible()
    rows = pixels(picture)[:, 28, 0]
    assert rows[0] < 24
    assert rows[-1] > 230
    assert (np.diff(rows) >= 0).all()


@pytest.mark.parametrize("key", ["moving.gif", "moving.webp"])
def test_animations_move(viewers: Page, key: str) -> None:
    picture = show(viewers, key, [key]).get_by_role("img", name=key)
    expect(picture).to_be_visible()
    first = pixels(picture)
    until(lambda: difference(pixels(picture), first) > 0.05)


def test_a_checkerboard_shows_through_transparent_parts(viewers: Page) -> None:
    picture = show(viewers, "alpha.png", ["alpha.png"]).get_by_role("img", name="alpha.png")
    expect(picture).to_be_visible()
    corner = pixels(picture)[:32, :32].mean(axis=2)
    assert corner.max() - corner.min() > 15
    assert corner[:3, :3].std() < 1


def test_two_pictures_are_compared_by_a_slider_and_by_keys(viewers: Page) -> None:
    dialog = show(viewers, "before.png", ["before.png", "after.png"])
    viewers.keyboard.press("c")
    slider = dialog.get_by_role("slider")
    expect(slider).to_be_focused()
    expect(slider).to_have_attribute("aria-valuetext", "50% before.png")
    frame = dialog.locator(".cy-v-compare")
    half = pixels(frame)
    viewers.keyboard.press("End")
    before = pixels(frame)
    viewers.keyboard.press("Home")
    after = pixels(frame)
    width = half.shape[1]
    rows = slice(40, half.shape[0] - 60)
    left, right = slice(40, width // 2 - 40), slice(width // 2 + 40, width - 40)
    assert difference(half[rows, left], before[rows, left]) < 0.01
    assert difference(half[rows, right], after[rows, right]) < 0.01
    assert difference(before[rows, left], after[rows, left]) > 0.5


def test_a_lost_connection_is_reported_copied_and_retried(viewers: Page) -> None:
    viewers.context.grant_permissions(["clipboard-read", "clipboard-write"])
    viewers.evaluate("harness.desk.failing.add('before.png')")
    dialog = show(viewers, "before.png", ["before.png"])
    expect(dialog.get_by_role("alert")).to_contain_text("connection to the kernel was lost")
    dialog.get_by_role("alert").get_by_role("button", name="Copy details").click()
    expect(dialog.get_by_role("alert").get_by_role("button", name="Copied")).to_be_visible()
    copied = viewers.evaluate("navigator.clipboard.readText()").splitlines()
    assert copied[:3] == ["The connection to the kernel was lost.", "before.png", "image/png"]
    viewers.evaluate("harness.desk.failing.clear()")
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog.get_by_role("img", name="before.png")).to_be_visible()


# --- film and sound ---------------------------------------------------------------------------------------------------


def test_a_video_seeks_to_another_frame(viewers: Page) -> None:
    show(viewers, "turntable.webm", ["turntable.webm"])
    player = viewers.locator("video")
    expect(player).to_be_visible()
    seek = """(player, at) => new Promise((done) => {
        player.controls = false;
        player.addEventListener("seeked", () => requestAnimationFrame(() => done(player.currentTime)), { once: true });
        player.currentTime = at;
    })"""
    assert player.evaluate(seek, 0.5) == pytest.approx(0.5, abs=0.05)
    first = pixels(player)
    assert player.evaluate(seek, 3.0) == pytest.approx(3.0, abs=0.05)
    assert difference(pixels(player), first) > 0.02


def test_sound_has_its_shape_and_a_player(viewers: Page) -> None:
    dialog = show(viewers, "voice.wav", ["voice.wav"])
    player = viewers.locator("audio")
    expect(player).to_be_visible()
    assert player.evaluate("(player) => player.seekable.end(0)") == pytest.approx(3.0, abs=0.05)
    wave = dialog.locator(".cy-v-wave")
    box = wave.bounding_box()
    assert box is not None
    wave.click(position={"x": box["width"] * 0.75, "y": 20})
    viewers.wait_for_function("document.querySelector('audio').currentTime > 2")


# --- data -------------------------------------------------------------------------------------------------------------


def test_json_is_a_tree_walked_by_keys(viewers: Page) -> None:
    dialog = show(viewers, "metrics.json", ["metrics.json"])
    tree = dialog.get_by_role("tree", name="metrics.json")
    root = tree.get_by_role("treeitem").first
    root.focus()
    viewers.keyboard.press("End")
    last = tree.locator("[role=treeitem]:focus")
    expect(last).to_have_text("losses: [ 2500 ]")
    viewers.keyboard.press("ArrowRight")
    expect(last).to_have_attribute("aria-expanded", "true")
    assert tree.get_by_role("treeitem").count() < 100
    viewers.keyboard.press("ArrowRight")
    viewers.keyboard.press("ArrowRight")
    viewers.keyboard.press("ArrowRight")
    expect(tree.locator("[role=treeitem]:focus")).to_have_text("0: 1")
    viewers.keyboard.press("Home")
    viewers.keyboard.press("ArrowLeft")
    expect(tree.get_by_role("treeitem")).to_have_count(1)


def test_json_is_searched_into_closed_branches(viewers: Page) -> None:
    dialog = show(viewers, "metrics.json", ["metrics.json"])
    dialog.get_by_role("searchbox").fill("0.00041")
    expect(dialog.locator(".cy-v-count")).to_have_text(re.compile(r"^1 of \d+$"))
    found = dialog.locator(".cy-v-found")
    expect(found).to_contain_text("0.00041")
    expect(found).to_be_in_viewport()
    viewers.keyboard.press("Enter")
    expect(dialog.locator(".cy-v-count")).to_have_text(re.compile(r"^2 of \d+$"))
    dialog.get_by_role("searchbox").fill("nowhere")
    expect(dialog.locator(".cy-v-count")).to_have_text("no matches")


def test_json_is_copied(viewers: Page) -> None:
    viewers.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dialog = show(viewers, "metrics.json", ["metrics.json"])
    dialog.get_by_role("button", name="Copy all").click()
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    copied = json.loads(viewers.evaluate("navigator.clipboard.readText()"))
    assert copied["scene"]["name"] == "garden"
    dialog.get_by_role("treeitem", name=re.compile("^psnr")).click()
    viewers.keyboard.press("Control+c")
    viewers.wait_for_function("navigator.clipboard.readText().then((text) => text === '31.42')")


def test_a_table_is_sorted_narrowed_and_drawn_as_it_is_scrolled_to(viewers: Page) -> None:
    dialog = show(viewers, "losses.csv", ["losses.csv"])
    expect(dialog.get_by_text("900 rows \N{MULTIPLICATION SIGN} 4 columns")).to_be_visible()
    rows = dialog.locator("tbody tr")
    expect(rows).to_have_count(200)
    dialog.get_by_role("group").evaluate("(pane) => pane.scrollTo(0, pane.scrollHeight)")
    expect(rows).to_have_count(400)
    dialog.get_by_role("button", name="loss", exact=True).click()  # the legend's is "Show loss"
    expect(dialog.get_by_role("columnheader", name="loss")).to_have_attribute("aria-sort", "ascending")
    expect(rows.first.get_by_role("cell").first).to_have_text("44950")
    dialog.get_by_role("searchbox").fill("kept, best")
    expect(dialog.get_by_text("129 of 900 rows")).to_be_visible()


def test_a_parquet_file_is_looked_into_by_the_kernel(viewers: Page, bench: Bench) -> None:
    dialog = show(viewers, "weights.parquet", ["weights.parquet"])
    expect(dialog.get_by_text("48,000 rows \N{MULTIPLICATION SIGN} 3 columns")).to_be_visible()
    expect(dialog.get_by_text("The first 60 rows are shown.")).to_be_visible()
    assert "/files/weights.parquet" not in bench.requests


def test_a_log_is_searched_and_loses_its_colour_codes(viewers: Page) -> None:
    dialog = show(viewers, "run.log", ["run.log"])
    text = dialog.get_by_role("group", name="run.log")
    expect(text).to_contain_text("[14:30:05] loading checkpoint")
    assert "\x1b" not in text.inner_text()
    dialog.get_by_role("searchbox").fill("LOSS 0.02")
    expect(dialog.locator(".cy-v-count")).to_have_text("1 of 12")
    assert viewers.evaluate("CSS.highlights.get('cyberun-found').size") == 12
    wrap = dialog.get_by_role("button", name="Wrap long lines")
    assert text.evaluate("(pane) => pane.scrollWidth <= pane.clientWidth")
    wrap.click()
    expect(wrap).to_have_attribute("aria-pressed", "false")
    assert text.evaluate("(pane) => pane.scrollWidth > pane.clientWidth")


def test_an_archive_is_listed_and_any_other_file_has_a_card(viewers: Page) -> None:
    dialog = show(viewers, "garden.zip", ["garden.zip", "model.ckpt"])
    expect(dialog.get_by_role("listitem")).to_have_count(25)
    expect(dialog.get_by_text("25 files")).to_be_visible()
    viewers.keyboard.press("n")
    expect(dialog.get_by_text("/home/me/model.ckpt")).to_be_visible()


# --- safety -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["hostile.svg", "hostile.html", "hostile-name"])
def test_nothing_that_came_from_a_server_is_run(viewers: Page, key: str) -> None:
    viewers.evaluate("(key) => { harness.mount(key); }", key)
    dialog = show(viewers, key, [key])
    name = HOSTILE_NAME if key == "hostile-name" else key
    expect(dialog.get_by_role("heading")).to_have_text(name)
    settle(viewers)
    viewers.wait_for_timeout(500)  # nothing must happen: a script that runs would do so by then
    assert viewers.evaluate("window.hacked") is None
    assert viewers.locator("script").count() == 1
    assert viewers.locator("iframe, object, embed").count() == 0


def test_an_svg_has_no_origin_even_in_a_tab_of_its_own(viewers: Page) -> None:
    picture = show(viewers, "hostile.svg", ["hostile.svg"]).get_by_role("img", name="hostile.svg")
    expect(picture).to_be_visible()
    assert picture.evaluate("(image) => image.src").startswith("data:image/svg+xml;base64,")


def test_html_is_text(viewers: Page) -> None:
    dialog = show(viewers, "hostile.html", ["hostile.html"])
    expect(dialog.get_by_role("group")).to_contain_text("<!doctype html><script>")
    expect(dialog.get_by_text("HTML is shown as text and never run.")).to_be_visible()


def test_the_viewers_ask_the_network_for_nothing(viewers: Page, bench: Bench) -> None:
    asked: list[str] = []
    viewers.on("request", lambda request: asked.append(request.url))
    for key in ["scene.glb", "garden.spz", "before.png", "metrics.json"]:
        dialog = show(viewers, key)
        if key in MODELS:
            expect(dialog.get_by_text(MODELS[key])).to_be_visible(timeout=60_000)
        settle(viewers)
        viewers.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
    outside = [
        url for url in asked if not url.startswith(("blob:", "data:", f"{bench.url}files/", f"{bench.url}three.js"))
    ]
    assert outside == []


# --- the dialog -------------------------------------------------------------------------------------------------------


def test_everything_is_done_by_keys_and_the_focus_comes_back(viewers: Page) -> None:
    opener = viewers.get_by_role("button", name="Open the results")
    opener.focus()
    viewers.keyboard.press("Enter")
    dialog = viewers.get_by_role("dialog")
    expect(dialog).to_have_accessible_name("before.png")
    viewers.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("heading")).to_have_text("after.png")
    viewers.keyboard.press("p")
    expect(dialog.get_by_role("heading")).to_have_text("before.png")
    seen: list[str] = []
    for _ in range(60):
        viewers.keyboard.press("Tab")
        place = viewers.evaluate(
            """() => {
                const at = document.activeElement;
                if (at === document.body) return "body";
                if (!at.closest("dialog")) return "outside";
                return at.getAttribute("aria-label") ?? at.textContent;
            }"""
        )
        seen.append(place)
    assert "outside" not in seen
    assert {"Zoom in", "Compare", "Download", "Close", "Next", "after.png"} <= set(seen)
    dialog.get_by_role("button", name="Download", exact=True).focus()
    viewers.keyboard.press("Enter")
    assert viewers.evaluate("harness.desk.saved") == ["before.png"]
    viewers.keyboard.press("Escape")
    expect(viewers.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()


def test_the_focus_is_seen_where_it_is(viewers: Page) -> None:
    dialog = show(viewers, "before.png")
    viewers.keyboard.press("Tab")
    for _ in range(8):
        viewers.keyboard.press("Tab")
        width = viewers.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
        assert width >= 2
    expect(dialog).to_be_visible()


def test_the_notebook_does_not_see_keys_that_are_meant_for_the_viewer(viewers: Page) -> None:
    viewers.evaluate("document.addEventListener('keydown', (event) => { (window.leaked ??= []).push(event.key); })")
    show(viewers, "before.png")
    for key in ["+", "d", "0", "x"]:
        viewers.keyboard.press(key)
    assert viewers.evaluate("window.leaked") is None


def test_the_end_of_the_card_closes_the_dialog_and_frees_everything(viewers: Page) -> None:
    viewers.evaluate("harness.mount('turntable.webm'), harness.mount('voice.wav')")
    show(viewers, "moving.gif")
    expect(viewers.get_by_role("dialog").get_by_role("img", name="moving.gif").first).to_be_visible()
    viewers.wait_for_function("urls.size > 3")
    viewers.evaluate("harness.life.abort()")
    expect(viewers.get_by_role("dialog")).to_have_count(0)
    assert viewers.locator("[class^=cy-v-inline]").count() == 0
    assert viewers.evaluate("[...urls]") == []


def test_inline_viewers_show_and_open_their_file(viewers: Page) -> None:
    viewers.evaluate("for (const key of ['losses.csv', 'metrics.json']) harness.mount(key)")
    expect(viewers.get_by_role("tree", name="metrics.json")).to_be_visible()
    viewers.get_by_role("button", name="Open losses.csv at full size").click()
    expect(viewers.get_by_role("dialog", name="losses.csv")).to_be_visible()
    viewers.keyboard.press("Escape")
    expect(viewers.get_by_role("button", name="Open losses.csv at full size")).to_be_focused()


FILMS_AND_PICTURES = ["before.png", "turntable.webm", "voice.wav", "scene.glb", "draco.glb"]
DATA = ["metrics.json", "losses.csv", "run.log", "garden.zip", "model.ckpt"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_any_view(page: Page, bench: Bench, theme: str) -> None:
    bench.visit(page, dark=theme == "dark")
    found: dict[str, Any] = {}
    for key in [*FILMS_AND_PICTURES, *DATA]:
        dialog = show(page, key)
        if key in MODELS:
            expect(dialog.get_by_text(MODELS[key])).to_be_visible(timeout=60_000)
        settle(page)
        found |= {
            f"{key}: {violation['id']}": violation["nodes"] for violation in Axe().run(page).response["violations"]
        }
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
    show(page, "before.png")
    page.keyboard.press("c")
    expect(page.get_by_role("slider")).to_be_focused()
    settle(page)
    found |= {f"compare: {violation['id']}": violation["nodes"] for violation in Axe().run(page).response["violations"]}
    page.keyboard.press("Escape")
    page.evaluate(
        """() => {
            for (const { key, kind } of harness.artifacts)
                if (!key.startsWith("hostile") && kind !== "image" && kind !== "model") harness.mount(key);
        }"""
    )
    settle(page)
    found |= {f"inline: {violation['id']}": violation["nodes"] for violation in Axe().run(page).response["violations"]}
    assert found == {}
