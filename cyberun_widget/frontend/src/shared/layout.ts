// Computes the layout of a card's files from what is known before their bytes arrive, so that nothing moves later.
import { setAttributes } from "./dom.ts";
import type { Artifact } from "./types.ts";

export const FIRST = 8; // files shown at first
const IN_PLACE = 3; // documents shown in place; if there are more, each is a line
/**
 * Columns for 0, 1, 2... pictures in a wide and in a narrow card, avoiding a single picture in the last row. In a
 * narrow card, the first picture spans all columns if there is one too many.
 */
const [WIDE, NARROW] = ["112345344", "112223333"];

const isVisual = ({ kind }: Artifact) => /image|video|model/.test(kind);
const isDocument = ({ kind, state }: Artifact) => /audio|json|table|text/.test(kind) && !/offered|failed/.test(state);

/** Set the style variables for a gallery of these files. Returns whether each group has a heading. */
export function layOut(node: HTMLElement, artifacts: readonly Artifact[]): boolean {
	const pictures = artifacts.filter(isVisual);
	const groups = Object.values(Object.groupBy(artifacts, ({ group }) => group)) as Artifact[][];
	const named = groups.length > 1 && artifacts.length > 2 * groups.length;
	const most = named ? Math.max(...groups.map((group) => group.filter(isVisual).length)) : pictures.length;
	const ratios = pictures.map(({ width, height }) => (width ?? 0) / (height ?? 0)).filter(Boolean);
	const ratio = (Math.max(...ratios) < 1.02 * Math.min(...ratios) && ratios[0]) || 4 / 3;
	const narrow = +(NARROW[most] ?? 3);
	setAttributes(node, {
		style: `--cy-wide:${WIDE[most] ?? (most % 4 === 1 ? 5 : 4)};--cy-narrow:${narrow};--cy-ratio:${ratio};--cy-tall:${most > 4 ? 200 : 320}px`,
		"data-in-place": artifacts.filter(isDocument).length <= IN_PLACE,
		"data-alone": pictures.length === 1,
		"data-hero": !named && most % narrow === 1,
	});
	return named;
}

/** The style variables of a tile. */
export function tileAttributes(artifact: Artifact): Record<string, string | number | boolean> {
	const { key, kind, state, size, width, height } = artifact;
	const bytes = size ?? 0;
	const lines = bytes > 2000 ? 152 : bytes > 80 ? 112 : 44;
	const fold = { audio: 142, table: 284 }[kind as string] ?? lines;
	return {
		...{ "data-artifact": key, "data-kind": kind, "data-state": state, "data-visual": isVisual(artifact) },
		"data-fold": isDocument(artifact) && fold,
		style: `--cy-fold:${fold}px;--cy-width:${width}px;--cy-height:${height}px`, // "nullpx" is no limit,
	};
}
