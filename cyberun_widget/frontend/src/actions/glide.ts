// Animates a card's only change of height: when the task ends and the results replace the bar.
const TIME = 200; // ms
const LATE = 3_000; // ms after the end of the task in which results are part of the same change

const ENDS = ["completed", "failed", "cancelled"];

/** Animate a card's height when the task ends, unless reduced motion is requested. */
export function glide(node: HTMLElement): { update(status: string): void; close(): void } {
	let ended: boolean | undefined;
	let until = 0;
	let height = 0;
	let moving: Animation | null = null;
	const sizes = new ResizeObserver(() => {
		if (moving) return; // caused by the animation itself
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
