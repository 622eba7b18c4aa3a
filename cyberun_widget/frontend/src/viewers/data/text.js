// Text and logs: numbered lines, optionally wrapped, with a search. HTML is shown as text.
import { button, copyButton, el } from "../../shared/dom.ts";
import { dataSizeOf, many } from "../../shared/units.ts";
import { loadBytes } from "../loading.js";
import { searchBox } from "./search.js";
import { fill } from "../../shared/words.ts";

const READ = 4_000_000; // maximum bytes of a file that are shown
const PART = 400; // lines per block: the browser skips blocks that are out of view
const FOUND_MAX = 5000;
const ANSI = /\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])/g; // ECMA-48 escape sequences

/** @typedef {import("../../shared/types.ts").Env} Env */

/** The text as a terminal shows it, without colours; of a line overwritten with \r, only the last version. @param {string} text */
export function plain(text) {
	return text
		.replace(ANSI, "")
		.split(/\r?\n/)
		.map((line) => line.slice(line.lastIndexOf("\r") + 1));
}

/** @param {string[]} lines */
function block(lines) {
	const node = el(
		"div",
		{ class: "cy-v-block" },
		...lines.map((text) => el("div", { class: "cy-v-line", text: text === "" ? "\n" : text })),
	);
	node.style.setProperty("--cy-lines", String(lines.length));
	return node;
}

/** Highlights matches without changing the text. */
class Marks {
	/** @param {HTMLElement} pane @param {import("../../shared/life.ts").Life} life */
	constructor(pane, life) {
		this.pane = pane;
		/** @type {Range[]} */
		this.ranges = [];
		this.at = -1;
		life.onEnd(() => this.paint([], []));
	}

	/** @param {Range[]} all @param {Range[]} current */
	paint(all, current) {
		if (typeof Highlight === "undefined") return;
		CSS.highlights.set("cyberun-found", new Highlight(...all));
		CSS.highlights.set("cyberun-current", new Highlight(...current));
	}

	/** @param {string} words @returns {number} */
	search(words) {
		this.ranges = [];
		this.at = -1;
		const wanted = words.toLowerCase();
		const walk = document.createTreeWalker(this.pane, NodeFilter.SHOW_TEXT);
		for (let node = wanted && walk.nextNode(); node && this.ranges.length < FOUND_MAX; node = walk.nextNode()) {
			const text = (node.nodeValue ?? "").toLowerCase();
			for (let i = text.indexOf(wanted); i >= 0; i = text.indexOf(wanted, i + wanted.length)) {
				const range = document.createRange();
				range.setStart(node, i);
				range.setEnd(node, Math.min(i + wanted.length, node.nodeValue?.length ?? 0));
				this.ranges.push(range);
			}
		}
		this.paint(this.ranges, []);
		return this.ranges.length;
	}

	/** @param {1 | -1} by @returns {number} */
	step(by) {
		this.at = (this.at + by + this.ranges.length) % this.ranges.length;
		const range = this.ranges[this.at];
		if (range) this.paint(this.ranges, [range]);
		range?.startContainer.parentElement?.scrollIntoView({ block: "center" });
		return this.at + 1;
	}
}

/**
 * @param {string} text
 * @param {Env} env
 * @param {string} [note] why it is shown as text, or that it is incomplete
 * @returns {HTMLElement}
 */
export function textBody(text, env, note = "") {
	const { life, artifact } = env;
	const lines = plain(text);
	if (lines.at(-1) === "") lines.pop();
	const pane = el("div", { class: "cy-v-text", tabindex: 0, role: "group", "aria-label": artifact.name });
	pane.style.setProperty("--cy-digits", String(String(lines.length).length));
	for (let i = 0; i < lines.length; i += PART) pane.append(block(lines.slice(i, i + PART)));
	const marks = new Marks(pane, life);
	const search = searchBox({
		label: said.viewers.find_text,
		life,
		onSearch: (words) => marks.search(words),
		onStep: (by) => marks.step(by),
	});
	const wrap = button(
		said.viewers.wrap,
		() => {
			const on = pane.classList.toggle("cy-v-wrapped");
			wrap.setAttribute("aria-pressed", String(on));
		},
		{ icon: "wrap", bare: true, signal: life.signal },
	);
	pane.classList.add("cy-v-wrapped");
	wrap.setAttribute("aria-pressed", "true");
	const bar = el(
		"div",
		{ class: "cy-v-subbar" },
		search,
		el("span", { class: "cy-v-muted", text: many(lines.length, "line") }),
		wrap,
		copyButton(said.viewers.copy_all, () => lines.join("\n"), life),
	);
	return el("div", { class: "cy-v-pane" }, bar, note && el("p", { class: "cy-v-note", text: note }), pane);
}

/** @param {Env} env @returns {import("../../shared/types.ts").View} */
export function textView(env) {
	const { artifact, full } = env;
	const show = async (/** @type {Blob} */ blob) => {
		const text = new TextDecoder().decode(await blob.slice(0, READ).arrayBuffer());
		const notes = [];
		if (/html/i.test(artifact.mime)) notes.push(said.viewers.html_text);
		if (blob.size > READ) notes.push(fill(said.viewers.text_part, { size: dataSizeOf(READ, blob.size) }));
		return textBody(text, env, notes.join(" "));
	};
	return { node: loadBytes(env, show, full ? undefined : { label: said.viewers.show, over: READ / 4 }) };
}
