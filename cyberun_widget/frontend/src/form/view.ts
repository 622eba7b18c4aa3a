// One view of a form: its fields, actions and runs.
import { Channel } from "../shared/channel.ts";
import { button, copyText, el, relabel, setAttributes, setText } from "../shared/dom.ts";
import { embed, type Embedded } from "../shared/embed.ts";
import type { FormRequests } from "../shared/messages.ts";
import { fieldView, type FieldView } from "./field.ts";
import { liveSwitch } from "./live.ts";
import { runsList } from "./runs.ts";
import type { FormModel, FormTraits, Value } from "./types.ts";
import { fill } from "../shared/words.ts";
import { many } from "../shared/units.ts";

const SHOWN = 8; // fields shown at once; longer forms collapse their optional fields
const REST = 800; // ms after a start in which another click on Run counts as part of a double click
const TRAITS = ["values", "errors", "valid", "tasks", "_live", "_problem", "_comparison", "_seen", "_beat"] as const;

/** Draw a form into `parent` until the returned function is called. */
export function showForm(model: FormModel, parent: HTMLElement): () => void {
	const life = new AbortController();
	const { signal } = life;
	const channel = new Channel<FormRequests>(model, signal);
	const page = Math.random().toString(36).slice(2, 10);
	let changes = 0;
	let starting = false;
	let correction = ""; // the latest request to correct values

	const title = el("bdi", { class: "cyf-title" });
	const about = el("p", { class: "cyf-about", dir: "auto" });
	const status = el("span", { class: "cyf-status", role: "status" });
	const trouble = el("p", { class: "cyf-trouble", role: "alert" });
	const main = el("div", { class: "cyf-fields" });
	const more = el("div", { class: "cyf-fields" });
	const moreWords = el("summary", { class: "cyf-more" });
	const fold = el("details", { class: "cyf-folded" }, moreWords, more);

	const fields = model.get("_fields").map((spec) =>
		fieldView(spec, {
			change: (value) => change(spec.key, value),
			draw: () => void ask("seed", { key: spec.key }),
			file: {
				begin: (key, name, size) => channel.ask("upload_begin", { key, name, size }),
				part: (key, offset, bytes) => channel.ask("upload_part", { key, offset }, { buffers: [bytes] }),
				cancel: (key) => void ask("upload_cancel", { key }),
			},
			signal,
		}),
	);
	place(fields);

	const run = button(said.form.run, () => void start(false), { class: "cyf-primary", title: said.form.run_hint, signal });
	const again = button(said.form.run_new_seed, () => void start(true), { icon: "dice", title: said.form.run_new_seed_hint, signal });
	const copy = button(said.copy_python, () => void copyCode(), { icon: "copy", signal });
	again.hidden = !fields.some(({ spec }) => spec.control === "seed");
	const live = liveSwitch({ set: (delay) => void ask("live", { delay }), signal });
	const runs = runsList({
		...{ model, signal },
		use: (id) => void ask("use", { run: id }).then(() => fields[0]?.focus()),
		unfold: (id, open) => void ask("unfold", { run: id, open }),
		compare: (ids) => void ask("compare", { runs: ids }),
	});
	const comparison = el("div", { class: "cyf-comparison" });
	let compared: { id: string; shown: Embedded } | null = null;

	const root = el(
		"div",
		{ class: "cyberun-form", role: "form", tabindex: -1 },
		el(
			"div",
			{ class: "cyf-card" },
			el("div", { class: "cyf-head" }, title),
			about,
			main,
			fold,
			trouble,
			el("div", { class: "cyf-acts" }, run, again, copy, status, live.node),
		),
		comparison,
		runs.node,
	);

	/** Required fields first; a long form collapses its optional fields, except changed ones. */
	function place(views: readonly FieldView[]): void {
		const values = model.get("values");
		const early = new Set(views.filter(({ spec }, index) => spec.required || index < SHOWN / 2 || values[spec.key] !== spec.default));
		const short = views.length <= SHOWN;
		main.append(...views.filter((view) => short || early.has(view)).map(({ node }) => node));
		const rest = short ? [] : views.filter((view) => !early.has(view));
		more.append(...rest.map(({ node }) => node));
		moreWords.textContent = many(rest.length, "more option");
		fold.hidden = rest.length === 0;
	}

	async function ask<K extends keyof FormRequests & string>(type: K, ask: FormRequests[K]["ask"]): Promise<FormRequests[K]["reply"] | undefined> {
		try {
			const reply = await channel.ask(type, ask, { timeout: Infinity });
			setText(trouble, "");
			return reply;
		} catch (error) {
			if (!signal.aborted) setText(trouble, (error as Error).message);
			return undefined;
		}
	}
	/** Input takes effect at once in the page, and is checked in the kernel. */
	function change(key: string, value: Value): void {
		changes += 1;
		void ask("change", { key, value, page, number: changes });
	}
	async function start(newSeed: boolean): Promise<void> {
		if (starting) return;
		const wrong = fields.filter(({ spec }) => model.get("errors")[spec.key]);
		const [first] = wrong;
		if (first) {
			correction = wrong.length === 1 ? said.form.wrong_one : fill(said.form.wrong_many, { count: wrong.length });
			setText(status, correction);
			if (fold.contains(first.node)) fold.open = true;
			first.focus();
			return;
		}
		starting = true;
		setAttributes(root, { "data-starting": "true" });
		setText(status, said.form.starting);
		const started = await ask("run", { new_seeds: newSeed });
		setText(status, started ? said.form.started : "");
		setTimeout(() => {
			starting = false;
			setAttributes(root, { "data-starting": null });
		}, REST);
	}
	async function copyCode(): Promise<void> {
		const reply = await ask("code", {});
		if (!reply || signal.aborted) return;
		const done = await copyText(reply.code, root);
		relabel(copy, done ? "check" : "warning");
		setText(status, done ? said.copied : said.copy_refused);
		setTimeout(() => relabel(copy, "copy"), 1600);
	}

	function draw(): void {
		if (signal.aborted) return;
		const traits = Object.fromEntries(TRAITS.map((name) => [name, model.get(name)])) as unknown as FormTraits;
		const workflow = model.get("_workflow");
		setText(title, workflow.name);
		setText(about, workflow.description);
		setAttributes(root, { "data-workflow": workflow.slug, "aria-label": fill(said.form.name, { workflow: workflow.name }), "data-valid": String(traits.valid) });
		// The kernel's state is older than the latest input: the fields wait until it includes their change.
		const current = (traits._seen[page] ?? 0) >= changes;
		for (const field of fields) {
			const value = traits.values[field.spec.key] ?? null;
			if (current) field.update(value, traits.errors[field.spec.key]);
		}
		if (traits.valid && status.textContent === correction) setText(status, "");
		live.update(traits._live);
		if (traits._problem) setText(trouble, traits._problem);
		runs.update(traits.tasks);
		showComparison((traits._comparison ?? "").replace("IPY_MODEL_", ""));
	}
	function showComparison(id: string): void {
		if (compared?.id === id) return;
		compared?.shown.remove();
		compared = id ? { id, shown: embed(model, id, signal) } : null;
		if (compared) comparison.append(compared.shown.node);
	}

	parent.append(root);
	for (const name of TRAITS) model.on(`change:${name}`, draw);
	draw();
	return () => {
		life.abort();
		for (const name of TRAITS) model.off(`change:${name}`, draw);
		root.remove();
	};
}
