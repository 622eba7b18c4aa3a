// Thumbnails of the visible cells: requested in batches when they come into view, released when they leave it.
import type { Channel } from "../shared/channel.ts";
import type { GroupRequests } from "../shared/messages.ts";

const BATCH = 32; // pictures per request
const SETTLE = 60; // ms to wait for more cells while scrolling

export interface Thumbnails {
	/** The picture of a point, "" while there is none; `shown` is called when it arrives. */
	get(point: number): string;
	/** Set the points in view, and which of them have a picture to request. */
	look(seen: ReadonlySet<number>, wanted: (point: number) => boolean): void;
	/** Drop outdated pictures, after a change of output or when a point has run again. */
	forget(points?: readonly number[]): void;
	close(): void;
}

/** `output`: the file to show, "" for each point's first. `pinned`: a point whose picture is never released. */
export function thumbnails(
	channel: Channel<GroupRequests>,
	output: () => string,
	pinned: () => number | null,
	shown: (point: number) => void,
): Thumbnails {
	const urls = new Map<number, string>();
	const asked = new Set<number>();
	let generation = 0;
	let queue: number[] = [];
	let timer: ReturnType<typeof setTimeout> | undefined;

	function drop(point: number): void {
		const url = urls.get(point);
		if (url) URL.revokeObjectURL(url);
		urls.delete(point);
	}

	async function fetch(points: number[]): Promise<void> {
		const now = generation;
		for (const point of points) asked.add(point);
		try {
			const { pictures, buffers } = await channel.ask("thumbnails", { points, output: output() }, { timeout: Infinity });
			if (now !== generation || channel.signal.aborted) return;
			(pictures as { point: number; mime: string }[]).forEach(({ point, mime }, index) => {
				const data = buffers[index];
				if (!data || !asked.has(point)) return; // it has left the view
				drop(point);
				urls.set(point, URL.createObjectURL(new Blob([data], { type: mime })));
				shown(point);
			});
		} catch {
			for (const point of points) asked.delete(point); // requested again when it next comes into view
		}
	}

	function send(): void {
		timer = undefined;
		while (queue.length) void fetch(queue.splice(0, BATCH));
	}

	return {
		get: (point) => urls.get(point) ?? "",
		look(seen, wanted) {
			const keep = pinned();
			for (const point of [...urls.keys(), ...asked]) {
				if (seen.has(point) || point === keep) continue;
				asked.delete(point);
				drop(point);
			}
			const needed = keep === null || seen.has(keep) ? [...seen] : [keep, ...seen];
			queue = needed.filter((point) => !asked.has(point) && wanted(point));
			if (queue.length) timer ??= setTimeout(send, SETTLE);
		},
		forget(points) {
			if (!points) generation += 1;
			for (const point of points ?? [...urls.keys(), ...asked]) {
				asked.delete(point);
				drop(point);
			}
		},
		close() {
			clearTimeout(timer);
			generation += 1;
			for (const point of [...urls.keys()]) drop(point);
		},
	};
}
