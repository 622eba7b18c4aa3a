// A table as rows, with a line chart beside them if it has numbers.
import { chartPane } from "../chart/chart.ts";
import { Columns, readColumns, readNumber } from "../chart/columns.ts";
import { chartOf } from "../chart/series.ts";
import { button, el, relabel } from "../../shared/dom.ts";
import type { Env, TablePreview, View } from "../../shared/types.ts";
import { dataSize, dataSizeOf } from "../../shared/units.ts";
import { fill } from "../../shared/words.ts";
import { load, loadBytes } from "../loading.js";
import { parseRows, separator } from "./csv.js";
import { tableBody } from "./table.js";

const READ = 8_000_000; // maximum bytes of a file read for listing rows
const DRAWN = 64_000_000; // maximum bytes of a file whose numbers are drawn
const PANELS = { wide: 4, narrow: 2 }; // panels of a chart open at first
const WIDE = 760; // CSS pixels; narrower windows have the table below the chart, see chart.css

interface Read {
	table: TablePreview;
	/** The data to draw, possibly with more rows than are listed. */
	columns: Columns;
	/** Why the chart is incomplete. */
	note: string;
}

/** The first row has the column names, unless it is numeric. */
function named(rows: string[][]): { columns: string[]; rows: string[][]; headless: boolean } {
	const [first = [], ...rest] = rows;
	const headless = first.length > 0 && first.every((cell) => typeof readNumber(cell) === "number");
	const columns = headless ? first.map((_, index) => fill(said.viewers.table_column, { number: index + 1 })) : first;
	return { columns, rows: headless ? rows : rest, headless };
}

async function readText(blob: Blob, mime: string, signal: AbortSignal): Promise<Read> {
	const text = new TextDecoder().decode(await blob.slice(0, DRAWN).arrayBuffer());
	const mark = /tab-separated/.test(mime) ? "\t" : separator(text);
	const listed = blob.size <= READ ? text : text.slice(0, READ);
	const parsed = parseRows(listed, mark);
	if (listed.length < text.length) parsed.pop(); // cut off mid-row
	const { columns: names, rows, headless } = named(parsed);
	const whole = blob.size <= READ;
	const table = { columns: names, rows, total_rows: whole ? rows.length : null };
	if (whole || listed.includes('"')) {
		const note = whole ? "" : fill(said.viewers.chart_part, { size: dataSizeOf(READ, blob.size) });
		return { table: whole ? table : { ...table, note: partOf(blob) }, columns: collected(table), note };
	}
	const from = headless ? 0 : text.indexOf("\n", text.search(/\S/)) + 1;
	const columns = await readColumns(blob.size > DRAWN ? text.slice(0, text.lastIndexOf("\n")) : text, { names, mark, from, signal });
	const note = blob.size > DRAWN ? fill(said.viewers.chart_part, { size: dataSizeOf(DRAWN, blob.size) }) : "";
	return { table: { ...table, note: partOf(blob) }, columns, note };
}

const partOf = ({ size }: Blob) => fill(said.viewers.table_part, { size: `${dataSize(READ)} of ${dataSize(size)}` });

function collected({ columns: names, rows }: TablePreview): Columns {
	const columns = new Columns(names);
	for (const row of rows) columns.add(row);
	return columns;
}

/** Side by side if there is room; in a card, only one of the two. */
function shown({ table, columns, note }: Read, env: Env): HTMLElement {
	const { life, full, artifact } = env;
	const chart = chartOf(columns);
	if (!chart) return tableBody(table, env);
	const other = button(said.viewers.table, () => flip(), { icon: "table", title: said.viewers.show_table, signal: life.signal });
	const pane = chartPane(chart, {
		...{ name: artifact.name, life, panels: full && innerWidth > WIDE ? PANELS.wide : PANELS.narrow },
		tools: full ? [] : [other],
	});
	if (note) pane.bar.after(el("p", { class: "cy-v-note", text: note }));
	if (full) return el("div", { class: "cy-v-duo" }, pane.node, tableBody(table, env));
	let listed: HTMLElement | null = null;
	const flip = () => {
		const toTable = pane.stage.isConnected;
		listed ??= tableBody(table, env);
		if (toTable) pane.stage.replaceWith(listed);
		else listed.replaceWith(pane.stage);
		for (const control of pane.controls) control.hidden = toTable;
		relabel(other, toTable ? "chart" : "table");
		const words = other.querySelector("span");
		if (words) words.textContent = toTable ? said.viewers.chart : said.viewers.table;
		other.title = toTable ? said.viewers.show_chart : said.viewers.show_table;
	};
	return pane.node;
}

export function tableView(env: Env): View {
	const { artifact, ctx, life, full } = env;
	if (/^text\//.test(artifact.mime)) {
		const show = async (blob: Blob) => shown(await readText(blob, artifact.mime, life.signal), env);
		return { node: loadBytes(env, show, full ? undefined : { label: said.viewers.show, over: READ }) };
	}
	const node = load(env, {
		ask: async ({ signal }) => {
			const preview = await ctx.preview?.(artifact.key, { signal });
			if (preview && "columns" in preview) return preview;
			const why = preview && "note" in preview ? preview.note : "";
			throw new Error(why || said.viewers.table_unread);
		},
		show: (table: TablePreview) => {
			const whole = table.rows.length >= (table.total_rows ?? table.rows.length);
			return whole ? shown({ table, columns: collected(table), note: "" }, env) : tableBody(table, env);
		},
	});
	return { node };
}
