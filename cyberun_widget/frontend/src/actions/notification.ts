// Browser notifications, if the user has allowed them: one per task, or one for several that end together.
import { dots } from "../shared/text.ts";
import { many } from "../shared/units.ts";
import { fill, STATUS } from "../shared/words.ts";
import type { Verdict } from "./mark.ts";

const GATHER = 500; // ms within which ends are combined into one notification
const APART = 8_000; // ms between two notifications of a page
const TAG = "cyberun-widget";

/** A task that has ended. Its names are untrusted text. */
export interface End {
	task: string;
	verdict: Verdict;
	title: string;
	/** The user's own name for it, and why it failed. */
	label: string;
	cause: string;
}

let waiting: End[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;
let last = -Infinity;

/** Whether the browser would show one. It may have to ask for permission first, which requires a click. */
export function permission(): NotificationPermission | "missing" {
	return "Notification" in globalThis && isSecureContext ? Notification.permission : "missing";
}

/** Notify of an end, combined with others at the same time. */
export function notice(end: End): void {
	if (permission() !== "granted") return;
	waiting.push(end);
	timer ??= setTimeout(show, Math.max(GATHER, last + APART - performance.now()));
}

function show(): void {
	const ends = waiting;
	waiting = [];
	timer = undefined;
	last = performance.now();
	const [first] = ends;
	if (!first) return;
	const made = ends.length === 1 ? one(first) : all(ends);
	try {
		// One tag: pages that show the same notebook replace each other's notifications instead of adding to them.
		const shown = new Notification(made.title, { body: made.body, tag: ends.length === 1 ? `${TAG}-${first.task}` : TAG });
		shown.onclick = () => {
			window.focus();
			document.querySelector(`.cyberun-task[data-task-id="${CSS.escape(first.task)}"]`)?.scrollIntoView({ block: "center" });
			shown.close();
		};
	} catch (error) {
		if (!(error instanceof TypeError)) throw error; // Android allows only service workers: the title's mark remains
	}
}

const nameOf = (verdict: Verdict) => STATUS[verdict]?.name ?? verdict;

function one({ verdict, title, label, cause }: End): { title: string; body: string } {
	return { title: `${nameOf(verdict)}: ${label || title}`, body: dots(label && title, cause) };
}

function all(ends: readonly End[]): { title: string; body: string } {
	const counts = (["completed", "failed", "cancelled"] as const).map((verdict) => {
		const count = ends.filter((end) => end.verdict === verdict).length;
		return count ? `${count} ${nameOf(verdict).toLowerCase()}` : "";
	});
	const names = [...new Set(ends.map(({ label, title }) => label || title))].slice(0, 3).join(", ");
	return { title: fill(said.notify_many, { tasks: many(ends.length, "task") }), body: [dots(...counts), names].join("\n") };
}
