// The head of a sheet: title, progress, and actions on the whole sheet.
import { askButton } from "../card/ask.ts";
import type { Channel } from "../shared/channel.ts";
import { el, plainButton, setAttributes, setText } from "../shared/dom.ts";
import { percent, timeLeft } from "../shared/units.ts";
import type { GroupRequests } from "../shared/messages.ts";
import type { Facts, Traits } from "./types.ts";
import { ACTIVE, countsText, statusName } from "./words.ts";

const SEGMENTS = ["completed", "running", "failed", "cancelled", "unknown"] as const;
type Segment = (typeof SEGMENTS)[number];
const SEGMENT_OF: Readonly<Record<string, Segment>> = { error: "failed", ...Object.fromEntries(SEGMENTS.map((name) => [name, name])) };

export interface BarOptions {
	channel: Channel<GroupRequests>;
	onCompare(): void;
	onCopy(): void;
	tell(text: string): void;
}

export interface Bar {
	head: HTMLElement;
	progress: HTMLElement;
	counts: HTMLElement;
	/** `failed`: the points affected by Retry failed. */
	update(traits: Pick<Traits, "counts" | "progress" | "_facts">, comparing: boolean, failed: number[]): void;
}

export function bar({ channel, onCompare, onCopy, tell }: BarOptions): Bar {
	const title = el("bdi", { class: "cy-title" });
	const size = el("bdi", { class: "cy-g-size" });
	const pill = el("span", { class: "cy-pill" });
	let failed: number[] = [];

	async function request(work: Promise<unknown>): Promise<void> {
		try {
			await work;
		} catch (error) {
			if (!channel.signal.aborted) tell((error as Error).message);
		}
	}
	const patient = { timeout: Infinity };
	const cancel = askButton({
		...{ label: said.sweep.cancel_all, question: said.sweep.cancel_all_question, yes: said.sweep.cancel_all_yes, no: said.sweep.cancel_all_no },
		onYes: () => void request(channel.ask("cancel", { points: [] }, patient)),
	});
	const retry = askButton({
		...{ label: said.sweep.retry_failed, question: said.sweep.retry_failed_question, yes: said.run_again_yes, no: said.run_again_no },
		onYes: () => void request(channel.ask("retry", { points: failed }, patient)),
	});
	const save = plainButton(said.save_all, () => {
		save.disabled = true;
		void request(channel.ask("save_all", {}, patient).then(({ saved }) => tell(saved))).finally(() => (save.disabled = false));
	});
	const compare = plainButton(said.viewers.compare, onCompare);
	const copy = plainButton(said.copy_python, onCopy);
	const head = el(
		"div",
		{ class: "cy-head" },
		...[title, size],
		el("div", { class: "cy-acts" }, pill, compare, copy, save, cancel.node),
	);
	const segments = SEGMENTS.map((name) => el("b", { "data-segment": name }));
	const progress = el(
		"div",
		{ class: "cy-g-progress", role: "progressbar", "aria-label": said.progress, "aria-valuemin": 0, "aria-valuemax": 100 },
		...segments,
	);
	const number = el("strong", { class: "cy-percent" });
	const told = el("span", { class: "cy-g-told" });
	const left = el("span", { class: "cy-g-left" });
	const counts = el("div", { class: "cy-g-counts" }, number, told, retry.node, left);

	function statusOf({ status, held: waiting }: Facts): string {
		if (status === "waiting") return waiting ? said.sweep.waits_for_you : statusName(status);
		if (status === "failed") return said.sweep.some_failed;
		if (status === "unknown") return said.sweep.some_unknown;
		return statusName(status);
	}

	return {
		head,
		progress,
		counts,
		update({ counts: found, progress: part, _facts: facts }, comparing, points) {
			const { total } = facts;
			failed = points;
			setText(title, facts.title);
			setText(size, facts.size);
			setText(pill, statusOf(facts));
			const sums = Object.fromEntries(SEGMENTS.map((name) => [name, 0])) as Record<Segment, number>;
			for (const [status, points] of Object.entries(found)) {
				const segment = SEGMENT_OF[status] ?? (ACTIVE.has(status) ? "running" : null);
				if (segment) sums[segment] += points;
			}
			// A running point counts with its progress.
			const moving = Math.max(0, part * total - (facts.done ?? 0));
			SEGMENTS.forEach((name, index) => {
				const width = name === "running" ? moving : sums[name];
				const segment = segments[index];
				if (segment) segment.style.width = `${total ? (100 * width) / total : 0}%`;
			});
			const line = countsText(Object.entries(found));
			setAttributes(progress, { "aria-valuenow": Math.floor(100 * part), "aria-valuetext": `${percent(part)}, ${line}` });
			setText(number, facts.done < total ? percent(part) : "");
			setText(told, line);
			setText(left, facts.eta === null ? "" : timeLeft(facts.eta));
			const active = Object.entries(found).some(([status]) => ACTIVE.has(status));
			cancel.update({ shown: active || facts.status === "running" });
			retry.update({ shown: facts.sweep && (found["failed"] ?? 0) > 0 });
			save.hidden = facts.outputs.length === 0;
			compare.hidden = facts.outputs.length === 0;
			compare.ariaPressed = String(comparing);
		},
	};
}
