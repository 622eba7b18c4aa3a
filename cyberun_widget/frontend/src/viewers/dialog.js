// The full-size view: one artifact at a time, with a strip of all of them; usable by mouse and keyboard.
import { compareView } from "./compare.js";
import { posterSource } from "../shared/blobs.ts";
import { button, el, icon, isTyping } from "../shared/dom.ts";
import { facts } from "../shared/units.ts";
import { Life } from "../shared/life.ts";
import { failure } from "./loading.js";
import { fullView, KIND_ICONS } from "./kinds.js";
import { downloadButton } from "./actions/download.ts";
import { shareTools } from "./actions/share.ts";
import { showShortcuts } from "./actions/shortcuts.ts";
import { zipPanel } from "./actions/zip_panel.ts";
import { adopt, lendTokens } from "../shared/style.ts";
import css from "./css/index.css";

/**
 * @typedef {import("../shared/types.ts").Artifact} Artifact
 * @typedef {import("../shared/types.ts").Ctx} Ctx
 */

/** The focused element, including inside shadow roots. @returns {Element | null} */
function focused() {
	let at = document.activeElement;
	while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
	return at;
}

/**
 * Create the elements of the dialog.
 * @param {Artifact[]} artifacts
 * @param {Ctx} ctx
 * @param {() => string} key of the file shown
 * @param {{show: (index: number) => void, step: (by: 1 | -1) => void, compare: () => void, help: () => void, close: () => void}} on
 * @param {Life} life
 */
function layout(artifacts, ctx, key, on, life) {
	const { signal } = life;
	const several = artifacts.length > 1;
	const title = el("h2", { class: "cy-v-title" });
	const about = el("span", { class: "cy-v-muted cy-v-about" });
	const tools = el("div", { class: "cy-v-tools" });
	const share = el("div", { class: "cy-v-tools" });
	const zip = zipPanel(artifacts, ctx, life);
	const one = downloadButton(key, ctx, life);
	const all = button(said.viewers.download_all, () => zip.open(), { icon: "all", bare: true, title: said.viewers.download_all_hint, signal });
	const help = button(said.viewers.shortcuts, on.help, { icon: "keys", bare: true, title: said.viewers.shortcuts_hint, signal });
	const stage = el("div", { class: "cy-v-body", tabindex: -1 });
	const note = el("p", { class: "cy-v-note" });
	const compare = button(said.viewers.compare, on.compare, { icon: "compare", title: said.viewers.compare_hint, signal });
	const closer = button(said.viewers.close, on.close, { icon: "close", bare: true, title: said.viewers.close_hint, signal });
	const thumbs = artifacts.map((artifact, index) => thumb(artifact, () => on.show(index), life));
	const back = button(said.viewers.previous, () => on.step(-1), {
		icon: "back",
		bare: true,
		title: said.viewers.previous_hint,
		class: "cy-v-side",
		signal,
	});
	const next = button(said.viewers.next, () => on.step(1), {
		icon: "next",
		bare: true,
		title: said.viewers.next_hint,
		class: "cy-v-side",
		signal,
	});
	// data-lm-suppress-shortcuts: JupyterLab ignores the keys
	const dialog = el(
		"dialog",
		{ class: "cyberun-dialog cy-v-dialog", "data-lm-suppress-shortcuts": "true" },
		el("header", { class: "cy-v-top" }, el("div", { class: "cy-v-names" }, title, about), tools, compare, share, one, several && all, help, closer),
		zip.node,
		note,
		el("div", { class: "cy-v-middle" }, several && back, stage, several && next),
		several && el("nav", { class: "cy-v-strip", "aria-label": said.viewers.all_files }, ...thumbs),
	);
	return { dialog, title, about, tools, share, one, note, stage, compare, thumbs };
}

/** @param {Artifact} artifact @param {() => void} onClick @param {Life} life */
function thumb(artifact, onClick, life) {
	const node = button(artifact.name, onClick, { bare: true, class: "cy-v-strip-item", signal: life.signal });
	const poster = posterSource(artifact, life);
	node.append(poster ? el("img", { src: poster, alt: "" }) : icon(KIND_ICONS[artifact.kind] ?? "file"));
	return node;
}

/** A modal <dialog>: the browser keeps the focus inside, closes it on Esc, and makes the page inert. */
export class Lightbox {
	/**
	 * @param {Artifact[]} artifacts
	 * @param {string} key of the one shown first
	 * @param {Ctx} ctx
	 */
	constructor(artifacts, key, ctx) {
		this.artifacts = artifacts;
		this.ctx = { ...ctx, poster: (/** @type {string} */ of, /** @type {Blob} */ still) => this.keep(of, still) };
		this.keepOutside = ctx.poster;
		this.index = Math.max(
			0,
			artifacts.findIndex((artifact) => artifact.key === key),
		);
		this.life = new Life(ctx.signal);
		this.viewLife = new Life(this.life.signal);
		/** @type {((event: KeyboardEvent) => boolean) | undefined} */
		this.viewKey = undefined;
		this.comparing = false;
		this.opener = focused();
		const on = {
			show: (/** @type {number} */ index) => this.show(index),
			step: (/** @type {1 | -1} */ by) => this.step(by),
			compare: () => this.toggleCompare(),
			help: () => this.help(),
			close: () => this.close(),
		};
		/** @type {import("./actions/share.ts").ShareTools} */
		this.share = { copy: null, tab: null };
		this.parts = layout(artifacts, ctx, () => this.current.key, on, this.life);
		const { dialog } = this.parts;
		dialog.addEventListener("keydown", (event) => this.onKey(event), { signal: this.life.signal });
		dialog.addEventListener("close", () => this.life.end(), { signal: this.life.signal });
		this.life.onEnd(() => this.leave());
		adopt(document, css);
		lendTokens(ctx.root, dialog);
		document.body.append(dialog);
		dialog.showModal();
		this.show(this.index);
		this.parts.stage.focus({ preventScroll: true });
	}

	get current() {
		return /** @type {Artifact} */ (this.artifacts[this.index]);
	}

	get pictures() {
		return this.artifacts.filter(({ kind, state }) => kind === "image" && state === "ready");
	}

	/** Store a picture made of a model in the card, and show it in the strip. @param {string} key @param {Blob} still */
	keep(key, still) {
		this.keepOutside(key, still);
		const at = this.artifacts.findIndex((artifact) => artifact.key === key);
		this.parts.thumbs[at]?.replaceChildren(el("img", { src: this.life.url(still), alt: "" }));
	}

	/** @param {number} index */
	show(index) {
		const { dialog, title, about, thumbs } = this.parts;
		this.index = index;
		this.comparing = false;
		const { current } = this;
		dialog.setAttribute("aria-label", current.name);
		title.textContent = current.name;
		about.textContent = facts(current);
		thumbs.forEach((node, each) => {
			if (each === index) node.setAttribute("aria-current", "true");
			else node.removeAttribute("aria-current");
		});
		thumbs[index]?.scrollIntoView({ block: "nearest", inline: "nearest" });
		this.present((env) => {
			if (current.state === "ready") return fullView(env);
			return { node: failure(env, current.error ?? said.viewers.not_here, null) };
		});
	}

	/** @param {(env: import("../shared/types.ts").Env) => import("../shared/types.ts").View} make */
	present(make) {
		const { dialog, stage, tools, share, compare, note } = this.parts;
		this.viewLife.end();
		this.viewLife = new Life(this.life.signal);
		const env = { artifact: this.current, ctx: this.ctx, life: this.viewLife, full: true };
		const view = make(env);
		this.viewKey = view.key;
		tools.replaceChildren(...(view.tools ?? []));
		const { error, state } = this.current;
		this.share = state === "ready" ? shareTools(env) : { copy: null, tab: null };
		share.replaceChildren(...[this.share.copy, this.share.tab].filter((tool) => tool !== null));
		// A ready file may still be truncated or misnamed
		note.textContent = (state === "ready" && error) || "";
		stage.replaceChildren(view.node);
		compare.hidden = this.current.kind !== "image" || this.pictures.length < 2;
		compare.setAttribute("aria-pressed", String(this.comparing));
		if (!dialog.contains(focused())) stage.focus({ preventScroll: true }); // the element that had it is gone
	}

	toggleCompare() {
		if (this.comparing) {
			this.show(this.index);
			return;
		}
		this.comparing = true;
		this.present((env) => compareView(env, this.pictures));
	}

	help() {
		const about = { kind: this.current.kind, several: this.artifacts.length > 1, pictures: this.pictures.length > 1 };
		showShortcuts(this.parts.dialog, { ...about, opens: this.share.tab !== null }, this.life);
	}

	/** @param {1 | -1} by */
	step(by) {
		const size = this.artifacts.length;
		if (size > 1) this.show((this.index + by + size) % size);
	}

	/** @param {KeyboardEvent} event */
	onKey(event) {
		event.stopPropagation(); // the notebook has its own single-letter shortcuts
		if (event.defaultPrevented || event.key === "Escape" || event.key === "Tab") return;
		if (event.altKey || isTyping(event.target)) return;
		if (event.ctrlKey || event.metaKey) {
			if (event.key === "c" && this.share.copy && getSelection()?.isCollapsed) this.share.copy.click();
			return;
		}
		if (this.viewKey?.(event) || this.ownKey(event)) event.preventDefault();
	}

	/** @param {KeyboardEvent} event @returns {boolean} whether the key was handled */
	ownKey({ key, target }) {
		const scrolls = target instanceof Element && target.matches("video, audio, input, [tabindex='0']:not(.cy-v-stage)");
		if (key === "n" || (key === "ArrowRight" && !scrolls)) this.step(1);
		else if (key === "p" || (key === "ArrowLeft" && !scrolls)) this.step(-1);
		else if (key === "c" && !this.parts.compare.hidden) this.toggleCompare();
		else if (key === "d") this.parts.one.click();
		else if (key === "o" && this.share.tab) this.share.tab.click();
		else if (key === "?") this.help();
		else return false;
		return true;
	}

	close() {
		this.life.end();
	}

	leave() {
		const { dialog } = this.parts;
		if (dialog.open) dialog.close();
		dialog.remove();
		if (this.opener instanceof HTMLElement && this.opener.isConnected) this.opener.focus({ preventScroll: true });
	}
}
