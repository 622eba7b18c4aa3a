// The live region: announces changes to screen readers at a limited rate, always including the last one.
import { el, setText } from "../shared/dom.ts";

const CHANGE = 2_000; // ms between two announcements
const NEWS = 30_000; // ms between two announcements of progress

export interface Announcer {
	node: HTMLElement;
	/** `speech` is announced when it changes; `news` is appended, and repeated on its own at intervals. */
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
			// The news may be outdated (the task ended): remove the last announcement.
			else if (speech !== spoken || !news) timer ??= setTimeout(speak, Math.min(wait, CHANGE));
		},
	};
}
