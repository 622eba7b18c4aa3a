// Chooses the columns of a table to draw as lines, and the horizontal axis. Pure.
import type { Column, Columns } from "./columns.ts";

const AXIS = /^((global|train|training)[ _-]?)?(step|iteration|iter|it|epoch|batch|frame|time|timestep|timestamp|seconds?|index|idx|x|t)s?$/i;
const NUMBERS = 0.9; // fraction of numeric cells that makes a column numeric
const ALIKE = 12; // maximum ratio between the largest values of lines on one axis

export interface Series {
	name: string;
	/** Rows with a value, ascending. */
	rows: Int32Array;
	/** One value per row; NaN and infinities can't be drawn. */
	values: Float64Array;
}

export interface Chart {
	/** The name of the horizontal axis; "" if it counts rows. */
	axis: string;
	/** The position of each row, ascending. */
	x: Float64Array;
	/** At least one. */
	series: Series[];
	/** Groups of lines, by index, that share a vertical axis. */
	panels: number[][];
}

/** Numbers that ascend, strictly or not. */
function ascends(values: Float64Array, strictly: boolean): boolean {
	for (let i = 0; i < values.length; i += 1) {
		const [before, value] = [values[i - 1] ?? -Infinity, values[i] ?? Number.NaN];
		if (!Number.isFinite(value) || value < before || (strictly && value === before)) return false;
	}
	return values.length > 1 && values.at(-1) !== values[0];
}

const isNumeric = ({ values, words }: Column) => values.length > 0 && values.length >= NUMBERS * (values.length + words);

/** Whether a column's name is typical of a horizontal axis. */
export const isAxisName = (name: string): boolean => AXIS.test(name.trim());

/** The horizontal axis: an ascending column, preferably strictly, with the name of an axis, else a first one. */
function axisOf(columns: Column[], total: number): Column | undefined {
	const whole = columns.filter(({ rows, words }) => words === 0 && rows.length === total);
	const named = whole.filter(({ name }) => isAxisName(name));
	const best = named.find(({ values }) => ascends(values, true)) ?? named.find(({ values }) => ascends(values, false));
	if (best) return best;
	return whole[0] === columns[0] && whole[0] && ascends(whole[0].values, true) ? whole[0] : undefined;
}

/** The largest absolute value that can be drawn; 0 if none can. */
export function reach({ values }: Series): number {
	let most = 0;
	for (const value of values) if (Number.isFinite(value) && Math.abs(value) > most) most = Math.abs(value);
	return most;
}

/** Lines of similar magnitude share a panel, in order of the first line. */
function panelsOf(series: Series[]): number[][] {
	const panels: { reach: number; lines: number[] }[] = [];
	series.forEach((line, index) => {
		const size = reach(line);
		const fits = panels.find(({ reach: other }) => Math.max(size, other) <= ALIKE * Math.min(size, other) || size === other);
		if (fits) fits.lines.push(index);
		else panels.push({ reach: size, lines: [index] });
	});
	return panels.map(({ lines }) => lines);
}

/** The series of a table, or null unless at least half of its columns are numeric and it has more than one row. */
export function chartOf(table: Columns): Chart | null {
	const { all, total } = table;
	const numeric = all.filter(isNumeric);
	if (total < 2 || 2 * numeric.length < all.length) return null;
	const axis = axisOf(numeric, total);
	const series = numeric
		.filter((column) => column !== axis && column.values.some(Number.isFinite))
		.map(({ name, rows, values }) => ({ name, rows, values }));
	if (!series.length) return null;
	const x = axis?.values ?? Float64Array.from({ length: total }, (_, row) => row + 1);
	return { axis: axis?.name ?? "", x, series, panels: panelsOf(series) };
}

/** The index in a sorted list of the first entry that isn't below a value. */
export function lowerBound(sorted: ArrayLike<number>, value: number): number {
	let [low, high] = [0, sorted.length];
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((sorted[middle] ?? 0) < value) low = middle + 1;
		else high = middle;
	}
	return low;
}

/** The row with the nearest position. */
export function nearestRow(x: Float64Array, place: number): number {
	const above = Math.min(lowerBound(x, place), x.length - 1);
	const below = Math.max(above - 1, 0);
	return place - (x[below] ?? 0) < (x[above] ?? 0) - place ? below : above;
}

/** A line's value in a row, undefined if its cell is empty. */
export function valueAt({ rows, values }: Series, row: number): number | undefined {
	const at = lowerBound(rows, row);
	return rows[at] === row ? values[at] : undefined;
}
