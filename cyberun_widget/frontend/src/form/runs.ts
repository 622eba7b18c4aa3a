// The runs below the form: newest first and expanded, older ones as lines that can be expanded.
import { button, el } from "../shared/dom.ts";
import { embed, type Embedded } from "../shared/embed.ts";
import type { FormModel } from "./types.ts";
import { fill } from "../shared/words.ts";

export interface RunsOptions {
	model: FormModel;
	signal: AbortSignal;
	/** Load a run's values into the form. */
	use(run: string): void;
	/** Expand a line, or collapse a card. */
	unfold(run: string, open: boolean): void;
	compare(runs: string[]): void;
}
interface Row {
	node: HTMLElement;
	card: Embedded;
	chosen: HTMLInputElement;
}

export function runsList({ model, signal, use, unfold, compare }: RunsOptions) {
	const rows = new Map<string, Row>();
	const list = el("ol", { class: "cyf-runs", role: "list" });
	const side = button(said.viewers.compare, () => compare(chosen()), { icon: "compare", signal, class: "cyf-compare-button" });
	const head = el("div", { class: "cyf-runs-head" }, el("h3", { class: "cyf-runs-title", text: said.form.runs }), side);
	const node = el("section", { class: "cyf-runs-section", "aria-label": said.form.runs }, head, list);
	node.hidden = true;

	const chosen = () => [...rows].filter(([, row]) => row.chosen.checked).map(([run]) => run);
	function refresh(): void {
		const count = chosen().length;
		head.hidden = rows.size < 2;
		side.disabled = count < 2;
		side.title = count < 2 ? said.form.compare_few : fill(said.form.compare_runs, { count });
	}

	function rowOf(run: string): Row {
		const card = embed(model, run, signal);
		const check = el("input", { type: "checkbox", class: "cyf-choose", "aria-label": said.form.compare_this });
		check.addEventListener("change", refresh, { signal });
		let open = false;
		const fold = button(said.form.open, () => unfold(run, (open = !open)), { icon: "chevron", bare: true, class: "cyf-unfold", signal });
		const tools = el(
			"div",
			{ class: "cyf-run-tools" },
			check,
			button(said.form.use_values, () => use(run), { icon: "up", bare: true, signal }),
			fold,
		);
		const observer = new MutationObserver(() => {
			open = card.node.querySelector("[data-density='full']") !== null;
			fold.setAttribute("aria-expanded", String(open));
		});
		observer.observe(card.node, { subtree: true, childList: true, attributeFilter: ["data-density"] });
		signal.addEventListener("abort", () => observer.disconnect(), { once: true });
		return { node: el("li", { class: "cyf-run" }, tools, card.node), card, chosen: check };
	}

	return {
		node,
		update(references: readonly string[]): void {
			const wanted = references.map((reference) => reference.replace("IPY_MODEL_", ""));
			for (const [run, row] of rows) {
				if (wanted.includes(run)) continue;
				row.card.remove();
				row.node.remove();
				rows.delete(run);
			}
			wanted.forEach((run, index) => {
				let row = rows.get(run);
				if (!row) rows.set(run, (row = rowOf(run)));
				if (list.children[index] !== row.node) list.insertBefore(row.node, list.children[index] ?? null);
			});
			node.hidden = rows.size === 0;
			refresh();
		},
	};
}
