// Elements, icons and buttons. Text is always set as text; no function accepts markup.
import type { Life } from "./life.ts";

const SVG = "http://www.w3.org/2000/svg";

/** Stroked paths on a 16 by 16 grid. */
const ICONS = {
	all: "M8 1.8v5.4M5.4 4.8 8 7.4l2.6-2.6M2.5 9.2v4.6h11V9.2M5 11.4h6",
	back: "M10 3 5 8l5 5",
	background: "M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11",
	camera: "M2.5 5h2.6l1-1.5h3.8l1 1.5h2.6v7.5h-11zM8 6.6a2.1 2.1 0 1 0 0 4.2 2.1 2.1 0 0 0 0-4.2",
	chart: "M2.5 2.5v11h11M5 10.2l2.7-3.4 2.3 2 3.5-5",
	check: "m3 8.5 3.2 3.2L13 5",
	chevron: "m6 4 4 4-4 4",
	close: "m4 4 8 8M12 4l-8 8",
	compare: "M8 2v12M2.5 4H8M2.5 12H8M2.5 4v8M8 4h5.5v8H8",
	copy: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z",
	data: "M6 2.5C3.8 2.5 5.6 7 3 8c2.6 1 .8 5.5 3 5.5M10 2.5c2.2 0 .4 4.5 3 5.5-2.6 1-.8 5.5-3 5.5",
	dice: "M3 3h10v10H3zM5.6 5.6v.1M10.4 5.6v.1M8 8v.1M5.6 10.4v.1M10.4 10.4v.1",
	down: "M8 2.5v7M5 7l3 3 3-3M3 13h10",
	expand: "M9.5 2.5h4v4M6.5 13.5h-4v-4M13 3 9.5 6.5M3 13l3.5-3.5",
	file: "M4 1.8h5L12.5 5v9.2H4zM9 1.8V5h3.5",
	fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
	image: "M2.5 3h11v10h-11zM2.5 11l3.2-3.2 2.6 2.6 2-2 3.2 3.2M10.6 5.4v.4",
	keys: "M1.8 4h12.4v8H1.8zM4.4 6.6v.1M6.8 6.6v.1M9.2 6.6v.1M11.6 6.6v.1M5 9.6h6",
	minus: "M3.5 8h9",
	model: "m8 1.8 5.5 3v6.4L8 14.2l-5.5-3V4.8zM2.5 4.8 8 7.9l5.5-3.1M8 7.9v6.3",
	next: "m6 3 5 5-5 5",
	pause: "M5.5 3.5v9M10.5 3.5v9",
	play: "M5 3v10l8-5z",
	plus: "M8 3.5v9M3.5 8h9",
	reset: "M3 8a5 5 0 1 0 1.6-3.7M4.4 1.8v2.7h2.7",
	search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.4 10.4 14 14",
	sound: "M3 6.5v3M6 4v8M9 5.5v5M12 3v10",
	tab: "M9 2.5h4.5V7M13.5 2.5 7.5 8.5M11.5 9.5v4h-9v-9h4",
	table: "M2.5 3.5h11v9h-11zM2.5 6.5h11M6.5 6.5v6",
	text: "M3 4h10M3 7h10M3 10h7M3 13h4",
	up: "M8 14V3M4 7l4-4.5L12 7",
	warning: "M8 2 14.3 13H1.7zM8 6v3.4M8 11.2v.4",
	wrap: "M2.5 4h11M2.5 8h8.6a2.2 2.2 0 0 1 0 4.4H8M9.7 10.7 8 12.4l1.7 1.6M2.5 12.4h3",
};

export type Icon = keyof typeof ICONS;
export type Child = Node | string | null | undefined | false;
type Attribute = string | number | boolean | null | undefined;

/**
 * For elements that need keys that JupyterLab intercepts outside text fields (arrows, 0, +). JupyterLab checks only
 * the focused element: the attribute has no effect on its ancestors.
 */
export const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

/** Make an element. `text` becomes text; true sets an attribute and false omits it. */
export function el<K extends keyof HTMLElementTagNameMap>(
	tag: K,
	props: { class?: string; text?: string; [attribute: string]: Attribute } = {},
	...children: Child[]
): HTMLElementTagNameMap[K] {
	const node = document.createElement(tag);
	for (const [name, value] of Object.entries(props)) {
		if (value === null || value === undefined || value === false) continue;
		if (name === "text") node.textContent = String(value);
		else node.setAttribute(name, value === true ? "" : String(value));
	}
	node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
	return node;
}

/** Set an element's text. Hides it if the text is empty; doesn't touch it if unchanged. */
export function setText(node: HTMLElement, text: string): void {
	if (node.textContent !== text) node.textContent = text;
	if (node.hidden === Boolean(text)) node.hidden = !text;
}

/** Set attributes. null and false remove one; unchanged ones aren't touched. */
export function setAttributes(node: Element, values: Record<string, Attribute>): void {
	for (const [name, value] of Object.entries(values)) {
		if (value === null || value === undefined || value === false) node.removeAttribute(name);
		else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
	}
}

/** A button of the widget itself, without an icon. */
export function plainButton(label: string, onClick: () => void): HTMLButtonElement {
	const node = el("button", { type: "button", class: "cy-btn", text: label });
	node.onclick = onClick;
	return node;
}

export function icon(name: Icon): SVGSVGElement {
	const svg = document.createElementNS(SVG, "svg");
	svg.setAttribute("viewBox", "0 0 16 16");
	svg.setAttribute("class", "cy-v-icon");
	svg.setAttribute("aria-hidden", "true");
	const path = document.createElementNS(SVG, "path");
	path.setAttribute("d", ICONS[name]);
	svg.append(path);
	return svg;
}

export interface ButtonOptions {
	icon?: Icon;
	/** Show only the icon; the label is the accessible name and tooltip. */
	bare?: boolean;
	title?: string;
	class?: string;
	signal?: AbortSignal;
}

/** Make a button; `label` is its name, shown unless it is bare. */
export function button(label: string, onClick: () => void, options: ButtonOptions = {}): HTMLButtonElement {
	const { icon: name, bare = false, title, class: extra = "", signal } = options;
	const node = el("button", { type: "button", class: `cy-v-button ${bare ? "cy-v-bare" : ""} ${extra}`.trim() });
	if (name) node.append(icon(name));
	if (bare) node.setAttribute("aria-label", label);
	else node.append(el("span", { text: label }));
	if (bare || title) node.title = title ?? label;
	node.addEventListener("click", onClick, signal ? { signal } : {});
	return node;
}

export function relabel(node: HTMLButtonElement, name: Icon, label?: string): void {
	node.querySelector("svg")?.replaceWith(icon(name));
	if (label === undefined) return;
	node.setAttribute("aria-label", label);
	node.title = label;
}

/** Whether this element accepts typed text. */
export function isTyping(target: EventTarget | null): boolean {
	return (
		target instanceof HTMLElement &&
		(target.matches("textarea, select, [contenteditable]") ||
			(target instanceof HTMLInputElement && target.type !== "range"))
	);
}

/** Copy a text. `near`: where a temporary text field may be added in a browser without the clipboard API. */
export async function copyText(text: string, near: HTMLElement): Promise<boolean> {
	if (navigator.clipboard && isSecureContext) {
		try {
			await navigator.clipboard.writeText(text);
			return true;
		} catch (error) {
			if (!(error instanceof DOMException)) throw error; // refused by the browser or the frame: use the fallback below
		}
	}
	const field = el("textarea", { class: "cy-v-hidden", "aria-label": said.copy_text });
	field.value = text;
	const back = document.activeElement;
	near.append(field);
	field.select();
	const done = document.execCommand("copy");
	field.remove();
	if (back instanceof HTMLElement) back.focus();
	return done;
}

/** A button that copies and confirms it. */
export function copyButton(label: string, text: () => string, life: Life): HTMLButtonElement {
	const copy = async () => {
		const done = await copyText(text(), node.parentElement ?? node);
		relabel(node, done ? "check" : "warning", done ? said.copied : said.copy_refused);
		life.later(() => relabel(node, "copy", label), 1600);
	};
	const node = button(label, () => void copy(), { icon: "copy", bare: true, signal: life.signal });
	return node;
}
