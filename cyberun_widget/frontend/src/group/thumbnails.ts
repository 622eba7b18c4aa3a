// Small pictures of the cells in view: asked for in batches when they come, let go of when they leave.
import type { Channel } from "../shared/channel.ts";
import type { GroupRequests } from "../shared/messages.ts";

const BATCH = 32; // pictures of one request
const SETTLE = 60; // ms for which scrolling may bring in more

export interface Thumbnails {
	/** The picture of a point, "" while there is none; `shown` is called when it comes. */
	get(point: number): string;
	/** Which points are in view, and which of them have a picture that can be asked for. */
	look(seen: ReadonlySet<number>, wanted: (point: number) => boolean): void;
	/** Another output, or a point that has run again: what is here isn't right any more. */
	forget(points?: readonly number[]): void;
	close(): void;
}

/** `output` names the file that is shown, "" for each point's first. `pinned` is never let go of. */
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
				if (!data || !asked.has(point)) return; // it has left meanwhile
				drop(point);
				urls.set(point, URL.createObjectURL(new Blob([data], { type: mime })));
				shown(point);
			});
		} catch {
			for (const point of points) asked.delete(point); // asked for again when it next comes into view
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
