// One cell of the sheet. Its size is fixed from the start, regardless of its content.
import { el, OWN_KEYS, setAttributes, setText } from "../shared/dom.ts";
import { span } from "../shared/units.ts";
import type { Cell } from "./types.ts";
import { ACTIVE, metric, statusName } from "./words.ts";

export interface CellLook {
	cell: Cell;
	label: string;
	/** Caption below the picture if there are no headers; "" for none. */
	caption: string;
	picture: string;
	/** The picture of the point it is compared with, "" for none. */
	reference: string;
	/** A metric shown instead of the picture. */
	number: number | undefined;
	/** The value shown as a colour, in [0, 1]; null for no colour. */
	heat: number | null;
	starred: boolean;
	rejected: boolean;
	pinned: boolean;
	open: boolean;
	/** Whether a filter excludes it. */
	dim: boolean;
}

export interface SheetCell {
	node: HTMLElement;
	update(look: CellLook): void;
}

export function sheetCell(point: number): SheetCell {
	const picture = el("img", { class: "cy-g-picture", alt: "", draggable: "false", hidden: true });
	const reference = el("img", { class: "cy-g-reference", alt: "", draggable: "false", hidden: true });
	const number = el("span", { class: "cy-g-number" });
	const words = el("span", { class: "cy-g-words" });
	const bar = el("i", { class: "cy-g-bar" });
	const mark = el("span", { class: "cy-g-mark", "aria-hidden": "true" });
	const face = el("div", { class: "cy-g-face" }, picture, reference, number, words, bar, mark);
	const caption = el("bdi", { class: "cy-g-caption" });
	const node = el("div", { ...OWN_KEYS, class: "cy-g-cell", role: "gridcell", tabindex: -1, "data-point": point }, face, caption);

	function show(image: HTMLImageElement, source: string): void {
		if (image.getAttribute("src") !== (source || null)) {
			if (source) image.src = source;
			else image.removeAttribute("src");
		}
		if (image.hidden === Boolean(source)) image.hidden = !source;
	}

	return {
		node,
		update({ cell, label, caption: below, ...look }) {
			const { status } = cell;
			const active = ACTIVE.has(status);
			const numbered = look.number !== undefined;
			const source = numbered ? "" : look.picture;
			show(picture, source);
			show(reference, source && look.reference);
			setText(number, numbered ? metric(look.number as number) : active && cell.percent ? `${cell.percent}%` : "");
			setText(words, wordsOf(cell, Boolean(source) || numbered));
			setText(caption, below);
			setText(mark, look.pinned ? "◎" : look.starred ? "★" : look.rejected ? "✕" : "");
			bar.style.width = `${active ? cell.percent : 0}%`;
			face.style.setProperty("--cy-heat", look.heat === null ? "" : `${Math.round(100 * look.heat)}%`);
			setAttributes(node, {
				"data-status": status,
				"data-active": active && "true",
				"data-heat": look.heat !== null && "true",
				"data-dim": look.dim && "true",
				"data-rejected": look.rejected && "true",
				"data-pinned": look.pinned && "true",
				"data-open": look.open && "true",
				"aria-selected": String(look.starred),
				"aria-label": [label, ...spoken(cell), ...marks(look)].join(", "),
				title: cell.error ? `${label}\n${cell.error}` : label,
			});
		},
	};
}

function wordsOf(cell: Cell, shown: boolean): string {
	if (shown && cell.status === "completed") return "";
	if (cell.status === "failed" || cell.status === "error" || cell.status === "unknown") {
		return cell.status === "failed" && cell.error ? cell.error : statusName(cell.status);
	}
	return cell.status === "completed" ? (cell.outputs.some(({ shown: has }) => has) ? "" : said.sweep.no_picture) : statusName(cell.status);
}

function spoken(cell: Cell): string[] {
	const told = [statusName(cell.status)];
	if (ACTIVE.has(cell.status) && cell.percent) told.push(`${cell.percent}%`);
	if (cell.seconds) told.push(span(cell.seconds));
	if (cell.error) told.push(cell.error);
	for (const [name, value] of Object.entries(cell.metrics).slice(0, 3)) told.push(`${name} ${metric(value)}`);
	return told;
}

function marks({ starred, rejected, pinned }: Pick<CellLook, "starred" | "rejected" | "pinned">): string[] {
	return [starred && said.sweep.starred, rejected && said.sweep.rejected, pinned && said.sweep.pinned].filter((word) => word !== false);
}
