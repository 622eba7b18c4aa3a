// One point beside the sheet: its picture against the reference, its files, its facts, and what can be done with it.
import { askButton } from "../card/ask.ts";
import { inbox } from "../card/inbox.ts";
import type { Channel } from "../shared/channel.ts";
import { el, plainButton, setAttributes, setText } from "../shared/dom.ts";
import { Life } from "../shared/life.ts";
import type { CardRequests, GroupRequests } from "../shared/messages.ts";
import { loadModule } from "../shared/modules.ts";
import { daytime, dots } from "../shared/text.ts";
import type { Card, Files, PartModule } from "../shared/types.ts";
import { many, span } from "../shared/units.ts";
import type { Candidate, Cell, Detail } from "./types.ts";
import { ACTIVE, ENDED, metric, statusName } from "./words.ts";

export interface DetailOptions {
	channel: Channel<GroupRequests>;
	root: HTMLElement;
	/** Whether points can be run again. */
	sweep(): boolean;
	onStep(by: number): void;
	onClose(): void;
	onMark(point: number, mark: "star" | "reject" | "none"): void;
	onPin(point: number | null): void;
	onCopy(point: number): void;
	tell(text: string): void;
}

export interface DetailLook {
	cell: Cell;
	label: string;
	starred: boolean;
	rejected: boolean;
	pinned: boolean;
	/** Small pictures of the point and the reference, "" for none. */
	picture: string;
	reference: string;
}

export interface DetailPanel {
	node: HTMLElement;
	readonly point: number | null;
	open(point: number): void;
	close(): void;
	update(look: DetailLook): void;
	/** Where pictures are compared. */
	stage: HTMLElement;
}

export function detailPanel(options: DetailOptions): DetailPanel {
	const { channel, root, tell } = options;
	let point: number | null = null;
	let life = new Life(channel.signal);
	let told = "";
	let files: Files | null = null;
	let state: Detail | null = null;

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
	const star = toggle("Star", here((at) => options.onMark(at, star.ariaPressed === "true" ? "none" : "star")));
	const reject = toggle("Reject", here((at) => options.onMark(at, reject.ariaPressed === "true" ? "none" : "reject")));
	const pin = toggle("Use as reference", here((at) => options.onPin(pin.ariaPressed === "true" ? null : at)));
	const copy = plainButton("Copy as Python", here(options.onCopy));
	const picture = el("img", { class: "cy-g-picture", alt: "" });
	const reference = el("img", { class: "cy-g-reference", alt: "" });
	const stage = el("div", { class: "cy-g-stage", hidden: true }, el("div", { class: "cy-g-face" }, picture, reference));
	const cause = el("p", { class: "cy-g-cause" });
	const settle = el("div", { class: "cy-g-settle", hidden: true });
	const retry = askButton({
		...{ label: "Retry", question: "This runs the point again, and is paid for.", yes: "Run again and pay", no: "Not now" },
		onYes: here((at) => request(channel.ask("retry", { points: [at] }))),
	});
	const cancel = askButton({
		...{ label: "Cancel", question: "Cancel this task?", yes: "Yes, cancel", no: "Keep it running" },
		onYes: here((at) => request(channel.ask("cancel", { points: [at] }))),
	});
	const sendAgain = askButton({
		label: "Never taken: send it",
		question: "If it was taken after all, this is paid for twice.",
		...{ yes: "Send again and pay", no: "Not now" },
		onYes: here((at) => request(channel.ask("send_again", { point: at }))),
	});
	const list = el("div", { class: "cy-g-candidates" });
	const search = plainButton("Look again", here((at) => void seek(at)));
	settle.append(
		el("p", { text: "The service never answered, so this may be running or not. It isn’t sent again by itself." }),
		...[search, list, sendAgain.node],
	);
	const results = el("div", { class: "cy-g-files" });
	const facts = el("dl", { class: "cy-g-facts" });
	const node = el(
		"section",
		{ class: "cy-g-detail", "aria-label": "Point", hidden: true, tabindex: -1, "data-lm-suppress-shortcuts": "true" },
		el(
			"div",
			{ class: "cy-g-detail-head" },
			...[icon("Previous point", "‹", () => options.onStep(-1)), icon("Next point", "›", () => options.onStep(1)), title, pill],
			icon("Close", "×", options.onClose),
		),
		...[stage, cause, settle, results, facts],
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

	async function seek(at: number): Promise<void> {
		search.disabled = true;
		try {
			const { candidates, advice } = await channel.ask("candidates", { point: at }, { signal: life.signal, timeout: Infinity });
			if (at === point) offer(candidates as Candidate[], advice);
		} catch (error) {
			if (!life.ended) tell((error as Error).message);
		} finally {
			search.disabled = false;
		}
	}

	function offer(candidates: Candidate[], advice: string): void {
		list.replaceChildren(
			el("p", { text: advice }),
			...candidates.slice(0, 6).map(({ task, status, created, same, others }) => {
				const button = plainButton("This one", here((at) => request(channel.ask("attach", { point: at, task }))));
				button.ariaLabel = `Task ${task} is this point’s`;
				const fits = others ? `or of ${many(others, "other point")}` : same && "same parameters";
				const told = dots(`…${task.slice(-8)}`, statusName(status).toLowerCase(), daytime(created), fits);
				return el("div", { class: "cy-g-candidate" }, el("code", { text: told }), button);
			}),
		);
	}

	/** The files of a point, as the module `files` knows those of a card. */
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
			load: (name: string) => loadModule(name, channel as never),
		} as unknown as Card;
		const { attach } = await loadModule<PartModule<Files>>("files", channel as never);
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
			showSearch(at, detail);
			facts.replaceChildren(...rows(detail));
			await showFiles(at, detail, alive);
		} catch (error) {
			if (!alive.ended) tell((error as Error).message);
		}
	}

	function showSearch(at: number, { status, candidates, advice }: Detail): void {
		if (status !== "unknown") list.replaceChildren();
		else if (advice) offer(candidates, advice);
		else void seek(at);
	}

	function rows(detail: Detail): HTMLElement[] {
		const told: [string, string][] = [
			...detail.parameters,
			...Object.entries(detail.metrics).map(([name, value]): [string, string] => [name, metric(value)]),
			["took", detail.seconds ? span(detail.seconds) : ""],
			["GPU", detail.gpu],
			["task", detail.task ?? ""],
			["attempt", detail.attempt > 1 ? String(detail.attempt) : ""],
			["earlier tasks", detail.former.join(", ")],
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
		list.replaceChildren();
		setText(cause, "");
	}

	return {
		node,
		stage,
		get point() {
			return point;
		},
		open(at) {
			if (at === point) return;
			leave();
			point = at;
			list.replaceChildren();
			search.disabled = false;
			node.hidden = false;
		},
		close() {
			leave();
			point = null;
			node.hidden = true;
		},
		update({ cell, label, picture: small, reference: other, ...look }) {
			if (point === null) return;
			setText(title, label);
			setText(pill, statusName(cell.status) + (ACTIVE.has(cell.status) && cell.percent ? ` ${cell.percent}%` : ""));
			setAttributes(node, { "data-status": cell.status, "data-active": ACTIVE.has(cell.status) && "true", "aria-label": `Point ${label}` });
			star.ariaPressed = String(look.starred);
			reject.ariaPressed = String(look.rejected);
			pin.ariaPressed = String(look.pinned);
			pin.textContent = look.pinned ? "Reference" : "Use as reference";
			for (const [image, source] of [[picture, small], [reference, other]] as const) {
				if (image.getAttribute("src") !== source) source ? (image.src = source) : image.removeAttribute("src");
			}
			stage.hidden = !(small && other);
			results.hidden = !stage.hidden && cell.outputs.length === 1;
			settle.hidden = cell.status !== "unknown";
			retry.update({ shown: options.sweep() && (cell.status === "failed" || cell.status === "cancelled" || cell.status === "error") });
			cancel.update({ shown: ACTIVE.has(cell.status) });
			sendAgain.update({ shown: cell.status === "unknown" });
			copy.hidden = !options.sweep();
			const now = JSON.stringify([cell.status, cell.task, cell.outputs, ENDED.has(cell.status) && cell.seconds]);
			if (now !== told) {
				told = now;
				void load(point);
			}
		},
	};
}
