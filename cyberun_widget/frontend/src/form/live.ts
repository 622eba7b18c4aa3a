// The switch for automatic runs. It says what they cost before it is turned on.
import { askButton } from "../card/ask.ts";
import { button, el, setText } from "../shared/dom.ts";

const DELAY = 0.5; // seconds

export interface LiveOptions {
	set(delay: number | null): void;
	signal: AbortSignal;
}

export function liveSwitch({ set, signal }: LiveOptions) {
	const start = askButton({
		label: "Run as I change",
		question: `Each time you pause for ${DELAY} s, a new, paid run starts and the previous one is cancelled.`,
		yes: "Start live runs",
		no: "Not now",
		onYes: () => set(DELAY),
	});
	const words = el("span", { class: "cyf-live-on", role: "status" });
	const stop = button("Stop live runs", () => set(null), { signal });
	const node = el("div", { class: "cyf-live" }, start.node, words, stop);
	return {
		node,
		update(delay: number | null): void {
			start.update({ shown: delay === null });
			setText(words, delay === null ? "" : `Live: a paid run after each pause of ${delay} s`);
			stop.hidden = delay === null;
		},
	};
}
