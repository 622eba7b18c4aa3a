// Whether anybody can see a view: it is in the window, and the tab is shown. What nobody sees costs few messages.
import type { Channel } from "./channel.ts";
import type { WidgetRequests } from "./messages.ts";

const NEAR = "300px"; // around the window: what is about to be scrolled to counts as seen

/** Tell the kernel whenever a view goes out of sight or comes back, until the function that it returns is called. */
export function watchSight(root: Element, channel: Channel<WidgetRequests>): () => void {
	const view = Math.random().toString(36).slice(2);
	let near = true;
	let told = true; // what the kernel believes of a view that says nothing
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
	sight.observe(root);
	document.addEventListener("visibilitychange", look);
	return () => {
		sight.disconnect();
		document.removeEventListener("visibilitychange", look);
		tell(false);
	};
}
