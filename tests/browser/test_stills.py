"""What is shown automatically: a still of each model in view, and short videos that play muted while visible."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from states.messages import asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page
    from viewer_bench import Bench

WATCH = """
// Every WebGL context ever made, and the most that lived at one time.
window.contexts = [];
window.most = 0;
window.living = () => contexts.filter((context) => !context.isContextLost()).length;
const getContext = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  if (window.noWebGL && kind.startsWith("webgl")) return null;
  const context = getContext.call(this, kind, ...rest);
  if (context && kind.startsWith("webgl") && !contexts.includes(context)) contexts.push(context);
  window.most = Math.max(most, living());
  return context;
};
"""
TRIANGLE = "v 0 0 0\\nv 1 0 0\\nv 0 1 0\\nv 0 0 1\\nf 1 2 3\\nf 1 2 4\\nf 2 3 4\\nf 1 3 4\\n"


@pytest.fixture
def viewers(page: Page, bench: Bench) -> Page:
    page.set_default_timeout(90_000)  # 3D is drawn by the processor here
    page.add_init_script(WATCH)
    bench.visit(page)
    return page


def test_stills_are_made_one_at_a_time_and_leave_nothing_behind(viewers: Page) -> None:
    made = viewers.evaluate(
        """async () => {
            const orders = ["scene.glb", "broken.glb", "points.ply"].map((key) => harness.still(key));
            const ends = await Promise.allSettled(orders);
            return ends.map(({ status }) => status);
        }"""
    )
    assert made == ["fulfilled", "rejected", "fulfilled"]
    assert viewers.evaluate("[...harness.desk.posters.keys()]") == ["scene.glb", "points.ply"]
    size = "createImageBitmap(harness.desk.posters.get('scene.glb')).then(({ width, height }) => [width, height])"
    assert viewers.evaluate(size) == [512, 384]
    assert viewers.evaluate("[most, living()]") == [1, 0]
    assert viewers.locator("canvas").count() == 0


def test_a_browser_without_webgl_is_spared_the_3d_module(viewers: Page, bench: Bench) -> None:
    viewers.evaluate("window.noWebGL = true")
    bench.requests.clear()
    viewers.evaluate("harness.still('scene.glb')")
    assert bench.requests == []


def test_a_card_that_goes_takes_its_order_back(viewers: Page) -> None:
    made = viewers.evaluate(
        """async () => {
            const orders = Promise.allSettled(["scene.glb", "ring.obj"].map((key) => harness.still(key)));
            await new Promise(requestAnimationFrame);
            harness.life.abort();
            return (await orders).map(({ status }) => status);
        }"""
    )
    assert made == ["fulfilled", "fulfilled"]
    assert viewers.evaluate("[harness.desk.posters.size, living()]") == [0, 0]


def test_a_tile_without_a_picture_gets_a_still_and_the_kernel_keeps_it(
    page: Page, show: Callable[..., Locator]
) -> None:
    page.set_default_timeout(90_000)  # 3D is drawn by the processor here
    card = show("completed-splat")
    tile = card.locator("[data-artifact='mesh']")
    page.evaluate(
        f"""() => {{
            const {{ model }} = cards["completed-splat"];
            model.files.set("mesh", new Blob(["{TRIANGLE}"]));
            const again = (file) => (file.key === "mesh" ? {{ ...file, revision: "2" }} : file);
            model.update({{ artifacts: model.get("artifacts").map(again) }});
        }}"""
    )
    expect(tile.locator("img[src]")).to_be_visible(timeout=90_000)
    page.wait_for_function("cards['completed-splat'].model.sent.some(({ type }) => type === 'poster')")
    kept = [(message["key"], message["buffers"]) for message in asked(page, "completed-splat", "poster")]
    assert set(kept) == {("mesh", 1)}  # once for each revision that was in sight


def test_a_short_film_plays_muted_while_it_is_seen_and_obeys_the_person(viewers: Page) -> None:
    viewers.evaluate("harness.mount('turntable.webm')")
    film = viewers.locator("video")
    viewers.wait_for_function("document.querySelector('video')?.paused === false")
    assert film.evaluate("(video) => [video.muted, video.loop]") == [True, True]
    viewers.evaluate("document.querySelector('.host').style.marginTop = '3000px'")
    viewers.wait_for_function("document.querySelector('video').paused")
    viewers.evaluate("document.querySelector('.host').style.marginTop = ''")
    viewers.wait_for_function("!document.querySelector('video').paused")
    viewers.emulate_media(reduced_motion="reduce")
    viewers.wait_for_function("document.querySelector('video').paused")
    viewers.emulate_media(reduced_motion="no-preference")
    viewers.wait_for_function("!document.querySelector('video').paused")
    film.evaluate("(video) => new Promise((done) => { video.onpause = done; video.pause(); })")  # the person's pause
    viewers.evaluate(
        """() => new Promise((done) => {
            const sight = new IntersectionObserver((entries) => entries.at(-1).isIntersecting || done());
            sight.observe(document.querySelector("video"));
            document.querySelector(".host").style.marginTop = "3000px";
        })"""
    )
    viewers.evaluate(
        """() => new Promise((done) => {
            const seen = ([entry]) => entry.isIntersecting && requestAnimationFrame(() => requestAnimationFrame(done));
            const sight = new IntersectionObserver(seen, { threshold: 0.5 });
            sight.observe(document.querySelector("video"));
            document.querySelector(".host").style.marginTop = "";
        })"""
    )
    assert film.evaluate("(video) => video.paused")
