// The results as a card shows them by itself: posters and names. The module `files` takes their place.
import { el } from "../shared/dom.ts";
import type { Artifact, Part } from "../shared/types.ts";

export function posters(): Part & { node: HTMLElement } {
	const node = el("div", { class: "cy-gallery" });
	let shown: Artifact[] = [];
	let urls: string[] = [];
	function close(): void {
		urls.forEach(URL.revokeObjectURL);
		urls = [];
	}
	function tile({ key, kind, state, name, poster, poster_mime: type }: Artifact): HTMLElement {
		const media = el("div", { class: "cy-media" });
		if (poster) {
			const src = URL.createObjectURL(new Blob([poster], { type }));
			urls.push(src);
			media.append(el("img", { src, alt: name }));
		}
		const caption = el("figcaption", { class: "cy-cap" }, el("bdi", { class: "cy-words", text: name }));
		const about = { class: "cy-tile", "data-artifact": key, "data-kind": kind, "data-state": state };
		return el("figure", about, media, caption);
	}
	return {
		node,
		close,
		update({ artifacts }) {
			if (artifacts === shown) return;
			shown = artifacts;
			close();
			node.replaceChildren(...artifacts.map(tile));
		},
	};
}
