// Whether anybody can see a view: it is in the window, and the tab is shown. What nobody sees costs few messages.
import type { Channel } from "./channel.ts";
import type { WidgetRequests } from "./messages.ts";

const NEAR = "300px"; // around the window: what is about to be scrolled to counts as seen

/** Tell the kernel whenever a view goes out of sight or comes back, until the function that it returns is called. */
export function watchSight(root: Element, channel: Channel<WidgetRequests>): () => void {
	const view = Math.random().toString(36).slice(2);
	let near = false;
	let told: boolean | undefined; // every view speaks once: those of a page that was left don't count for it
	const tell = (visible: boolean) => {
		if (visible === told) return;
		told = visible;
		channel.ask("visible", { view, visible }, { timeout: Infinity }).catch(() => undefined); // it saves work, no more
	};
	const look = () => tell(near && !document.hidden);
	const sight = new IntersectionObserver(
		(entries) => {
			near = entries.at(-1)?.isIntersecting ?? near;
			look();
		},
		{ rootMargin: NEAR },
	);
	sight.observe(root); // which reports at once
	document.addEventListener("visibilitychange", look);
	return () => {
		sight.disconnect();
		document.removeEventListener("visibilitychange", look);
		if (told) tell(false);
	};
}
