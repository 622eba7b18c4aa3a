// The bar: one segment, or one per stage with a length proportional to the stage's duration.
import { el, setAttributes, setText } from "../shared/dom.ts";
import type { Stage } from "../shared/types.ts";
import { dots } from "../shared/text.ts";
import { clock, percent } from "../shared/units.ts";
import { STAGE, STAGE_STATE } from "../shared/words.ts";

const LABELLED = 12; // maximum stages with labels; more are drawn as one bar
const ROOMY = 5; // stages up to which labels have room; with more, they may be cut off

export interface ProgressState {
	stages: Stage[];
	/** In [0, 1]. */
	progress: number;
	/** For `aria-valuetext`. */
	value: string;
	waits: boolean;
	/** Seconds since the running stage's time was last reported. */
	drift: number;
}

export function progressBar(): { node: HTMLElement; update(state: ProgressState): void } {
	const track = el("div", {
		class: "cy-track",
		role: "progressbar",
		"aria-label": said.progress,
		"aria-valuemin": 0,
		"aria-valuemax": 100,
	});
	const list = el("ol", { class: "cy-stages" });
	const node = el("div", { class: "cy-rail" }, track, list);
	let segments: Segment[] = [];
	let labelled = -1;
	let before = 0;

	function update({ stages: told, progress, value, waits, drift }: ProgressState): void {
		const stages = told.length > LABELLED ? [] : told;
		const all: Stage[] = stages.length ? stages : [{ name: "", state: "running", seconds: null, progress }];
		if (segments.length !== all.length || labelled !== stages.length) {
			segments = all.map(() => segment(stages.length > 0));
			labelled = stages.length;
			track.replaceChildren(...segments.map(({ bar }) => bar));
			list.replaceChildren(...segments.flatMap(({ label }) => label ?? []));
		}
		setAttributes(track, { "aria-valuenow": Math.round(100 * progress), "aria-valuetext": value });
		const least = all.length > ROOMY ? "0" : "min-content";
		node.style.gridTemplateColumns = lengths(all)
			.map((length) => `minmax(${least}, ${length}fr)`)
			.join(" ");
		const again = progress < before; // restarted: jump instead of animating backwards
		before = progress;
		all.forEach((stage, index) => segments[index]?.update(stage, { waits, again, drift }));
	}
	return { node, update };
}

interface Segment {
	bar: HTMLElement;
	label: HTMLElement | null;
	update(stage: Stage, how: { waits: boolean; again: boolean; drift: number }): void;
}

function segment(labelled: boolean): Segment {
	const fill = el("b");
	const bar = el("i", {}, fill);
	const name = el("bdi");
	const time = el("span");
	const label = labelled ? el("li", {}, name, time) : null;
	return {
		bar,
		label,
		update({ name: stage, state, seconds, progress }, { waits, again, drift }) {
			const runs = state === "running";
			const part = state === "done" ? 1 : state === "pending" || state === "skipped" ? 0 : (progress ?? 0);
			setAttributes(bar, { "data-state": state, "data-wait": waits || (runs && progress == null) });
			fill.style.transition = again ? "none" : "";
			fill.style.width = `${(100 * part).toFixed(1)}%`;
			if (!label) return;
			setAttributes(label, { "data-state": state, "aria-current": runs && "step" });
			setText(name, STAGE[stage]?.name ?? stage);
			name.title = STAGE[stage] ? "" : stage;
			const verdict = (state === "failed" || state === "skipped") && STAGE_STATE[state];
			const took = seconds != null && clock(seconds + (runs ? drift : 0));
			setText(time, dots(verdict, took, runs && progress != null && percent(progress)));
		},
	};
}

/** The drawn length of each stage: its seconds if known, else its usual share; the longest is 1. */
function lengths(stages: Stage[]): string[] {
	const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
	const usual = stages.map(({ name }) => STAGE[name]?.share ?? 0.1);
	const known = stages.map(({ seconds, state, progress }) =>
		(seconds ?? 0) / (state === "running" ? Math.max(0.1, progress ?? 1) : 1));
	const scale = (sum(known) || 1) / (sum(usual.filter((_, index) => known[index])) || 1);
	const long = usual.map((share, index) => known[index] || share * scale);
	const longest = Math.max(...long);
	return long.map((length) => Math.max(0.04, length / longest).toFixed(2));
}
