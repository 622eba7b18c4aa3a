// Videos side by side with a shared clock: play, pause and seek apply to all.
import { button, el, OWN_KEYS, relabel, setText } from "../shared/dom.ts";
import type { Life } from "../shared/life.ts";
import { clock } from "../shared/units.ts";

const DRIFT = 0.08; // seconds a video may be out of sync before it is corrected

export interface Film {
	player: HTMLVideoElement;
	label: string;
}

/** `films`: with metadata loaded. The first one's clock leads; shorter videos stop at their ends. */
export function compareVideos(films: readonly Film[], life: Life): HTMLElement {
	const { signal } = life;
	const length = Math.max(0, ...films.map(({ player }) => (Number.isFinite(player.duration) ? player.duration : 0)));
	const range = el("input", { ...OWN_KEYS, type: "range", class: "cyc-range", min: 0, max: length, step: 0.01, value: 0, "aria-label": said.comparison.time });
	const time = el("span", { class: "cyc-words" });
	let playing = false;
	let at = 0;
	let last = 0;

	const seek = (seconds: number, force = false) => {
		at = Math.min(length, Math.max(0, seconds));
		for (const { player } of films) {
			const own = Math.min(at, player.duration || 0);
			if (force || Math.abs(player.currentTime - own) > DRIFT) player.currentTime = own;
		}
		range.value = String(at);
		setText(time, `${clock(at)} / ${clock(length)}`);
	};
	const run = (on: boolean) => {
		playing = on && length > 0;
		relabel(toggle, playing ? "pause" : "play", playing ? said.comparison.pause : said.comparison.play);
		for (const { player } of films) {
			if (playing && at < player.duration) player.play().catch(() => undefined); // the browser may refuse even a muted video
			else player.pause();
		}
		last = performance.now();
		if (playing) requestAnimationFrame(tick);
	};
	const tick = () => {
		if (!playing || life.ended) return;
		const now = performance.now();
		seek(at + (now - last) / 1000);
		last = now;
		if (at < length) requestAnimationFrame(tick);
		else {
			seek(0, true); // loop
			run(true);
		}
	};
	const toggle = button(said.comparison.play, () => run(!playing), { icon: "play", bare: true, signal });
	range.addEventListener("input", () => {
		run(false);
		seek(range.valueAsNumber, true);
	}, { signal });
	for (const { player } of films) {
		player.controls = false;
		player.loop = false;
		player.muted = true;
	}
	life.onEnd(() => run(false));
	seek(0, true);
	const frames = films.map(({ player, label }) =>
		el("figure", { class: "cyc-frame" }, player, el("figcaption", { dir: "auto", text: label })),
	);
	const side = el("div", { class: "cyc-side" }, ...frames);
	side.style.setProperty("--cyc-columns", String(Math.min(films.length, 4)));
	return el("div", { class: "cyc-films" }, side, el("div", { class: "cyc-tools" }, toggle, range, time));
}
