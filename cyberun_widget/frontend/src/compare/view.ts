// One view of a comparison: the choice of files and mode, and the differing values.
import { store } from "../files/store.ts";
import { Channel } from "../shared/channel.ts";
import { el, OWN_KEYS, setText } from "../shared/dom.ts";
import { Life } from "../shared/life.ts";
import type { CompareRequests } from "../shared/messages.ts";
import { loadModule } from "../shared/modules.ts";
import { adopt } from "../shared/style.ts";
import type { Artifact } from "../shared/types.ts";
import { many } from "../shared/units.ts";
import type { CompareModel, Pair } from "./types.ts";
import { fill } from "../shared/words.ts";

type Comparison = typeof import("../comparison/index.ts");
type Mode = keyof Comparison["MODES"];

const TRAITS = ["_labels", "_pairs", "_tables", "_waiting"] as const;
const SEEN = ["image", "video", "model"]; // kinds compared visually; the others are compared as values

/** Draw a comparison into `parent` until the returned function is called. */
export function showComparison(model: CompareModel, parent: HTMLElement): () => void {
	const life = new Life();
	const channel = new Channel<CompareRequests>(model, life.signal);
	let shown: Life | null = null; // the current pair
	let mode: Mode = "slider";
	let at = 0;
	let [first, second] = [0, 1];

	const files = el("select", { ...OWN_KEYS, class: "cyc-select", "aria-label": said.comparison.file });
	const ways = el("div", { class: "cyc-ways", role: "radiogroup", "aria-label": said.comparison.mode });
	const left = el("select", { ...OWN_KEYS, class: "cyc-select", "aria-label": said.comparison.first });
	const right = el("select", { ...OWN_KEYS, class: "cyc-select", "aria-label": said.comparison.second });
	const status = el("p", { class: "cyc-hint", role: "status" });
	const stage = el("div", { class: "cyc-body" });
	const values = el("div", { class: "cyc-values" });
	const head = el("div", { class: "cyc-head" }, files, ways, left, right);
	const root = el("div", { class: "cyberun-compare", role: "group", "aria-label": said.comparison.name, tabindex: -1 }, head, status, stage, values);

	const pairs = () => model.get("_pairs").filter(({ kind, artifacts }) => SEEN.includes(kind) && artifacts.filter(Boolean).length > 1);
	const pick = (node: HTMLSelectElement, take: (value: number) => void) =>
		node.addEventListener("change", () => {
			take(Number(node.value));
			void draw();
		}, { signal: life.signal });
	pick(files, (value) => (at = value));
	pick(left, (value) => (first = value));
	pick(right, (value) => (second = value));

	/** The file's bytes, from the page's store or the kernel. */
	const read = (artifact: Artifact, signal: AbortSignal) => store.read(channel, `compare/${model.get("_labels").join("/")}`, artifact, { signal });

	async function draw(): Promise<void> {
		shown?.end();
		const current = (shown = new Life(life.signal));
		const labels = model.get("_labels");
		const waiting = model.get("_waiting");
		const all = pairs();
		at = Math.min(at, Math.max(0, all.length - 1));
		const pair = all[at];
		setText(status, waiting ? fill(said.comparison.waiting, { results: many(waiting, "result") }) : pair || model.get("_tables").length ? "" : said.comparison.nothing);
		options(files, all.map(({ name }) => name), at);
		files.hidden = all.length < 2;
		const { MODES, css, ...comparison } = await loadModule<Comparison>("comparison", channel);
		if (current.ended) return;
		adopt(root, css);
		radios(MODES);
		const two = pair?.kind === "image" && mode !== "side";
		ways.hidden = pair?.kind !== "image";
		left.hidden = right.hidden = !(two && labels.length > 2);
		options(left, labels, first);
		options(right, labels, second);
		values.replaceChildren(...model.get("_tables").map(({ title, absent, differences }) => comparison.differenceTable(differences, labels, title, absent)));
		if (!pair) {
			stage.replaceChildren();
			return;
		}
		stage.setAttribute("aria-busy", "true");
		try {
			const node = await made(pair, comparison, two ? [first, second] : labels.map((_, index) => index), current);
			if (!current.ended) stage.replaceChildren(node);
		} catch (error) {
			if (!current.ended) stage.replaceChildren(el("p", { class: "cyc-trouble", role: "alert", text: (error as Error).message }));
		} finally {
			if (!current.ended) stage.removeAttribute("aria-busy");
		}
	}

	async function made(pair: Pair, comparison: Omit<Comparison, "MODES" | "css">, which: number[], current: Life): Promise<HTMLElement> {
		const labels = model.get("_labels");
		const found = which.flatMap((index) => {
			const artifact = pair.artifacts[index];
			return artifact ? [{ artifact, label: labels[index] ?? "" }] : [];
		});
		const loaded = await Promise.all(found.map(async ({ artifact, label }) => ({ artifact, label, file: await read(artifact, current.signal) })));
		return comparison.compareFiles(loaded, mode, () => loadModule("three", channel), current);
	}

	function radios(modes: Comparison["MODES"]): void {
		if (ways.childElementCount) return;
		const name = `cyberun-ways-${Math.random().toString(36).slice(2)}`;
		for (const [each, label] of Object.entries(modes) as [Mode, string][]) {
			const input = el("input", { ...OWN_KEYS, type: "radio", name, value: each });
			input.checked = each === mode;
			input.addEventListener("change", () => {
				mode = each;
				void draw();
			}, { signal: life.signal });
			ways.append(el("label", { class: "cyc-way" }, input, el("span", { text: label })));
		}
	}

	parent.append(root);
	const redraw = () => void draw();
	for (const name of TRAITS) model.on(`change:${name}`, redraw);
	redraw();
	return () => {
		life.end();
		for (const name of TRAITS) model.off(`change:${name}`, redraw);
		root.remove();
	};
}

function options(node: HTMLSelectElement, labels: readonly string[], chosen: number): void {
	node.replaceChildren(...labels.map((label, index) => el("option", { value: index, text: label })));
	node.value = String(chosen);
}
