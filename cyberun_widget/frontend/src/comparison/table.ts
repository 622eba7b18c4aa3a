// The differing values as a table: one row per value, one column per result.
import { el } from "../shared/dom.ts";
import { many } from "../shared/units.ts";
import { fill } from "../shared/words.ts";

/** See compare/differences.py. Paths and cells are untrusted text. */
export interface Differences {
	rows: { path: string; cells: (string | null)[] }[];
	equal: number;
	more: number;
	partial: boolean;
}

export function differenceTable({ rows, equal, more, partial }: Differences, labels: readonly string[], title: string, absent: string): HTMLElement {
	const notes = [
		equal && fill(said.comparison.equal, { values: many(equal, "value") }),
		more && fill(said.comparison.more, { differences: many(more, "more difference") }),
		partial && said.comparison.partial,
	].filter(Boolean);
	const note = el("p", { class: "cyc-hint", text: rows.length ? `${notes.join("; ")}.` : said.comparison.no_differences });
	note.hidden = rows.length > 0 && notes.length === 0;
	if (!rows.length) return el("section", { class: "cyc-table", "aria-label": title }, el("h4", { text: title }), note);
	const head = el("tr", {}, el("td"), ...labels.map((label) => el("th", { scope: "col", dir: "auto", text: label })));
	const body = rows.map(({ path, cells }) =>
		el(
			"tr",
			{},
			el("th", { scope: "row", dir: "auto", text: path || said.comparison.whole }),
			...cells.map((cell) => (cell === null ? el("td", { class: "cyc-missing", text: absent }) : el("td", { dir: "auto", text: cell }))),
		),
	);
	const table = el("table", { "aria-label": title }, el("thead", {}, head), el("tbody", {}, ...body));
	const scroller = el("div", { class: "cyc-scroll", tabindex: 0, role: "region", "aria-label": title }, table);
	return el("section", { class: "cyc-table" }, el("h4", { text: title }), scroller, note);
}
