// The switch for automatic runs. It says what they cost before it is turned on.
import { askButton } from "../card/ask.ts";
import { button, el, setText } from "../shared/dom.ts";
import { fill } from "../shared/words.ts";

const DELAY = 0.5; // seconds

export interface LiveOptions {
	set(delay: number | null): void;
	signal: AbortSignal;
}

export function liveSwitch({ set, signal }: LiveOptions) {
	const start = askButton({
		label: said.form.live,
		question: fill(said.form.live_question, { delay: DELAY }),
		yes: said.form.live_yes,
		no: said.run_again_no,
		onYes: () => set(DELAY),
	});
	const words = el("span", { class: "cyf-live-on", role: "status" });
	const stop = button(said.form.live_stop, () => set(null), { signal });
	const node = el("div", { class: "cyf-live" }, start.node, words, stop);
	return {
		node,
		update(delay: number | null): void {
			start.update({ shown: delay === null });
			setText(words, delay === null ? "" : fill(said.form.live_on, { delay }));
			stop.hidden = delay === null;
		},
	};
}
