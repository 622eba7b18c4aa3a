// One point beside the sheet: its files, alone or compared with the reference, its facts and its actions.
import { askButton } from "../card/ask.ts";
import type { Channel } from "../shared/channel.ts";
import { el, plainButton, setAttributes, setText } from "../shared/dom.ts";
import { Life } from "../shared/life.ts";
import type { CardRequests } from "../shared/messages.ts";
import type { Artifact, Card, Files, PartModule } from "../shared/types.ts";
import { span } from "../shared/units.ts";
import type { GroupView } from "../group/controls.ts";
import type { Cell, Detail } from "../group/types.ts";
import { ACTIVE, ENDED, metric, statusName } from "../group/words.ts";
import { pointComparison, type Pair } from "./point_comparison.ts";
import { unknownPoint } from "./unknown_point.ts";
import { fill } from "../shared/words.ts";

export interface DetailOptions {
	group: Pick<GroupView, "channel" | "root" | "inbox" | "load" | "tell">;
	/** Whether points can be run again. */
	sweep(): boolean;
	onStep(by: number): void;
	onClose(): void;
	onMark(point: number, mark: "star" | "reject" | "none"): void;
	onPin(point: number | null): void;
	onCopy(point: number): void;
}

export interface DetailLook {
	cell: Cell;
	label: string;
	starred: boolean;
	rejected: boolean;
	pinned: boolean;
	/** The point it is compared with, or null. */
	against: { point: number; label: string; task: string | null } & Pick<Pair, "output" | "mode"> | null;
}

export interface DetailPanel {
	node: HTMLElement;
	readonly point: number | null;
	open(point: number): void;
	close(): void;
	update(look: DetailLook): void;
}

export function detailPanel(options: DetailOptions): DetailPanel {
	const { channel, root, inbox, load: module, tell } = options.group;
	let point: number | null = null;
	let life = new Life(channel.signal);
	let told = "";
	let files: Files | null = null;
	let state: Detail | null = null;
	let latest: Pick<DetailLook, "label" | "against"> & { task: string | null } = { label: "", against: null, task: null };

	const toggle = (label: string, click: () => void) => {
		const button = el("button", { type: "button", class: "cy-btn", "aria-pressed": "false", text: label });
		button.onclick = click;
		return button;
	};
	const icon = (label: string, text: string, click: () => void) => {
		const button = el("button", { type: "button", class: "cy-g-icon", "aria-label": label, title: label, text });
		button.onclick = click;
		return button;
	};
	const here = (act: (point: number) => void) => () => point !== null && act(point);
	const request = (work: Promise<unknown>) => void work.catch((error: Error) => !channel.signal.aborted && tell(error.message));

	const title = el("bdi", { class: "cy-g-title" });
	const pill = el("span", { class: "cy-pill" });
	const star = toggle(said.sweep.star, here((at) => options.onMark(at, star.ariaPressed === "true" ? "none" : "star")));
	const reject = toggle(said.sweep.reject, here((at) => options.onMark(at, reject.ariaPressed === "true" ? "none" : "reject")));
	const pin = toggle(said.sweep.pin, here((at) => options.onPin(pin.ariaPressed === "true" ? null : at)));
	const copy = plainButton(said.copy_python, here(options.onCopy));
	const versus = pointComparison(channel, root, module);
	const cause = el("p", { class: "cy-g-cause" });
	const unknown = unknownPoint(channel, request, tell);
	const retry = askButton({
		...{ label: said.sweep.retry, question: said.sweep.retry_question, yes: said.run_again_yes, no: said.run_again_no },
		onYes: here((at) => request(channel.ask("retry", { points: [at] }))),
	});
	const cancel = askButton({
		...{ label: said.cancel, question: said.cancel_question, yes: said.cancel_yes, no: said.cancel_no },
		onYes: here((at) => request(channel.ask("cancel", { points: [at] }))),
	});
	const results = el("div", { class: "cy-g-files" });
	const facts = el("dl", { class: "cy-g-facts" });
	const node = el(
		"section",
		{ class: "cy-g-detail", "aria-label": said.sweep.detail, hidden: true, tabindex: -1, "data-lm-suppress-shortcuts": "true" },
		el(
			"div",
			{ class: "cy-g-detail-head" },
			...[icon(said.sweep.previous, "‹", () => options.onStep(-1)), icon(said.sweep.next, "›", () => options.onStep(1)), title, pill],
			icon(said.viewers.close, "×", options.onClose),
		),
		...[versus.node, cause, unknown.node, results, facts],
		el("div", { class: "cy-g-acts" }, star, reject, pin, copy),
		el("div", { class: "cy-g-acts" }, retry.node, cancel.node),
	);
	node.addEventListener("keydown", (event) => {
		if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) return;
		const by = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
		if (by && event.target === node) options.onStep(by);
		else if (event.key === "Escape") options.onClose();
		else return;
		event.preventDefault();
		event.stopPropagation();
	});

	/** The files of a point, in the form that the module `files` expects. */
	async function showFiles(at: number, detail: Detail, alive: Life): Promise<void> {
		if (!detail.files.length) {
			files?.close();
			files = null;
			results.replaceChildren();
			return;
		}
		if (files) return files.update({ artifacts: detail.files });
		const ofPoint: Pick<Channel<CardRequests>, "ask" | "signal"> = {
			signal: alive.signal,
			ask: ((type: "read", fields: object, more?: object) =>
				channel.ask(type, { ...fields, point: at } as never, { signal: alive.signal, ...more })) as never,
		};
		const card = {
			model: { get: (name: string) => (name === "task_id" ? `${state?.task}` : name === "artifacts" ? (state?.files ?? []) : undefined) },
			...{ channel: ofPoint, root, signal: alive.signal, inbox, tell },
			load: module,
		} as unknown as Card;
		const { attach } = await module<PartModule<Files>>("files");
		if (alive.ended || at !== point) return;
		files = attach(card);
		results.replaceChildren(files.node);
		files.update({ artifacts: detail.files });
	}

	async function load(at: number): Promise<void> {
		const alive = life;
		try {
			const { detail: told, buffers } = await channel.ask("detail", { point: at }, { signal: alive.signal, timeout: Infinity });
			const detail = told as Detail;
			if (at !== point || alive.ended) return;
			for (const file of detail.files) file.poster = file.poster_at === undefined ? null : (buffers[file.poster_at] ?? null);
			state = detail;
			setText(cause, detail.error);
			unknown.show(at, detail, alive.signal);
			compare();
			facts.replaceChildren(...rows(detail));
			await showFiles(at, detail, alive);
		} catch (error) {
			if (!alive.ended) tell((error as Error).message);
		}
	}

	/** Show the point against the reference, once its files are known. */
	function compare(): void {
		const { label, task, against: other } = latest;
		if (!other || point === null || !state?.files.length || state.task !== task) return versus.update(null);
		const { output, mode, ...reference } = other;
		const files = state.files.map(({ poster: _, ...file }) => file as Artifact); // the bytes don't matter for the comparison
		versus.update({ own: { point, label, task, files }, reference: { ...reference, files: null }, output, mode });
	}

	function rows(detail: Detail): HTMLElement[] {
		const told: [string, string][] = [
			...detail.parameters,
			...Object.entries(detail.metrics).map(([name, value]): [string, string] => [name, metric(value)]),
			[said.sweep.took, detail.seconds ? span(detail.seconds) : ""],
			[said.sweep.gpu, detail.gpu],
			[said.sweep.task, detail.task ?? ""],
			[said.sweep.attempt, detail.attempt > 1 ? String(detail.attempt) : ""],
			[said.sweep.former, detail.former.join(", ")],
		];
		return told.filter(([, value]) => value !== "").map(([name, value]) => el("div", {}, el("dt", { text: name }), el("dd", { text: value })));
	}

	function leave(): void {
		life.end();
		life = new Life(channel.signal);
		files?.close();
		files = null;
		state = null;
		told = "";
		results.replaceChildren();
		setText(cause, "");
	}

	return {
		node,
		get point() {
			return point;
		},
		open(at) {
			if (at === point) return;
			leave();
			point = at;
			node.hidden = false;
		},
		close() {
			leave();
			point = null;
			node.hidden = true;
		},
		update({ cell, label, ...look }) {
			if (point === null) return;
			setText(title, label);
			setText(pill, statusName(cell.status) + (ACTIVE.has(cell.status) && cell.percent ? ` ${cell.percent}%` : ""));
			setAttributes(node, { "data-status": cell.status, "data-active": ACTIVE.has(cell.status) && "true", "aria-label": fill(said.sweep.point, { name: label }) });
			star.ariaPressed = String(look.starred);
			reject.ariaPressed = String(look.rejected);
			pin.ariaPressed = String(look.pinned);
			pin.textContent = look.pinned ? said.sweep.pinned_this : said.sweep.pin;
			latest = { label, task: cell.task, against: look.against };
			compare();
			results.hidden = look.against !== null && cell.outputs.length === 1;
			unknown.update(cell.status === "unknown");
			retry.update({ shown: options.sweep() && (cell.status === "failed" || cell.status === "cancelled" || cell.status === "error") });
			cancel.update({ shown: ACTIVE.has(cell.status) });
			copy.hidden = !options.sweep();
			const now = JSON.stringify([cell.status, cell.task, cell.outputs, ENDED.has(cell.status) && cell.seconds]);
			if (now !== told) {
				told = now;
				void load(point);
			}
		},
	};
}
