// One view of a card: creates its elements and keeps them up to date.
import { Channel, onPush } from "../shared/channel.ts";
import { el, setAttributes, setText } from "../shared/dom.ts";
import type { CardRequests } from "../shared/messages.ts";
import { loadModule } from "../shared/modules.ts";
import { page } from "../shared/page.ts";
import type { Action, Artifact, Card, Model, Part, PartModule, Traits } from "../shared/types.ts";
import { announcer } from "./announcer.ts";
import { askButton } from "./ask.ts";
import { inbox } from "./inbox.ts";
import { posters } from "./posters.ts";
import { progressBar } from "./progress.ts";
import { dots } from "../shared/text.ts";
import { describe, type TextName } from "./view_model.ts";

const TICK = 500; // ms between redraws of a running clock
const SYNC = 15; // seconds of silence after which the kernel is asked for its state

const TRAITS: readonly (keyof Traits)[] = [
	...(["task_id", "status", "progress", "stage", "message", "current_node", "step_current", "step_total"] as const),
	...(["error", "output", "connection", "elapsed", "eta", "stages", "artifacts", "density", "label", "_facts", "_beat"] as const),
];

/** Elements for texts that aren't a bdi, which detects the direction of untrusted text. */
const ELEMENTS: Partial<Record<TextName, "strong" | "summary" | "pre">> = {
	...{ percent: "strong", cause: "strong", summary: "summary", details: "pre" },
};

const now = () => performance.now() / 1000;

/** Each poster is sent separately and once, as its own state beside `artifacts`. See jupyter/batching.py. */
function withPosters(model: Model): () => Artifact[] {
	let told: Artifact[] = [];
	let shown: Artifact[] = [];
	return () => {
		const artifacts = model.get("artifacts");
		const all = artifacts.map((each) => each.poster ?? model.get(`_poster:${each.key}`) ?? null);
		if (artifacts !== told || all.some((poster, index) => poster !== shown[index]?.poster)) {
			told = artifacts;
			shown = artifacts.map((each, index) => ({ ...each, poster: all[index] ?? null }));
		}
		return shown;
	};
}

function reader(model: Model): () => Traits {
	const artifacts = withPosters(model);
	return () =>
		({ ...Object.fromEntries(TRAITS.map((name) => [name, model.get(name)])), artifacts: artifacts() }) as unknown as Traits;
}

/** Draw a card into `parent` until the returned function is called. */
export function showCard(model: Model, parent: HTMLElement): () => void {
	const life = new AbortController();
	const { signal } = life;
	const channel = new Channel<CardRequests>(model, signal);
	const read = reader(model);
	const first = describe(read(), { silent: 0, since: 0, asked: null, trouble: "" });
	const text = Object.fromEntries(
		Object.keys(first.text).map((name) => [name, el(ELEMENTS[name as TextName] ?? "bdi", { class: `cy-${name}` })]),
	) as Record<TextName, HTMLElement>;
	const live = announcer(signal);
	const bar = progressBar();
	const results = posters();
	const root = el("div", { class: "cyberun-task", role: "group", tabindex: -1 });

	let taskId = model.get("task_id");
	let asked: number | null = null;
	let trouble = "";
	let told = now(); // when the traits last changed
	let synced = told;
	let beat = NaN;
	let timer: ReturnType<typeof setInterval> | undefined;
	let queued = false;

	/** A busy kernel handles it later: an order waits for its answer as long as the card exists. */
	async function order(action: Action): Promise<void> {
		if (action === "cancel") asked = now();
		trouble = "";
		draw();
		try {
			await channel.ask(action, { task_id: taskId }, { timeout: Infinity });
		} catch (error) {
			if (signal.aborted) return;
			if (action === "cancel") asked = null;
			card.tell((error as Error).message);
		}
	}
	const cancel = askButton({
		...{ label: said.cancel, question: said.cancel_question, yes: said.cancel_yes, no: said.cancel_no },
		onYes: () => void order("cancel"),
	});

	const card: Card = {
		...{ model, channel, root, signal, inbox, traits: read },
		order: (action) => void order(action),
		load: (name) => loadModule(name, channel),
		tell(words) {
			trouble = words;
			drawSoon();
		},
	};

	/** By the module that adds it; posters are shown until the files are. */
	const parts: Record<string, Part> = { files: results };
	const loading = new Set<string>();
	async function need(name: string): Promise<void> {
		if (loading.has(name)) return;
		loading.add(name);
		try {
			const { attach } = await loadModule<PartModule>(name, channel);
			if (signal.aborted) return;
			const part = attach(card);
			parts[name]?.close();
			parts[name] = part;
			draw();
		} catch (error) {
			if (!signal.aborted) card.tell(`${said.part_missing} ${(error as Error).message}`);
		}
	}

	function draw(): void {
		if (signal.aborted) return;
		const traits = read();
		const { status, density, connection, _facts: facts } = traits;
		if (beat !== traits._beat) told = synced = now();
		beat = traits._beat;
		const heard = Math.max(told, (page.heard.get(facts.process ?? "") ?? -Infinity) / 1000); // the kernel's last sign
		if (taskId !== traits.task_id) {
			taskId = traits.task_id; // run again: requests about the old task no longer matter
			asked = null;
			trouble = "";
			cancel.update({ shown: false }); // closes a question
		}
		if (facts.cancel) asked = null;
		const moment = { silent: now() - heard, since: now() - told, asked: asked && now() - asked };
		const seen = describe(traits, { ...moment, trouble });
		if (seen.watched && now() - Math.max(heard, synced) > SYNC) {
			synced = now();
			channel.ask("sync", {}).catch(() => undefined); // a missing kernel shows up through its silence
		}
		setAttributes(root, {
			"data-task-id": taskId,
			"data-status": status,
			"data-connection": connection,
			"data-density": density,
			"data-bare": (status === "completed" || (connection === "error" && !traits.progress)) && !traits.stages.length,
			"data-dead": seen.dead || facts.stopped,
			"aria-label": `${said.untitled} ${dots(facts.title || taskId, traits.label)}`,
		});
		for (const [name, words] of Object.entries(seen.text)) setText(text[name as TextName], words);
		setAttributes(text.note, { "data-warn": seen.warns });

		const focus = root.querySelector<HTMLElement>(":focus");
		const { cancelling } = seen;
		cancel.update({ shown: facts.actions?.includes("cancel") || (cancelling && seen.watched), disabled: cancelling });
		for (const part of Object.values(parts)) part.update(traits);
		if (focus?.closest("[hidden]")) root.focus({ preventScroll: true });

		bar.update({ ...seen, stages: density === "compact" ? [] : traits.stages });
		void need("actions");
		if (traits.artifacts.length) void need("files");
		live.say(seen.speech, seen.news);
		if (!seen.watched) {
			clearInterval(timer);
			timer = undefined;
		} else timer ??= setInterval(draw, TICK);
	}
	function drawSoon(): void {
		if (queued) return;
		queued = true;
		queueMicrotask(() => {
			queued = false;
			draw();
		});
	}

	const div = (name: string, ...children: Node[]) => el("div", { class: `cy-${name}` }, ...children);
	root.append(
		div(
			"card",
			div("head", div("who", text.title, text.tag), text.id, text.pill, div("acts", cancel.node)),
			text.about,
			bar.node,
			div("row", text.percent, text.steps, text.node, text.message, text.labels, div("when", text.time, text.eta)),
			div("notes", text.note),
			div("panel", el("bdi", { class: "cy-why" }, text.cause, " ", text.rest), el("details", { class: "cy-fold" }, text.summary, text.details)),
			results.node,
			div("next"),
			div("foot", text.link, text.problem, text.facts, text.tail),
		),
		live.node,
	);
	parent.append(root);
	const deaf = onPush(model, { problem: ({ text: words }) => card.tell(words) });
	for (const name of TRAITS) model.on(`change:${name}`, drawSoon);
	draw();
	return () => {
		for (const part of Object.values(parts)) part.close();
		life.abort();
		deaf();
		clearInterval(timer);
		for (const name of TRAITS) model.off(`change:${name}`, drawSoon);
		root.remove();
	};
}
