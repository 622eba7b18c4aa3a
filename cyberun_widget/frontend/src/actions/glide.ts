// The one change of a card's height: at the verdict, when the results take the bar's place.
const TIME = 200; // ms
const LATE = 3_000; // ms after the verdict in which results belong to it

const ENDS = ["completed", "failed", "cancelled"];

/** Let a card's height glide at the verdict, unless less motion is asked for. */
export function glide(node: HTMLElement): { update(status: string): void; close(): void } {
	let ended: boolean | undefined;
	let until = 0;
	let height = 0;
	let moving: Animation | null = null;
	const sizes = new ResizeObserver(() => {
		if (moving) return; // by itself
		const before = height;
		height = node.offsetHeight;
		if (performance.now() > until || Math.abs(height - before) < 2 || !before) return;
		if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
		moving = node.animate({ height: [`${before}px`, `${height}px`] }, { duration: TIME, easing: "ease-out" });
		moving.onfinish = moving.oncancel = () => (moving = null);
	});
	sizes.observe(node);
	return {
		update(status) {
			const ends = ENDS.includes(status);
			if (ends && ended === false) until = performance.now() + LATE;
			ended = ends;
		},
		close() {
			moving?.cancel();
			sizes.disconnect();
		},
	};
}
