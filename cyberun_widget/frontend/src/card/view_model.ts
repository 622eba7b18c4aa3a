// Computes what a card shows from its traits and the clock. Pure.
import type { Traits } from "../shared/types.ts";
import { daytime, dots } from "../shared/text.ts";
import { clock, count, dataSize, dataSizeOf, many, percent, span, speed, timeLeft } from "../shared/units.ts";
import { CONNECTION, fill, isOver, STAGE, STATUS } from "../shared/words.ts";

const DEAD = 30; // seconds without a heartbeat of the kernel, which sends one every 5 seconds
const OLD_NEWS = 10; // seconds after which the age of the last update is shown
const VALUE = 32; // maximum characters of a parameter's value
const QUEUED = 1; // seconds without an answer after which the kernel is shown as busy

/** State known only to the page. Times are in seconds. */
export interface Moment {
	/** Since the kernel's last message. */
	silent: number;
	/** Since the traits were last updated: the kernel sends no updates for a running clock. */
	since: number;
	/** Since Cancel was confirmed on this page, null if it wasn't. */
	asked: number | null;
	/** A problem with a request from this page, or "". */
	trouble: string;
}

/** The texts of a card; "" for none. */
export type Texts = Record<TextName, string>;
export type TextName =
	| ("title" | "tag" | "about" | "id" | "pill" | "percent" | "steps" | "node" | "message" | "labels" | "time" | "eta" | "note")
	| ("cause" | "rest" | "summary" | "details" | "link" | "problem" | "facts" | "tail");

export interface ViewModel {
	text: Texts;
	/** Whether the task is being watched: the clock runs, and the kernel should send heartbeats. */
	watched: boolean;
	dead: boolean;
	/** Whether the note is a warning. */
	warns: boolean;
	cancelling: boolean;
	/** Seconds since the kernel reported the times. */
	drift: number;
	/** Whether the bar is indeterminate. */
	waits: boolean;
	progress: number;
	/** For `aria-valuetext`. */
	value: string;
	/** Text announced when it changes, and progress that may be appended at intervals. */
	speech: string;
	news: string;
}

export function describe(traits: Traits, { silent, since, asked, trouble }: Moment): ViewModel {
	const { status, stage, connection, progress, elapsed, output, artifacts, _facts: facts } = traits;
	const { step_current: step, step_total: steps } = traits;
	const done = status === "completed";
	const failed = status === "failed";
	const running = status === "running";
	const ended = isOver(status);
	const lost = connection === "error" && !ended;
	const watched = !ended && !lost && !facts.stopped;
	const dead = watched && silent > DEAD;
	const drift = dead || !watched ? 0 : since;
	const lively = running && watched && !dead;
	const compact = traits.density === "compact";
	const waiting = status === "waiting" && watched;
	/** The progress is not known yet. */
	const still = !ended && !progress && !(running && steps);
	const queued = asked !== null && asked > QUEUED;
	const cancelling = !ended && (Boolean(facts.cancel) || asked !== null);
	const { name, doing } = STATUS[status] ?? { name: status, doing: "" };
	const title = facts.title || said.untitled;
	const share = percent(progress);
	const error = failed || lost ? traits.error || said.no_error : "";
	const labels = waiting ? (facts.labels ?? []).join(", ") : "";
	/** Why the result of a task that has ended is missing. */
	const missing = (ended && facts.problem?.text) || "";

	function pill(): string {
		if (lost) return said.lost;
		if (cancelling) return said.cancelling;
		return (running && (STAGE[stage]?.doing ?? stage)) || name;
	}
	function node(): string {
		if (traits.stages.length) return "";
		if (failed) return facts.failed_at;
		return watched ? facts.node || traits.current_node : "";
	}
	function message(): string {
		const { download } = facts;
		if (download && download.done < download.total) {
			const files = many(download.total, "file");
			const size = download.size && dataSizeOf(download.received, download.size);
			return dots(fill(said.fetching, { done: count(download.done), files }), size);
		}
		if (watched) return traits.message || (labels ? said.labels : running && !still ? "" : doing);
		if (status === "cancelled" && progress) return fill(said.stopped_at, { percent: share });
		return done && !artifacts.length && output == null ? said.no_files : "";
	}
	function note(): string {
		if (dead) return fill(said.dead, { time: span(since) });
		if (trouble) return trouble;
		if (cancelling) return queued && !facts.cancel ? said.cancel_queued : said.cancel_requested;
		if (ended) return missing;
		if (facts.stopped) return said.paused;
		return facts.note || (waiting ? said.waiting_hint : "");
	}
	function link(): string {
		if (ended) return "";
		if (facts.stopped) return CONNECTION.stopped;
		if (dead) return CONNECTION.dead;
		const seconds = connection === "reconnecting" ? Math.ceil((facts.retry_in ?? 0) - drift) : 0;
		return seconds > 0 ? fill(CONNECTION.reconnecting_in, { seconds }) : (CONNECTION[connection] ?? "");
	}
	function problem(): string {
		if (!watched || dead) return "";
		const age = (facts.news ?? 0) + drift;
		return dots(connection !== "live" && facts.problem?.text, age >= OLD_NEWS && fill(said.last_update, { time: span(age) }));
	}
	function verdict(): string {
		const words = done ? said.completed_in : failed ? said.failed_after : said.cancelled_after;
		return ended ? fill(words, { time: span(elapsed) }) : "";
	}

	const ahead = (traits.eta ?? 0) - drift;
	const eta = lively && !cancelling && ahead > 0 ? timeLeft(ahead) : "";
	const about = Object.entries(facts.parameters ?? {}).map(([name, given]) => {
		const value = String(given ?? "–");
		return `${name} ${value.length > VALUE ? `${value.slice(0, VALUE)}…` : value}`;
	});
	const from = waiting ? said.since : said.submitted;
	const stepText = steps ? fill(said.step, { current: count(step ?? 0), total: count(steps) }) : "";
	const cut = `${error}\n`.search(/(?<=[.!?])\s|\n/);
	const size = artifacts.reduce((sum, each) => sum + (each.size ?? 0), 0);
	return {
		...{ watched, dead, drift, cancelling },
		waits: still && watched && !dead,
		progress: done ? 1 : progress,
		warns: Boolean(dead || trouble || facts.note || missing),
		value: dots(pill(), !still && share, stepText),
		speech: dead ? said.dead_aloud : `${title}: ${pill()}${error && `. ${error}`}`,
		news: lively ? dots(share, eta) : "",
		text: {
			title,
			tag: traits.label,
			about: dots(...about),
			id: traits.task_id.replace(/^.+(?=.{8})/, "…"), // a UUIDv7 starts with the time: related tasks differ at the end
			pill: pill(),
			percent: still || ended ? "" : share,
			steps: done ? "" : stepText,
			node: node(),
			message: message(),
			labels,
			time: compact ? (still || ended ? clock(elapsed + drift) : "") : ended || !elapsed ? "" : fill(doing && !running ? said.waiting : said.elapsed, { time: clock(elapsed + drift) }),
			eta,
			note: note(),
			cause: error.slice(0, cut),
			rest: error.slice(cut).trim(),
			summary: error ? said.details : said.output,
			details: error ? facts.details : ended && output != null && !artifacts.length ? JSON.stringify(output, null, 2) : "",
			link: link(),
			problem: problem(),
			facts: dots(verdict(), facts.gpu, facts.attempt > 1 && fill(said.attempt, { number: facts.attempt })),
			tail: dots(
				...[artifacts.length && many(artifacts.length, "file"), size && dataSize(size), facts.saved],
				lively && facts.speed && speed(facts.speed),
				watched && !running && facts.created && fill(from, { time: daytime(facts.created) }),
			),
		},
	};
}
