// One artifact: poster, name and facts. See controls.ts for its buttons.
import { el, setAttributes, setText } from "../shared/dom.ts";
import { tileAttributes } from "../shared/layout.ts";
import type { Artifact } from "../shared/types.ts";
import { dots } from "../shared/text.ts";
import { dataSize, dataSizeOf, pixels, playingTime } from "../shared/units.ts";

export interface Tile {
	node: HTMLElement;
	media: HTMLElement;
	img: HTMLImageElement;
	caption: HTMLElement;
	/** Whether the picture itself is shown instead of its poster. */
	full: boolean;
	artifact: Artifact;
	show(blob: Blob): void;
	update(artifact: Artifact): void;
	/** Text shown instead of the facts, "" for none. */
	tell(text: string): void;
	remove(): void;
}

/** `changed` is called after each update, `removed` before the tile is removed. */
export function artifactTile(first: Artifact, changed: (tile: Tile) => void, removed: (tile: Tile) => void): Tile {
	const img = el("img");
	const glyph = el("span", { class: "cy-glyph" });
	const media = el("div", { class: "cy-media" }, img, glyph);
	const name = el("bdi", { class: "cy-name" });
	const meta = el("span", { class: "cy-meta" });
	const warning = el("span", { class: "cy-warning" });
	const caption = el("figcaption", { class: "cy-cap" }, el("span", { class: "cy-words" }, name, meta, warning));
	const node = el("figure", { class: "cy-tile" }, media, caption);
	let poster = "";
	let told = "";
	const tile: Tile = {
		...{ node, media, img, caption, full: false, artifact: first },
		show(blob) {
			URL.revokeObjectURL(img.src);
			img.src = URL.createObjectURL(blob);
		},
		tell(text) {
			told = text;
			setText(meta, told || factsOf(tile.artifact));
		},
		update(artifact) {
			tile.artifact = artifact;
			const { kind, state } = artifact;
			setAttributes(node, tileAttributes(artifact));
			img.alt = artifact.name;
			name.title = dots(artifact.name, artifact.group);
			setText(name, artifact.name);
			setText(glyph, kind === "model" ? "3D" : (/\.(\w{1,5})$/.exec(artifact.name)?.[1] ?? kind));
			setText(meta, told || factsOf(artifact));
			setText(warning, state === "ready" ? (artifact.error ?? "") : ""); // truncated, or misnamed
			const mark = `${artifact.poster?.byteLength} ${artifact.poster_mime}`;
			if (artifact.poster && !tile.full && mark !== poster)
				tile.show(new Blob([artifact.poster], { type: artifact.poster_mime }));
			poster = mark;
			changed(tile);
		},
		remove() {
			removed(tile);
			URL.revokeObjectURL(img.src);
			node.remove();
		},
	};
	return tile;
}

function factsOf({ state, error, received, size, duration, width, height }: Artifact): string {
	if (state === "failed") return error || said.file_failed;
	if (state === "downloading") return dataSizeOf(received, size);
	const extent = duration ? playingTime(duration) : width && height && pixels(width, height);
	return dots(state === "waiting" && said.file_waiting, extent, dataSize(size));
}
