// Compares every cell with the reference: slider, flicker or difference, with a shared zoom, all by CSS on the root.
import { el, setText } from "../shared/dom.ts";
import { fillNodes } from "../shared/words.ts";

export type Mode = "slider" | "flicker" | "difference";
const MODES: Readonly<Record<Mode, string>> = { slider: said.comparison.slider, flicker: said.comparison.flicker, difference: said.comparison.difference };
const ZOOM_MAX = 16;
const STEP = 1.5;

export interface CompareOptions {
	/** The element with the attributes and variables that style the faces. */
	root: HTMLElement;
	onUnpin(): void;
	/** Called when another mode is chosen. */
	onMode(): void;
	signal: AbortSignal;
}

export interface Compare {
	node: HTMLElement;
	readonly on: boolean;
	readonly mode: Mode;
	/** Turn it on or off; `label` names the reference. */
	update(on: boolean, label: string): void;
	/** Make wheel and drag on any face inside zoom and move all of them. */
	attach(host: HTMLElement): void;
	zoom(factor: number, at?: readonly [x: number, y: number]): void;
	reset(): void;
}

export function compare({ root, onUnpin, onMode, signal }: CompareOptions): Compare {
	/** The position of each picture in its face, as fractions of the face. */
	const place = { scale: 1, x: 0, y: 0 };
	let on = false;
	let chosen: Mode = "slider";
	const range = el("input", { type: "range", class: "cy-g-range", min: 0, max: 100, step: 0.5, value: 50, "aria-label": said.sweep.share });
	const name = el("bdi", { class: "cy-g-pinned" });
	const buttons = (Object.keys(MODES) as Mode[]).map((mode) => {
		const button = el("button", { type: "button", class: "cy-btn", "aria-pressed": String(mode === "slider"), "data-mode": mode });
		button.textContent = MODES[mode];
		button.addEventListener("click", () => {
			choose(mode);
			onMode();
		}, { signal });
		return button;
	});
	const icon = (label: string, text: string, click: () => void) => {
		const button = el("button", { type: "button", class: "cy-g-icon", "aria-label": label, title: label, text });
		button.addEventListener("click", click, { signal });
		return button;
	};
	const level = el("span", { class: "cy-g-level" });
	const node = el(
		"div",
		{ class: "cy-g-compare cyberun-compare", role: "group", "aria-label": said.sweep.compare, hidden: true },
		el("span", { class: "cy-g-versus" }, ...fillNodes(said.sweep.compared_with, { reference: name })),
		el("span", { class: "cy-g-modes", role: "group", "aria-label": said.sweep.how }, ...buttons),
		range,
		el("span", { class: "cy-g-zoom" }, icon(said.viewers.zoom_out, "−", () => zoom(1 / STEP)), level, icon(said.viewers.zoom_in, "+", () => zoom(STEP)), icon(said.viewers.fit, "⤢", reset)),
		icon(said.sweep.unpin, "×", onUnpin),
	);
	range.addEventListener("input", draw, { signal });
	range.addEventListener("keydown", (event) => event.stopPropagation(), { signal });

	function choose(mode: Mode): void {
		chosen = mode;
		for (const button of buttons) button.ariaPressed = String(button.dataset["mode"] === mode);
		range.hidden = mode !== "slider";
		root.dataset["compare"] = mode;
	}

	function draw(): void {
		const { scale } = place;
		const least = 1 - scale;
		place.x = Math.min(0, Math.max(least, place.x));
		place.y = Math.min(0, Math.max(least, place.y));
		root.style.setProperty("--cy-at", `${range.value}%`);
		root.style.setProperty("--cy-zoom", String(scale));
		root.style.setProperty("--cy-x", `${100 * place.x}%`);
		root.style.setProperty("--cy-y", `${100 * place.y}%`);
		root.toggleAttribute("data-zoomed", scale > 1);
		setText(level, `${Math.round(100 * scale)}%`);
	}

	function zoom(factor: number, [x, y]: readonly [number, number] = [0.5, 0.5]): void {
		const next = Math.min(ZOOM_MAX, Math.max(1, place.scale * factor));
		place.x = x - ((x - place.x) * next) / place.scale;
		place.y = y - ((y - place.y) * next) / place.scale;
		place.scale = next;
		draw();
	}

	function reset(): void {
		Object.assign(place, { scale: 1, x: 0, y: 0 });
		draw();
	}

	/** The pointer's position in the face under it, as fractions of the face. */
	function at(event: MouseEvent): [number, number] | null {
		const face = event.target instanceof Element ? event.target.closest(".cy-g-face") : null;
		if (!face) return null;
		const box = face.getBoundingClientRect();
		return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
	}

	function attach(host: HTMLElement): void {
		let last: [number, number] | null = null;
		let moved = 0;
		host.addEventListener(
			"wheel",
			(event) => {
				const point = on ? at(event) : null;
				if (!point || !(event.ctrlKey || event.metaKey || event.altKey || place.scale > 1)) return; // else the sheet scrolls
				event.preventDefault();
				zoom(Math.exp(-Math.max(-200, Math.min(200, event.deltaY)) / 300), point);
			},
			{ passive: false, signal },
		);
		host.addEventListener("pointerdown", (event) => {
			last = on && place.scale > 1 && event.button === 0 ? at(event) : null;
			moved = 0;
		}, { signal });
		host.addEventListener("pointermove", (event) => {
			const now = last && event.buttons & 1 ? at(event) : null;
			if (!now || !last) return;
			place.x += now[0] - last[0];
			place.y += now[1] - last[1];
			moved += Math.abs(now[0] - last[0]) + Math.abs(now[1] - last[1]);
			last = now;
			draw();
		}, { signal });
		host.addEventListener("click", (event) => {
			if (moved > 0.03) event.stopPropagation(); // it was a drag, so open nothing
			moved = 0;
		}, { signal, capture: true });
		host.addEventListener("dblclick", (event) => {
			const point = on ? at(event) : null;
			if (point) place.scale > 1 ? reset() : zoom(3, point);
		}, { signal });
	}

	draw();
	return {
		node,
		get on() {
			return on;
		},
		get mode() {
			return chosen;
		},
		update(next, label) {
			setText(name, label);
			if (next === on) return;
			on = next;
			node.hidden = !on;
			if (on) choose(chosen);
			else {
				delete root.dataset["compare"];
				reset();
			}
		},
		attach,
		zoom,
		reset,
	};
}
