// The live region: what a screen reader is told, now and then, and always the last word.
import { el, setText } from "../shared/dom.ts";

const CHANGE = 2_000; // ms between two announcements
const NEWS = 30_000; // ms between two announcements of how far it is

export interface Announcer {
	node: HTMLElement;
	/** `speech` is told when it changes; `news` is added, and told again by itself now and then. */
	say(speech: string, news: string): void;
}

export function announcer(signal: AbortSignal): Announcer {
	const node = el("div", { class: "cy-live", role: "status" });
	let spoken = "";
	let spokenAt = -CHANGE;
	let latest = { speech: "", news: "" };
	let timer: ReturnType<typeof setTimeout> | undefined;
	const speak = () => {
		clearTimeout(timer);
		timer = undefined;
		spoken = latest.speech;
		spokenAt = performance.now();
		setText(node, latest.news ? `${latest.speech}, ${latest.news}` : latest.speech);
	};
	signal.addEventListener("abort", () => clearTimeout(timer));
	return {
		node,
		say(speech, news) {
			latest = { speech, news };
			const wait = spokenAt + (speech === spoken ? NEWS : CHANGE) - performance.now();
			if (wait <= 0) speak();
			// The news may be over (a verdict): what was told last must not stay behind.
			else if (speech !== spoken || !news) timer ??= setTimeout(speak, Math.min(wait, CHANGE));
		},
	};
}
