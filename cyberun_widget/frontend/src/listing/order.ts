// Filters and sorts rows. Pure.
import type { Cell, Column } from "./types.ts";

export interface Order {
	/** The index of a column, null for the kernel's order. */
	column: number | null;
	descending: boolean;
}

/** The next order after a click on a column's head: ascending, descending, original. */
export function nextOrder({ column, descending }: Order, clicked: number): Order {
	if (column !== clicked) return { column: clicked, descending: false };
	return descending ? { column: null, descending: false } : { column, descending: true };
}

/** Indices of the rows that contain every word of `query`, in order. */
export function arrange(rows: readonly Cell[][], columns: readonly Column[], query: string, order: Order): number[] {
	const words = query.toLowerCase().split(/\s+/).filter(Boolean);
	const found = rows.flatMap((row, index) => {
		const text = row.join("\n").toLowerCase();
		return words.every((word) => text.includes(word)) ? [index] : [];
	});
	const { column, descending } = order;
	if (column === null) return found;
	const kind = columns[column]?.kind ?? "text";
	const sign = descending ? -1 : 1;
	// Empty cells come last in both directions; equal cells keep their order.
	return found.sort((a, b) => {
		const [left, right] = [rows[a]?.[column] ?? "", rows[b]?.[column] ?? ""];
		if (left === "" || right === "") return Number(left === "") - Number(right === "");
		return sign * compare(left, right, kind);
	});
}

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function compare(a: Cell, b: Cell, kind: Column["kind"]): number {
	if (kind === "seconds") return Number(a) - Number(b);
	return collator.compare(String(a), String(b));
}
