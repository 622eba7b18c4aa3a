// The viewers of the card, sent to the page when a result is first looked at.
import { Lightbox } from "./dialog.js";
import { button, el, icon } from "../shared/dom.ts";
import { isArchive } from "./archive.js";
import { dataSize } from "../shared/units.ts";
import { imageThumb } from "./image.js";
import { posterSource } from "../shared/blobs.ts";
import { fullView } from "./kinds.js";
import { Life } from "../shared/life.ts";
import { adopt } from "../shared/style.ts";
import css from "./css/index.css";

export { still } from "./stills.ts";

/**
 * @typedef {import("../shared/types.ts").Artifact} Artifact
 * @typedef {import("../shared/types.ts").Ctx} Ctx
 */

/**
 * A tile that opens the full view: pictures, and models, whose 3D is not started in the card.
 * @param {import("../shared/types.ts").Env} env
 * @param {() => void} openFull
 */
function tile(env, openFull) {
	const { artifact, life } = env;
	const node = button(`Open ${artifact.name}`, openFull, {
		bare: true,
		title: artifact.name,
		class: "cy-v-tile",
		signal: life.signal,
	});
	if (artifact.kind === "image") node.append(imageThumb(env));
	else {
		const poster = posterSource(artifact, life);
		if (poster) node.append(el("img", { class: "cy-v-thumb", src: poster, alt: artifact.name }));
		else node.append(icon("model"), el("span", { class: "cy-v-muted", text: `Open in 3D · ${dataSize(artifact.size)}` }));
	}
	return node;
}

/**
 * Show one ready artifact inside the card.
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
	if (artifact.kind === "image" || artifact.kind === "model") inline.append(tile(env, openFull));
	else {
		inline.append(fullView(env).node);
		const more = artifact.kind !== "file" || isArchive(artifact);
		if (more)
			inline.append(
				button(`Open ${artifact.name} at full size`, openFull, {
					icon: "expand",
					bare: true,
					title: "Full size",
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
 * @param {Artifact[]} artifacts all of the card, in its order
 * @param {string} key which of them first
 * @param {Ctx} ctx
 * @returns {{close: () => void}}
 */
export function open(artifacts, key, ctx) {
	const box = new Lightbox(artifacts, key, ctx);
	return { close: () => box.close() };
}
