// Which point stands where: axes to rows, columns and pages; or one after the other, sorted. Pure.
import type { Axis, Cell, Layout } from "./types.ts";

export type Role = "rows" | "columns" | "pages";

export interface View {
	/** Each axis' role. At most one makes the rows and one the columns. */
	roles: Role[];
	/** The step of each axis that is shown, where its role is pages. */
	page: number[];
	/** "" for the axes' own order; else the name of a parameter, a metric, "seconds" or "status". */
	sort: string;
	descending: boolean;
	/** Words that a point's label or error must hold, or `metric > 3`. */
	filter: string;
	/** "" for every status. */
	status: string;
	/** Whether the rejected are left out. */
	hideRejected: boolean;
}

export interface Grid {
	rows: string[];
	columns: string[];
	/** The points of each row, by column; null for an empty place. */
	cells: (number | null)[][];
	/** Whether each cell needs its own caption: the headers say nothing. */
	captions: boolean;
}

/** The first axis makes the rows, the second the columns; one axis alone is wrapped, and needs neither. */
export function firstRoles(axes: readonly Axis[]): Role[] {
	if (axes.length === 1) return ["pages"];
	return axes.map((_, index) => (index === 0 ? "rows" : index === 1 ? "columns" : "pages"));
}

/** Give an axis a role; the axis that had it gets the other's. */
export function withRole(roles: readonly Role[], axis: number, role: Role): Role[] {
	const before = roles[axis] ?? "pages";
	return roles.map((had, index) => (index === axis ? role : had === role && role !== "pages" ? before : had));
}

/** Whether the points stand one after the other, wrapped. */
export const flows = (axes: readonly Axis[], view: View): boolean =>
	view.sort !== "" || axes.length === 0 || (axes.length === 1 && view.roles[0] === "pages");

export function arrange(layout: Layout, view: View, across: number, keep: (point: number) => boolean, order: (a: number, b: number) => number): Grid {
	const { axes, places, labels } = layout;
	if (flows(axes, view)) {
		const points = places.map((_, index) => index).filter(keep);
		if (view.sort) points.sort((a, b) => order(a, b) || a - b);
		const width = Math.max(1, Math.min(across, points.length));
		const rows = Math.ceil(points.length / width);
		return {
			rows: Array.from({ length: rows }, (_, row) => rangeOf(points.slice(row * width, (row + 1) * width), labels.length)),
			columns: Array.from({ length: width }, (_, column) => String(column + 1)),
			cells: Array.from({ length: rows }, (_, row) =>
				Array.from({ length: width }, (_, column) => points[row * width + column] ?? null),
			),
			captions: true,
		};
	}
	const down = view.roles.indexOf("rows");
	const over = view.roles.indexOf("columns");
	const rows = axes[down]?.steps ?? [""];
	const columns = axes[over]?.steps ?? [""];
	const cells = rows.map(() => columns.map((): number | null => null));
	places.forEach((place, index) => {
		const shown = place.every((step, axis) => view.roles[axis] !== "pages" || step === (view.page[axis] ?? 0));
		const row = cells[place[down] ?? 0];
		if (shown && row) row[place[over] ?? 0] = index;
	});
	return { rows: [...rows], columns: [...columns], cells, captions: false };
}

function rangeOf(points: readonly number[], total: number): string {
	const [first, last] = [points[0] ?? 0, points.at(-1) ?? 0];
	const width = String(total - 1).length;
	const name = (point: number) => String(point).padStart(width, "0");
	return points.length > 1 && last === first + points.length - 1 ? `${name(first)}–${name(last)}` : name(first);
}

/** What a point is sorted by: a metric, a parameter, its time, its status. */
export function valueOf(layout: Layout, cell: Cell, point: number, by: string): string | number | boolean | null {
	if (by === "seconds") return cell.seconds || null;
	if (by === "status") return cell.status;
	const metric = cell.metrics[by];
	if (metric !== undefined) return metric;
	for (const [index, axis] of layout.axes.entries()) {
		const column = axis.names.indexOf(by);
		if (column >= 0) return axis.values[layout.places[point]?.[index] ?? 0]?.[column] ?? null;
	}
	return null;
}

/** Compare two values; what has none comes last, whichever way. */
export function compareValues(a: unknown, b: unknown, descending: boolean): number {
	if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
	const less = typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
	return descending ? -less : less;
}

const CONDITION = /^\s*(.+?)\s*(<=|>=|!=|=|<|>)\s*(\S.*?)\s*$/;

/** What a filter means: words that must all be there, or a comparison such as `score > 3`. */
export function matcher(layout: Layout, text: string): (point: number, cell: Cell) => boolean {
	const condition = CONDITION.exec(text);
	if (condition) {
		const [, name = "", sign = "=", wanted = ""] = condition;
		return (point, cell) => holds(valueOf(layout, cell, point, name), sign, wanted);
	}
	const words = text.toLowerCase().split(/\s+/).filter(Boolean);
	return (point, cell) => {
		const told = `${layout.labels[point]} ${cell.error} ${cell.status} ${cell.gpu}`.toLowerCase();
		return words.every((word) => told.includes(word));
	};
}

function holds(value: unknown, sign: string, wanted: string): boolean {
	if (value === null) return false;
	const number = Number(wanted);
	const [a, b] = Number.isNaN(number) || typeof value !== "number" ? [String(value), wanted] : [value, number];
	if (sign === "=") return a === b;
	if (sign === "!=") return a !== b;
	if (sign === "<") return a < b;
	if (sign === ">") return a > b;
	return sign === "<=" ? a <= b : a >= b;
}
