// Rows and columns: sorted by clicking a header, filtered by words, drawn as the user scrolls.
import { button, el, icon } from "../../shared/dom.ts";
import { count, many } from "../../shared/units.ts";
import { fill } from "../../shared/words.ts";

const PART = 200; // rows drawn at once
const COLUMNS = 200; // further columns are mentioned, not drawn

/**
 * @typedef {import("../../shared/types.ts").Env} Env
 * @typedef {import("../../shared/types.ts").Cell} Cell
 * @typedef {import("../../shared/types.ts").TablePreview} TablePreview
 */

/** @param {Cell | undefined} cell @returns {number} NaN if it isn't a number */
function toNumber(cell) {
	if (typeof cell === "number") return cell;
	return typeof cell === "string" && cell.trim() !== "" ? Number(cell) : Number.NaN;
}

/** @param {Cell[][]} rows @param {number} column whether nearly all its cells are numbers */
function isNumeric(rows, column) {
	const some = rows
		.slice(0, 100)
		.map((row) => row[column])
		.filter((cell) => cell !== null && cell !== undefined && cell !== "");
	return some.length > 0 && some.filter((cell) => !Number.isNaN(toNumber(cell))).length >= some.length * 0.9;
}

/** @param {Cell | undefined} cell */
function shown(cell) {
	if (cell === null || cell === undefined) return "";
	if (typeof cell === "number" && !Number.isInteger(cell)) return String(Number(cell.toPrecision(7)));
	return String(cell);
}

/** @param {Cell | undefined} a @param {Cell | undefined} b @param {boolean} numeric */
function order(a, b, numeric) {
	if (!numeric) return shown(a).localeCompare(shown(b), undefined, { numeric: true });
	const [x, y] = [toNumber(a), toNumber(b)];
	return Number.isNaN(x) ? 1 : Number.isNaN(y) ? -1 : x - y;
}

/**
 * The column headers. Clicking one sorts ascending, then descending, then restores the original order.
 * @param {TablePreview} table
 * @param {boolean[]} numeric for each column that is drawn
 * @param {{column: number, down: boolean}} sort changed by clicks; column -1: unsorted
 * @param {() => void} onSort
 * @param {AbortSignal} signal
 */
function header(table, numeric, sort, onSort, signal) {
	const heads = numeric.map((right, column) => {
		const toggle = () => {
			if (sort.column !== column) Object.assign(sort, { column, down: false });
			else if (!sort.down) sort.down = true;
			else sort.column = -1;
			heads.forEach((head, index) => {
				if (index === sort.column) head.setAttribute("aria-sort", sort.down ? "descending" : "ascending");
				else head.removeAttribute("aria-sort");
			});
			onSort();
		};
		const name = button(table.columns[column] || "–", toggle, { class: "cy-v-head", signal });
		const dtype = table.dtypes?.[column];
		if (dtype) name.append(el("small", { class: "cy-v-faint", text: dtype }));
		return el("th", { scope: "col", class: right ? "cy-v-right" : "" }, name);
	});
	return heads;
}

/**
 * @param {TablePreview} table
 * @param {Env} env
 * @returns {HTMLElement}
 */
export function tableBody(table, env) {
	const { signal } = env.life;
	const columns = table.columns.slice(0, COLUMNS);
	const numeric = columns.map((_, column) => isNumeric(table.rows, column));
	const indexed = table.rows.map((cells, index) => ({ cells, index }));
	let rows = indexed;
	let drawn = 0;
	const sort = { column: -1, down: false };
	let words = "";

	const body = el("tbody");
	const pane = el("div", {
		class: "cy-v-table",
		tabindex: 0,
		role: "group",
		"aria-label": fill(said.viewers.table_name, { name: env.artifact.name }),
	});
	const more = () => {
		const part = rows.slice(drawn, drawn + PART);
		drawn += part.length;
		body.append(
			...part.map(({ cells, index }) =>
				el(
					"tr",
					{},
					el("th", { scope: "row", text: count(index + 1) }),
					...columns.map((_, column) =>
						el("td", { class: numeric[column] ? "cy-v-right" : "", text: shown(cells[column]) }),
					),
					el("td", { class: "cy-v-rest" }),
				),
			),
		);
	};
	const told = el("span", { class: "cy-v-muted", "aria-live": "polite" });
	const redraw = () => {
		rows =
			words === ""
				? [...indexed]
				: indexed.filter(({ cells }) => cells.some((cell) => shown(cell).toLowerCase().includes(words)));
		if (sort.column >= 0) {
			const sign = sort.down ? -1 : 1;
			rows.sort((a, b) => sign * order(a.cells[sort.column], b.cells[sort.column], numeric[sort.column] ?? false));
		}
		body.replaceChildren();
		drawn = 0;
		more();
		pane.scrollTop = 0;
		const total = table.total_rows ?? table.rows.length;
		told.textContent =
			words !== ""
				? fill(said.viewers.table_found, { count: count(rows.length), rows: many(table.rows.length, "row") })
				: `${many(total, "row")} × ${many(table.columns.length, "column")}`;
	};
	const heads = header(table, numeric, sort, redraw, signal);
	pane.append(
		el(
			"table",
			{},
			el(
				"thead",
				{},
				el(
					"tr",
					{},
					el("th", { scope: "col" }, el("span", { class: "cy-v-hidden", text: said.viewers.table_row })),
					...heads,
					el("td", { class: "cy-v-rest" }),
				),
			),
			body,
		),
	);
	pane.addEventListener(
		"scroll",
		() => {
			if (drawn < rows.length && pane.scrollTop + pane.clientHeight > pane.scrollHeight - 600) more();
		},
		{ signal, passive: true },
	);
	const field = el("input", {
		type: "search",
		class: "cy-v-field",
		placeholder: said.viewers.table_filter,
		"aria-label": said.viewers.table_filter,
		autocomplete: "off",
	});
	field.addEventListener(
		"input",
		() => {
			words = field.value.toLowerCase();
			redraw();
		},
		{ signal },
	);
	redraw();
	const notes = [table.note ?? ""];
	if (table.rows.length < (table.total_rows ?? 0)) notes.push(fill(said.viewers.table_first, { what: many(table.rows.length, "row") }));
	if (table.columns.length > COLUMNS) notes.push(fill(said.viewers.table_first, { what: many(COLUMNS, "column") }));
	const note = notes.filter(Boolean).join(" ");
	const bar = el("div", { class: "cy-v-subbar" }, el("div", { class: "cy-v-search" }, icon("search"), field), told);
	return el("div", { class: "cy-v-pane" }, bar, note && el("p", { class: "cy-v-note", text: note }), pane);
}
