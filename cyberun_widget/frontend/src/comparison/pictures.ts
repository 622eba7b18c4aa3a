// Two pictures in one frame (slider, flicker, difference), or all side by side, with a shared zoom.
import { button, el, OWN_KEYS, setAttributes, setText } from "../shared/dom.ts";
import { Life } from "../shared/life.ts";
import { differenceWords, meanDifference } from "./difference.ts";
import { linkZoom } from "./zoom_link.ts";
import { percent } from "../shared/units.ts";
import { fill } from "../shared/words.ts";

/** The ways of comparing two pictures: mode -> display name. */
export const MODES = {
	side: said.comparison.side_by_side,
	slider: said.comparison.slider,
	flicker: said.comparison.flicker,
	difference: said.comparison.difference,
};
export type Mode = keyof typeof MODES;

const FLICKER = 700; // ms for each picture; fewer than 3 changes per second
const STEP = 1.25;

export interface Picture {
	image: HTMLImageElement;
	/** The picture's name, untrusted text. */
	label: string;
}

/**
 * Pictures to compare. The mode "side" shows all of them, the other modes the first two.
 * The node has a fixed height; each call resets the zoom.
 */
export function comparePictures(pictures: readonly Picture[], mode: Mode, life: Life): HTMLElement {
	return mode === "side" ? sideBySide(pictures, life) : overlaid(pictures, mode, life);
}

function frameOf({ image, label }: Picture): { node: HTMLElement; stage: HTMLElement } {
	image.classList.add("cyc-picture");
	const stage = el("div", { class: "cyc-stage" }, image);
	return { node: el("figure", { class: "cyc-frame" }, stage, el("figcaption", { dir: "auto", text: label })), stage };
}

function sideBySide(pictures: readonly Picture[], life: Life): HTMLElement {
	const frames = pictures.map(frameOf);
	const node = el("div", { ...OWN_KEYS, class: "cyc-side", tabindex: 0, role: "group", "aria-label": said.comparison.side_name });
	node.style.setProperty("--cyc-columns", String(Math.min(frames.length, 4)));
	node.append(...frames.map((frame) => frame.node));
	whenShown(node, life, () => {
		const zoom = linkZoom(frames.map(({ stage }, index) => ({ stage, picture: imageAt(pictures, index) })), life, (place) =>
			setAttributes(node, { "data-scale": place.scale.toFixed(3) }),
		);
		onKeys(node, zoom, life);
	});
	return node;
}

function overlaid(pictures: readonly Picture[], mode: Mode, life: Life): HTMLElement {
	const [below, above] = [pictures[0], pictures[1]];
	if (!below || !above) return el("p", { class: "cyc-hint", text: said.comparison.choose_two });
	const base = frameOf(below);
	above.image.classList.add("cyc-picture");
	above.image.alt = above.label;
	const cover = el("div", { class: "cyc-cover", "data-mode": mode }, above.image);
	base.stage.append(cover);
	const words = el("span", { class: "cyc-words", role: "status" });
	const tools = el("div", { class: "cyc-tools" });
	const node = el("div", { ...OWN_KEYS, class: "cyc-overlaid", tabindex: 0, role: "group" }, base.node, tools);
	setAttributes(node, { "aria-label": fill(said.comparison.two_name, { first: below.label, second: above.label, mode: MODES[mode].toLowerCase() }) });
	base.node.querySelector("figcaption")?.replaceChildren(el("bdi", { text: below.label }), " / ", el("bdi", { text: above.label }));
	if (mode === "slider") tools.append(...sliderTools(cover, [below, above]));
	if (mode === "flicker") tools.append(...flickerTools(cover, [below, above], life));
	if (mode === "difference") {
		tools.append(...differenceTools(cover, life), words);
		setText(words, differenceWords(meanDifference(below.image, above.image)));
	}
	whenShown(node, life, () => {
		const zoom = linkZoom([{ stage: base.stage, picture: below.image }], life, (place) => {
			// Scale the upper picture to cover the lower one exactly.
			above.image.style.width = `${place.natural.width * place.scale}px`;
			above.image.style.height = `${place.natural.height * place.scale}px`;
			above.image.style.transform = `translate(${Math.round(place.x)}px, ${Math.round(place.y)}px)`;
			setAttributes(node, { "data-scale": place.scale.toFixed(3) });
		});
		onKeys(node, zoom, life);
	});
	return node;
}

/** A range input across the frame: the browser supports mouse, touch, keys and screen readers. */
function sliderTools(cover: HTMLElement, [below, above]: [Picture, Picture]): HTMLElement[] {
	const range = el("input", { ...OWN_KEYS, type: "range", class: "cyc-range", min: 0, max: 100, step: 0.5, value: 50, "aria-label": said.comparison.divider });
	const place = () => {
		cover.style.setProperty("--cyc-at", `${range.value}%`);
		range.setAttribute("aria-valuetext", fill(said.comparison.divider_at, { percent: percent(Number(range.value) / 100), first: below.label, second: above.label }));
	};
	range.oninput = place;
	place();
	return [range];
}

function flickerTools(cover: HTMLElement, pictures: [Picture, Picture], life: Life): HTMLElement[] {
	const name = el("bdi", { class: "cyc-words" });
	let upper = true;
	let timer: ReturnType<typeof setInterval> | undefined;
	const show = (on: boolean) => {
		upper = on;
		cover.hidden = !on;
		setText(name, pictures[on ? 1 : 0].label);
	};
	const run = (on: boolean) => {
		clearInterval(timer);
		timer = on ? setInterval(() => show(!upper), FLICKER) : undefined;
		play.setAttribute("aria-pressed", String(on));
	};
	const play = button(said.comparison.flicker, () => run(timer === undefined), { icon: "play", signal: life.signal });
	const swap = button(said.comparison.swap, () => {
		run(false);
		show(!upper);
	}, { signal: life.signal });
	life.onEnd(() => clearInterval(timer));
	show(true);
	run(!matchMedia("(prefers-reduced-motion: reduce)").matches);
	return [play, swap, name];
}

function differenceTools(cover: HTMLElement, life: Life): HTMLElement[] {
	const strong = el("input", { type: "checkbox", class: "cyc-check" });
	strong.addEventListener("change", () => setAttributes(cover.parentElement ?? cover, { "data-gain": strong.checked && "true" }), { signal: life.signal });
	return [el("label", { class: "cyc-option" }, strong, said.comparison.amplify)];
}

function onKeys(node: HTMLElement, zoom: ReturnType<typeof linkZoom>, life: Life): void {
	const arrows: Record<string, [number, number]> = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
	node.addEventListener("keydown", (event) => {
		if (event.target instanceof HTMLInputElement) return;
		const arrow = arrows[event.key];
		if (arrow && !zoom.place.fitted) zoom.move(...arrow);
		else if (event.key === "+" || event.key === "=") zoom.zoom(zoom.place.scale * STEP);
		else if (event.key === "-" || event.key === "_") zoom.zoom(zoom.place.scale / STEP);
		else if (event.key === "0") zoom.fit();
		else return;
		event.preventDefault();
		event.stopPropagation();
	}, { signal: life.signal });
}

/** A stage can only be measured once it has a size. */
function whenShown(node: HTMLElement, life: Life, begin: () => void): void {
	requestAnimationFrame(() => {
		if (life.ended) return;
		if (node.isConnected && node.clientWidth > 0) begin();
		else whenShown(node, life, begin);
	});
}

function imageAt(pictures: readonly Picture[], index: number): HTMLImageElement {
	const picture = pictures[index];
	if (!picture) throw new Error("Unknown image.");
	return picture.image;
}
