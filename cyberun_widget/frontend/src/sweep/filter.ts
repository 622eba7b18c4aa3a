// Sorting and filtering of points. Pure.
import type { Cell, Layout } from "../group/types.ts";

/** The sort key of a point: a metric, a parameter, its time, its status. */
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

/** Compare two values; missing values come last in both directions. */
export function compareValues(a: unknown, b: unknown, descending: boolean): number {
	if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
	const less = typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
	return descending ? -less : less;
}

const CONDITION = /^\s*(.+?)\s*(<=|>=|!=|=|<|>)\s*(\S.*?)\s*$/;

/** A parsed filter: words that must all occur, or a comparison such as `score > 3`. */
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
