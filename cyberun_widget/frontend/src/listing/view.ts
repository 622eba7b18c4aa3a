// One view of a list: search, sort, and a button in each row that opens it in place.
import { Channel } from "../shared/channel.ts";
import { button, el, setAttributes, setText } from "../shared/dom.ts";
import { embed, type Embedded } from "../shared/embed.ts";
import type { ListRequests } from "../shared/messages.ts";
import { clock, count, many } from "../shared/units.ts";
import { fill, STATUS } from "../shared/words.ts";
import { arrange, nextOrder, type Order } from "./order.ts";
import type { Cell, Column, ListModel } from "./types.ts";

const PAGE = 50; // rows drawn at once

interface Row {
	node: HTMLTableRowElement;
	opened: HTMLTableRowElement;
	toggle: HTMLButtonElement;
	shown: { reference: string; widget: Embedded } | null;
}

/** Draw a list into `parent` until the returned function is called. */
export function showList(model: ListModel, parent: HTMLElement): () => void {
	const life = new AbortController();
	const { signal } = life;
	const channel = new Channel<ListRequests>(model, signal);
	const rows = new Map<number, Row>();
	let order: Order = { column: null, descending: false };
	let limit = PAGE;

	const search = el("input", { type: "search", class: "cyl-search", "aria-label": said.list.filter, placeholder: said.list.filter });
	const told = el("span", { class: "cyl-count", role: "status" });
	const trouble = el("p", { class: "cyl-trouble", role: "alert" });
	const body = el("tbody");
	const heads = model.get("_columns").map((column, index) => headOf(column, index));
	const table = el("table", {}, el("thead", {}, el("tr", {}, ...heads.map(({ node }) => node), el("td"))), body);
	const more = button(said.list.more, () => {
		limit += PAGE;
		draw();
	}, { class: "cyl-more", signal });
	const root = el(
		"div",
		{ class: "cyberun-list", role: "group", tabindex: -1 },
		el("div", { class: "cyl-head" }, el("h3", { class: "cyl-title" }, model.get("_title")), search, told),
		trouble,
		el("div", { class: "cyl-scroll" }, table),
		more,
	);
	setAttributes(root, { "aria-label": model.get("_title") });

	function headOf({ name }: Column, index: number): { node: HTMLElement; update(): void } {
		const sort = el("button", { type: "button", class: "cyl-sort", text: name });
		sort.addEventListener("click", () => {
			order = nextOrder(order, index);
			draw();
		}, { signal });
		const node = el("th", { scope: "col" }, sort);
		return {
			node,
			update: () =>
				setAttributes(node, {
					"aria-sort": order.column !== index ? null : order.descending ? "descending" : "ascending",
				}),
		};
	}

	function rowOf(index: number): Row {
		const known = rows.get(index);
		if (known) return known;
		const cells = model.get("_rows")[index] ?? [];
		const columns = model.get("_columns");
		const toggle = button(model.get("_verb"), () => void open(index), { class: "cyl-open", signal });
		toggle.setAttribute("aria-label", fill(said.list.open_name, { verb: model.get("_verb"), name: cells[0] ?? "" }));
		const node = el("tr", {}, ...columns.map((column, at) => cellOf(cells[at] ?? null, column, at)), el("td", { class: "cyl-act" }, toggle));
		const opened = el("tr", { class: "cyl-opened" });
		const row: Row = { node, opened, toggle, shown: null };
		rows.set(index, row);
		return row;
	}

	async function open(index: number): Promise<void> {
		try {
			await channel.ask("open", { row: index, open: !(String(index) in model.get("_opened")) }, { timeout: Infinity });
			setText(trouble, "");
		} catch (error) {
			if (!signal.aborted) setText(trouble, (error as Error).message);
		}
	}

	function draw(): void {
		if (signal.aborted) return;
		const all = model.get("_rows");
		const found = arrange(all, model.get("_columns"), search.value, order);
		const opened = model.get("_opened");
		const shown = found.slice(0, limit).map(rowOf);
		for (const [index, row] of rows) showBelow(row, opened[String(index)] ?? "");
		const focused = root.querySelector<HTMLElement>(":focus");
		body.replaceChildren(...shown.flatMap(({ node, opened: below, shown: has }) => (has ? [node, below] : [node])));
		focused?.focus({ preventScroll: true });
		for (const head of heads) head.update();
		setText(told, found.length === all.length ? many(all.length, "row") : fill(said.list.found, { rows: many(found.length, "row"), count: count(all.length) }));
		more.hidden = found.length <= limit;
		search.hidden = all.length < 6;
	}
	function showBelow(row: Row, reference: string): void {
		row.toggle.setAttribute("aria-expanded", String(reference !== ""));
		if (row.shown?.reference === reference || (!row.shown && !reference)) return;
		row.shown?.widget.remove();
		row.shown = reference ? { reference, widget: embed(model, reference.replace("IPY_MODEL_", ""), signal) } : null;
		const cell = el("td", { colspan: model.get("_columns").length + 1 });
		if (row.shown) cell.append(row.shown.widget.node);
		row.opened.replaceChildren(cell);
	}

	search.addEventListener("input", () => {
		limit = PAGE;
		draw();
	}, { signal });
	parent.append(root);
	for (const name of ["_rows", "_opened"]) model.on(`change:${name}`, draw);
	draw();
	return () => {
		life.abort();
		for (const name of ["_rows", "_opened"]) model.off(`change:${name}`, draw);
		root.remove();
	};
}

function cellOf(value: Cell, { kind }: Column, at: number): HTMLTableCellElement {
	const tag = at === 0 ? "th" : "td";
	const node = el(tag, { ...(at === 0 && { scope: "row" }), "data-kind": kind, dir: "auto" });
	if (value === null || value === "") return node;
	switch (kind) {
		case "status": {
			const status = String(value);
			node.append(el("span", { class: "cyl-status", "data-status": status, text: STATUS[status]?.name ?? status }));
			break;
		}
		case "time":
			node.append(timeOf(String(value)));
			break;
		case "seconds":
			node.textContent = clock(Number(value));
			break;
		case "id":
			node.append(el("code", { title: String(value), text: `…${String(value).slice(-8)}` }));
			break;
		default:
			node.textContent = String(value);
	}
	return node;
}

/** In the user's time zone; without the date if it is today. */
function timeOf(iso: string): HTMLElement {
	const moment = new Date(iso);
	const today = moment.toDateString() === new Date().toDateString();
	const words = today ? moment.toLocaleTimeString([], { timeStyle: "short" }) : moment.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
	return el("time", { datetime: iso, text: words });
}
