// Asks how many points to run while a sweep waits for a decision.
import type { Facts } from "../group/types.ts";
import { el, plainButton } from "../shared/dom.ts";
import { many } from "../shared/units.ts";
import { fill, fillNodes } from "../shared/words.ts";

export interface StartPanel {
	node: HTMLElement;
	update(facts: Facts): void;
}

/** `onStart` runs this many more points, 0 for all: each is paid for. */
export function startPanel(onStart: (points: number) => void): StartPanel {
	// A disabled button keeps its place, so that none moves to where another was just clicked.
	const run = (label: string, points: number) => {
		const button = plainButton(label, () => {
			if (button.ariaDisabled === "true") return;
			for (const each of runs) each.ariaDisabled = "true"; // until the kernel reports how many still wait
			onStart(points);
		});
		return button;
	};
	const runs = [run(said.sweep.start_first, 1), run(said.sweep.start_more, 3), run(said.sweep.start_all, 0)];
	const waits = el("p", {});
	const node = el("div", { class: "cy-g-gate", role: "group", "aria-label": said.sweep.start, hidden: true }, waits, el("div", { class: "cy-g-runs" }, ...runs));
	let held = -1;

	return {
		node,
		update(facts) {
			const { total } = facts;
			node.hidden = !facts.sweep || facts.held === 0;
			if (held !== facts.held) {
				held = facts.held;
				const one = runs[0] as HTMLButtonElement;
				for (const each of runs) each.ariaDisabled = null;
				if (facts.held < total) one.ariaDisabled = "true";
				const [first = "", last = ""] = facts.edges;
				const points = facts.held === total ? facts.size : fill(said.sweep.held_points, { points: many(facts.held, "point") });
				const nodes = { points: el("b", { text: points }), first: el("bdi", { text: first }), last: el("bdi", { text: last }) };
				waits.replaceChildren(...fillNodes(said.sweep.start_question, nodes));
			}
		},
	};
}
