// The buttons of one tile: open, save, download, and a place for its viewer.
import { el, setText } from "../shared/dom.ts";
import { dataSize } from "../shared/units.ts";
import { fill } from "../shared/words.ts";
import type { Tile } from "./tile.ts";

export interface ControlsOptions {
	onOpen(key: string): void;
	onFetch(key: string): void;
	onSave(key: string): void;
}

export interface Controls {
	open: HTMLButtonElement;
	/** Where a viewer is drawn. */
	host: HTMLElement;
	/** Whether the tile has been in view. */
	seen: boolean;
	/** Whether its picture or viewer is loading. */
	busy: boolean;
	mounted: { destroy(): void } | null;
	/** Revision of the file that is shown. */
	revision: string | undefined;
	update(): void;
}

export function tileControls(tile: Tile, { onOpen, onFetch, onSave }: ControlsOptions): Controls {
	const open = el("button", { type: "button", class: "cy-open", "aria-haspopup": "dialog" });
	const host = el("div", { class: "cy-host" });
	const fetch = el("button", { type: "button", class: "cy-btn" });
	const bar = el("div", { class: "cy-got" });
	const save = el("button", { type: "button", class: "cy-icon", title: said.file_save });
	open.onclick = () => onOpen(tile.artifact.key);
	fetch.onclick = () => onFetch(tile.artifact.key);
	save.onclick = () => onSave(tile.artifact.key);
	open.append(...tile.media.childNodes);
	tile.media.append(open, host, fetch, bar);
	tile.caption.append(save);
	const controls: Controls = {
		...{ open, host, seen: false, busy: false, mounted: null, revision: tile.artifact.revision },
		update() {
			const { name, kind, state, size, received } = tile.artifact;
			const ready = state === "ready";
			const words = state === "offered" ? fill(said.file_download, { size: dataSize(size) }).trim() : state === "failed" ? said.file_retry : "";
			setText(fetch, words);
			fetch.ariaLabel = !words ? null : state === "failed" ? fill(said.file_retry_name, { name }) : fill(said.file_download_name, { download: words, name });
			open.disabled = !ready;
			open.hidden = Boolean(controls.mounted);
			open.ariaLabel = kind === "image" && tile.img.src ? null : fill(said.file_open_name, { name });
			save.hidden = !ready;
			save.ariaLabel = fill(said.file_save_name, { name });
			bar.hidden = state !== "downloading";
			bar.style.width = `${size ? Math.min(100, (100 * received) / size) : 30}%`;
		},
	};
	return controls;
}
