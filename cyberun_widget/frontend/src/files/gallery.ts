// The results: one tile per artifact, in groups; only the first few until all are requested.
import { el, plainButton } from "../shared/dom.ts";
import { FIRST, layOut } from "../shared/layout.ts";
import type { Artifact } from "../shared/types.ts";
import { count } from "../shared/units.ts";
import { fill } from "../shared/words.ts";
import { artifactTile, type Tile } from "./tile.ts";

export interface Gallery {
	node: HTMLElement;
	/** The tiles shown, by the artifact's key. */
	tiles: Map<string, Tile>;
	update(artifacts: Artifact[]): void;
}

/** See `artifactTile` for `changed` and `removed`. */
export function gallery(changed: (tile: Tile) => void, removed: (tile: Tile) => void): Gallery {
	const node = el("div", { class: "cy-gallery" });
	const tiles = new Map<string, Tile>();
	const labels = new Map<string, HTMLElement>();
	let whole = false;
	let told: Artifact[] = [];
	const more = plainButton("", () => {
		const known = new Set(tiles.keys());
		whole = !whole;
		update(told);
		const next = whole && [...tiles].find(([key]) => !known.has(key));
		if (next) next[1].node.querySelector<HTMLElement>("button:not(:disabled)")?.focus({ preventScroll: true });
		else more.scrollIntoView({ block: "nearest" });
	});
	const all = el("div", { class: "cy-all" }, more);

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
		told = artifacts;
		const shown = whole ? artifacts : artifacts.slice(0, FIRST);
		const named = layOut(node, shown);
		const groups = new Map<string, Artifact[]>();
		for (const artifact of shown) groups.set(artifact.group, [...(groups.get(artifact.group) ?? []), artifact]);
		const wanted: HTMLElement[] = [];
		for (const [group, members] of groups) {
			if (group && named) wanted.push(labelOf(group));
			for (const artifact of members) {
				const tile = tileOf(artifact);
				tile.update(artifact);
				wanted.push(tile.node);
			}
		}
		if (artifacts.length > FIRST) {
			more.textContent = whole ? said.show_fewer : fill(said.show_all, { count: count(artifacts.length) });
			wanted.push(all);
		}
		const kept = new Set(shown.map(({ key }) => key));
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
