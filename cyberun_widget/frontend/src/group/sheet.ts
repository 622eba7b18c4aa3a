// The sheet: a grid with headers. Cells are reused when their positions change.
import { el, OWN_KEYS, setAttributes } from "../shared/dom.ts";
import type { Grid } from "./arrange.ts";
import { sheetCell, type CellLook, type SheetCell } from "./cell.ts";
import { fill } from "../shared/words.ts";

const NEAR = "120px"; // margin around the visible area within which cells have their picture

export interface SheetOptions {
	look(point: number): CellLook;
	onOpen(point: number): void;
	/** A row's or a column's header was clicked. */
	onLine(points: readonly number[], name: string): void;
	/** Handle a key on a cell that isn't for navigation. Returns whether it was handled. */
	onKey(point: number, key: string): boolean;
	/** The points in or near the visible area. */
	onSight(seen: ReadonlySet<number>): void;
	signal: AbortSignal;
}

export interface Sheet {
	node: HTMLElement;
	/** Lay out the cells. */
	place(grid: Grid, titles: { rows: string; columns: string }): void;
	/** Redraw these points, or all. */
	update(points?: Iterable<number>): void;
	/** The cell with the keyboard focus. */
	focus(point: number): void;
	/** The point before or after another one, in the sheet's order. */
	step(point: number, by: number): number | null;
	seen: ReadonlySet<number>;
}

export function sheet({ look, onOpen, onLine, onKey, onSight, signal }: SheetOptions): Sheet {
	const node = el("div", { class: "cy-g-sheet", role: "grid", "aria-readonly": "true" });
	const cells = new Map<number, SheetCell>();
	const pointAt = new WeakMap<Element, number>();
	const seen = new Set<number>();
	let grid: Grid = { rows: [], columns: [], cells: [], captions: false };
	let current: number | null = null;

	const sight = new IntersectionObserver(
		(entries) => {
			const touched: number[] = [];
			for (const { target, isIntersecting } of entries) {
				const point = pointAt.get(target);
				if (point === undefined) continue;
				if (isIntersecting) seen.add(point);
				else seen.delete(point);
				touched.push(point);
			}
			onSight(seen); // releases pictures that left the view, so that the cells drawn below don't show them
			for (const point of touched) cells.get(point)?.update(look(point));
		},
		{ rootMargin: NEAR },
	);
	signal.addEventListener("abort", () => sight.disconnect());

	function cellOf(point: number): SheetCell {
		let cell = cells.get(point);
		if (!cell) {
			cell = sheetCell(point);
			cells.set(point, cell);
			pointAt.set(cell.node, point);
			sight.observe(cell.node);
			cell.update(look(point));
		}
		return cell;
	}

	const order = () => grid.cells.flat().filter((point): point is number => point !== null);

	function whereIs(point: number): [row: number, column: number] {
		for (const [row, points] of grid.cells.entries()) {
			const column = points.indexOf(point);
			if (column >= 0) return [row, column];
		}
		return [0, 0];
	}

	/** The next cell in a direction, skipping empty places. */
	function next(from: number, down: number, across: number): number | null {
		let [row, column] = whereIs(from);
		for (;;) {
			row += down;
			column += across;
			const points = grid.cells[row];
			if (!points || column < 0 || column >= points.length) return null;
			const point = points[column];
			if (point !== null && point !== undefined) return point;
		}
	}

	function rove(point: number, focus: boolean): void {
		if (current !== null) cells.get(current)?.node.setAttribute("tabindex", "-1");
		current = point;
		const cell = cells.get(point)?.node;
		cell?.setAttribute("tabindex", "0");
		if (focus) {
			cell?.focus({ preventScroll: true });
			cell?.scrollIntoView({ block: "nearest", inline: "nearest" });
		}
	}

	/** A clickable header, reached from the cell beside it with the arrow keys. */
	function header(role: "rowheader" | "columnheader", kind: string, name: string, points: readonly (number | null)[]): HTMLElement {
		const those = points.filter((point) => point !== null);
		const label = fill(kind === "row" ? said.sweep.row : said.sweep.column, { name });
		const button = el("button", { ...OWN_KEYS, type: "button", class: "cy-g-line", tabindex: -1, "aria-label": label, title: name });
		button.append(el("bdi", { text: name }));
		button.onclick = () => onLine(those, label);
		button.onkeydown = (event) => {
			const [first] = those;
			if (event.key !== (kind === "row" ? "ArrowRight" : "ArrowDown") || first === undefined) return;
			event.preventDefault();
			event.stopPropagation();
			rove(first, true);
		};
		return el("div", { class: kind === "row" ? "cy-g-name" : "cy-g-column", role }, name ? button : null);
	}

	/** The header of a row or column. */
	function headerOf(point: number, side: string): HTMLElement | null | undefined {
		const [row, column] = whereIs(point);
		if (side === "ArrowLeft") return node.children[row + 1]?.querySelector<HTMLElement>(".cy-g-line");
		return side === "ArrowUp" && !grid.captions ? node.querySelectorAll<HTMLElement>(".cy-g-column")[column]?.querySelector<HTMLElement>(".cy-g-line") : null;
	}

	node.addEventListener(
		"click",
		(event) => {
			const point = pointOf(event.target);
			if (point === null) return;
			rove(point, true);
			onOpen(point);
		},
		{ signal },
	);
	node.addEventListener(
		"keydown",
		(event) => {
			const point = pointOf(event.target);
			if (point === null || event.altKey || event.ctrlKey || event.metaKey) return;
			const moves: Record<string, () => number | null> = {
				ArrowLeft: () => next(point, 0, -1),
				ArrowRight: () => next(point, 0, 1),
				ArrowUp: () => next(point, -1, 0),
				ArrowDown: () => next(point, 1, 0),
				Home: () => order()[0] ?? null,
				End: () => order().at(-1) ?? null,
			};
			const move = moves[event.key];
			if (move) {
				const target = move();
				if (target !== null) rove(target, true);
				else headerOf(point, event.key)?.focus();
			} else if (event.key === "Enter" || event.key === " ") onOpen(point);
			else if (!onKey(point, event.key)) return;
			event.preventDefault();
			event.stopPropagation();
		},
		{ signal },
	);

	function pointOf(target: EventTarget | null): number | null {
		const cell = target instanceof Element ? target.closest("[data-point]") : null;
		return (cell && pointAt.get(cell)) ?? null;
	}

	return {
		node,
		seen,
		place(wanted, titles) {
			grid = wanted;
			const kept = new Set(order());
			for (const [point, cell] of cells) {
				if (kept.has(point)) continue;
				sight.unobserve(cell.node);
				cells.delete(point);
				seen.delete(point);
			}
			const corner = [titles.columns && `${titles.columns} →`, titles.rows && `${titles.rows} ↓`].filter(Boolean);
			const head = el(
				"div",
				{ class: "cy-g-row cy-g-head", role: "row" },
				el("div", { class: "cy-g-corner", role: "columnheader" }, ...(corner.length ? corner : [said.sweep.points]).map((text) => el("bdi", { text, title: text }))),
				...grid.columns.map((name, column) =>
					grid.captions
						? el("div", { class: "cy-g-column", role: "columnheader", title: name }, el("bdi", { text: name }))
						: header("columnheader", "column", name, grid.cells.map((points) => points[column] ?? null)),
				),
			);
			const rows = grid.cells.map((points, row) =>
				el(
					"div",
					{ class: "cy-g-row", role: "row" },
					header("rowheader", "row", grid.rows[row] ?? "", points),
					...points.map((point) => (point === null ? el("div", { role: "gridcell" }) : cellOf(point).node)),
				),
			);
			node.replaceChildren(head, ...rows);
			node.style.setProperty("--cy-columns", String(grid.columns.length));
			setAttributes(node, {
				"aria-rowcount": grid.rows.length + 1,
				"aria-colcount": grid.columns.length + 1,
				"data-captions": grid.captions && "true",
			});
			const first = current !== null && kept.has(current) ? current : order()[0];
			if (first !== undefined) rove(first, false);
		},
		update(points = cells.keys()) {
			for (const point of points) cells.get(point)?.update(look(point));
		},
		focus: (point) => rove(point, true),
		step(point, by) {
			const points = order();
			return points[points.indexOf(point) + by] ?? null;
		},
	};
}
