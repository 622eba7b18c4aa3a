// The results: a tile for each artifact, by groups.
import { el } from "../shared/dom.ts";
import type { Artifact } from "../shared/types.ts";
import { artifactTile, type Tile } from "./tile.ts";

export interface Gallery {
	node: HTMLElement;
	/** By the artifact's key. */
	tiles: Map<string, Tile>;
	update(artifacts: Artifact[]): void;
}

/** See `artifactTile` for `changed` and `removed`. */
export function gallery(changed: (tile: Tile) => void, removed: (tile: Tile) => void): Gallery {
	const node = el("div", { class: "cy-gallery" });
	const tiles = new Map<string, Tile>();
	const labels = new Map<string, HTMLElement>();

	function labelOf(group: string): HTMLElement {
		const label = labels.get(group) ?? el("bdi", { class: "cy-label", text: group });
		labels.set(group, label);
		return label;
	}
	function tileOf(artifact: Artifact): Tile {
		const tile = tiles.get(artifact.key) ?? artifactTile(artifact, changed, removed);
		tiles.set(artifact.key, tile);
		return tile;
	}
	function update(artifacts: Artifact[]): void {
		const groups = new Map<string, Artifact[]>();
		for (const artifact of artifacts) groups.set(artifact.group, [...(groups.get(artifact.group) ?? []), artifact]);
		const named = groups.size > 1 && artifacts.length > 2 * groups.size;
		const wanted: HTMLElement[] = [];
		for (const [group, members] of groups) {
			if (group && named) wanted.push(labelOf(group));
			for (const artifact of members) {
				const tile = tileOf(artifact);
				tile.update(artifact);
				wanted.push(tile.node);
			}
		}
		const kept = new Set(artifacts.map(({ key }) => key));
		for (const [key, tile] of tiles) {
			if (kept.has(key)) continue;
			tile.remove();
			tiles.delete(key);
		}
		wanted.forEach((child, index) => {
			if (node.children[index] !== child) node.insertBefore(child, node.children[index] ?? null);
		});
		while (node.children.length > wanted.length) node.lastChild?.remove();
	}
	return { node, tiles, update };
}
