// Whether a view is visible: it is in the window, and the tab is shown. Hidden views get few messages.
import type { Channel } from "./channel.ts";
import type { WidgetRequests } from "./messages.ts";

const NEAR = "300px"; // margin around the window within which a view counts as visible

/** Tell the kernel whenever a view becomes hidden or visible, until the returned function is called. */
export function watchSight(root: Element, channel: Channel<WidgetRequests>): () => void {
	const view = Math.random().toString(36).slice(2);
	let near = false;
	let told: boolean | undefined; // every view reports once, as views of a closed page don't
	const tell = (visible: boolean) => {
		if (visible === told) return;
		told = visible;
		channel.ask("visible", { view, visible }, { timeout: Infinity }).catch(() => undefined); // it only saves work
	};
	const look = () => tell(near && !document.hidden);
	const sight = new IntersectionObserver(
		(entries) => {
			near = entries.at(-1)?.isIntersecting ?? near;
			look();
		},
		{ rootMargin: NEAR },
	);
	sight.observe(root); // reports at once
	document.addEventListener("visibilitychange", look);
	return () => {
		sight.disconnect();
		document.removeEventListener("visibilitychange", look);
		if (told) tell(false);
	};
}
