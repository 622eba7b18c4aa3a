// The module `viewers`: sent once per page, when a result is first opened.
import { Lightbox } from "./dialog.js";
import { button, el } from "../shared/dom.ts";
import { isArchive } from "./file.js";
import { fullView } from "./kinds.js";
import { Life } from "../shared/life.ts";
import { adopt } from "../shared/style.ts";
import css from "./css/index.css";
import { fill } from "../shared/words.ts";

export { still } from "./stills.ts";

/**
 * @typedef {import("../shared/types.ts").Artifact} Artifact
 * @typedef {import("../shared/types.ts").Ctx} Ctx
 */

/**
 * Show one ready artifact inside the card. Pictures and models are shown by their tiles, see files/tile.ts.
 * @param {HTMLElement} host
 * @param {Artifact} artifact
 * @param {Ctx} ctx
 * @returns {{destroy: () => void}}
 */
export function mount(host, artifact, ctx) {
	const life = new Life(ctx.signal);
	const env = { artifact, ctx, life, full: false };
	const openFull = () => (ctx.open ? ctx.open(artifact.key) : open([artifact], artifact.key, ctx));
	adopt(host, css);
	const inline = el("div", { class: `cy-v-inline cy-v-inline-${artifact.kind}`, "data-lm-suppress-shortcuts": "true" });
	inline.append(fullView(env).node);
	if (artifact.kind !== "file" || isArchive(artifact)) {
		inline.append(
			button(fill(said.viewers.enlarge_name, { name: artifact.name }), openFull, {
				icon: "expand",
				bare: true,
				title: said.viewers.enlarge,
				class: "cy-v-enlarge",
				signal: life.signal,
			}),
		);
	}
	host.replaceChildren(inline);
	life.onEnd(() => inline.remove());
	return { destroy: () => life.end() };
}

/**
 * Open the full-size view.
 * @param {Artifact[]} artifacts all of the card's, in order
 * @param {string} key of the one shown first
 * @param {Ctx} ctx
 * @returns {{close: () => void}}
 */
export function open(artifacts, key, ctx) {
	const box = new Lightbox(artifacts, key, ctx);
	return { close: () => box.close() };
}
