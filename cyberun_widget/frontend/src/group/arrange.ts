// Arranges the points: axes as rows, columns and pages, or all points in one sorted sequence. Pure.
import type { Axis, Layout } from "./types.ts";

export type Role = "rows" | "columns" | "pages";

export interface View {
	/** Each axis's role. At most one forms the rows and one the columns. */
	roles: Role[];
	/** The step shown of each axis whose role is pages. */
	page: number[];
	/** "" for the order of the axes; else the name of a parameter or metric, "seconds" or "status". */
	sort: string;
	descending: boolean;
	/** Words that a point's label or error must contain, or `metric > 3`. */
	filter: string;
	/** "" for every status. */
	status: string;
	/** Whether rejected points are hidden. */
	hideRejected: boolean;
}

export interface Grid {
	rows: string[];
	columns: string[];
	/** The points of each row, by column; null for an empty cell. */
	cells: (number | null)[][];
	/** Whether each cell needs a caption because there are no headers. */
	captions: boolean;
}

/** The first axis forms the rows, the second the columns; a single axis is wrapped and needs neither. */
export function firstRoles(axes: readonly Axis[]): Role[] {
	if (axes.length === 1) return ["pages"];
	return axes.map((_, index) => (index === 0 ? "rows" : index === 1 ? "columns" : "pages"));
}

/** Give an axis a role; the axis that had it gets the other axis's role. */
export function withRole(roles: readonly Role[], axis: number, role: Role): Role[] {
	const before = roles[axis] ?? "pages";
	return roles.map((had, index) => (index === axis ? role : had === role && role !== "pages" ? before : had));
}

/** Whether the points form one wrapped sequence. */
export const flows = (axes: readonly Axis[], view: View): boolean =>
	view.sort !== "" || axes.length === 0 || (axes.length === 1 && view.roles[0] === "pages");

export function arrange(layout: Layout, view: View, across: number, keep: (point: number) => boolean, order: ((a: number, b: number) => number) | null): Grid {
	const { axes, places, labels } = layout;
	if (flows(axes, view)) {
		const points = places.map((_, index) => index).filter(keep);
		if (order) points.sort((a, b) => order(a, b) || a - b);
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
