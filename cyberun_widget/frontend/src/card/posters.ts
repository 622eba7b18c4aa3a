// The results as first shown by a card: posters and names. The module `files` replaces them.
import { el } from "../shared/dom.ts";
import { FIRST, layOut, tileAttributes } from "../shared/layout.ts";
import type { Artifact, Part } from "../shared/types.ts";

export function posters(): Part & { node: HTMLElement } {
	const node = el("div", { class: "cy-gallery" });
	let shown: Artifact[] = [];
	let urls: string[] = [];
	function close(): void {
		urls.forEach(URL.revokeObjectURL);
		urls = [];
	}
	function tile(artifact: Artifact): HTMLElement {
		const { name, poster, poster_mime: type } = artifact;
		const media = el("div", { class: "cy-media" });
		if (poster) {
			const src = URL.createObjectURL(new Blob([poster], { type }));
			urls.push(src);
			media.append(el("img", { src, alt: name }));
		}
		const caption = el("figcaption", { class: "cy-cap" }, el("bdi", { class: "cy-words", text: name }));
		return el("figure", { class: "cy-tile", ...tileAttributes(artifact) }, media, caption);
	}
	return {
		node,
		close,
		update({ artifacts }) {
			if (artifacts === shown) return;
			shown = artifacts;
			close();
			const first = artifacts.slice(0, FIRST);
			const named = layOut(node, first);
			let label = "";
			node.replaceChildren(
				...first.flatMap((each) => {
					if (!named || label === each.group) return [tile(each)];
					label = each.group;
					return [el("bdi", { class: "cy-label", text: label }), tile(each)];
				}),
			);
			if (artifacts.length > FIRST) node.append(el("div", { class: "cy-all" }));
		},
	};
}
