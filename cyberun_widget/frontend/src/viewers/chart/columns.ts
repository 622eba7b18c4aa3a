// The numbers of a table, column by column. Pure.
import type { Cell } from "../../shared/types.ts";
import { parseRows } from "../data/csv.js";

const SLICE = 20_000; // lines read between pauses, about 10 ms

/** The values of one column. Empty cells are left out; NaN and infinities are kept. */
export interface Column {
	name: string;
	/** Indices of rows with a number, ascending, from 0. */
	rows: Int32Array;
	values: Float64Array;
	/** Number of non-empty cells that aren't numbers. */
	words: number;
}

/** Parse a cell: a number, including NaN and infinities; null if it is empty; undefined if it is text. */
export function readNumber(cell: Cell | undefined): number | null | undefined {
	if (typeof cell === "number") return cell;
	if (cell === null || cell === undefined) return null;
	if (typeof cell !== "string") return undefined;
	const text = cell.trim();
	if (text === "") return null;
	const value = Number(text);
	if (!Number.isNaN(value)) return value;
	const spelt = /^([+-]?)(nan|inf(?:inity)?)$/i.exec(text);
	if (!spelt) return undefined;
	return /^n/i.test(spelt[2] ?? "") ? Number.NaN : spelt[1] === "-" ? -Infinity : Infinity;
}

/** Collects rows as they arrive. */
export class Columns {
	#columns: { name: string; rows: Int32Array; values: Float64Array; size: number; words: number }[];
	/** Rows added so far. */
	total = 0;

	constructor(names: readonly string[]) {
		this.#columns = names.map((name) => ({ name, rows: new Int32Array(64), values: new Float64Array(64), size: 0, words: 0 }));
	}

	add(cells: readonly (Cell | undefined)[]): void {
		this.#columns.forEach((column, index) => {
			const value = readNumber(cells[index]);
			if (value === undefined) column.words += 1;
			if (value === undefined || value === null) return;
			if (column.size === column.values.length) {
				const [rows, values] = [new Int32Array(2 * column.size), new Float64Array(2 * column.size)];
				rows.set(column.rows);
				values.set(column.values);
				Object.assign(column, { rows, values });
			}
			column.rows[column.size] = this.total;
			column.values[column.size] = value;
			column.size += 1;
		});
		this.total += 1;
	}

	get all(): Column[] {
		return this.#columns.map(({ name, rows, values, size, words }) => ({
			...{ name, words, rows: rows.subarray(0, size), values: values.subarray(0, size) },
		}));
	}
}

/**
 * Read the rows of a large file in slices, so that the page stays responsive.
 * @param from where the first row of values starts
 */
export async function readColumns(
	text: string,
	{ names, mark, from, signal }: { names: readonly string[]; mark: string; from: number; signal: AbortSignal },
): Promise<Columns> {
	const columns = new Columns(names);
	let left = SLICE;
	for (let at = from; at < text.length; ) {
		let end = text.indexOf("\n", at);
		if (end < 0) end = text.length;
		const line = text.slice(at, end).replace(/\r$/, "");
		at = end + 1;
		if (line === "") continue;
		columns.add(line.includes('"') ? (parseRows(line, mark)[0] ?? []) : line.split(mark));
		left -= 1;
		if (left > 0) continue;
		left = SLICE;
		await new Promise((resolve) => setTimeout(resolve));
		signal.throwIfAborted();
	}
	return columns;
}
