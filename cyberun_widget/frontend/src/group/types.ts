// What the kernel tells a sheet. Types only; group/traits.py and group/points.py make them.
import type { Artifact, Model } from "../shared/types.ts";

/** One point as the kernel told it last. */
export interface Cell {
	status: string;
	/** In [0, 100]. */
	percent: number;
	/** The cause, in a line; "" for none. */
	error: string;
	task: string | null;
	/** That the task took, 0 before its end. */
	seconds: number;
	gpu: string;
	metrics: Readonly<Record<string, number>>;
	/** Its files; `shown`: whether there is a picture of it. */
	outputs: readonly { key: string; kind: string; name: string; shown: boolean }[];
	attempt: number;
}

export interface Axis {
	title: string;
	names: string[];
	/** Each position's header. */
	steps: string[];
	/** Each position's values: numbers and booleans as they are, all else as text. */
	values: (string | number | boolean | null)[][];
}

export interface Layout {
	axes: Axis[];
	/** Each point's position on each axis. */
	places: number[][];
	/** Each point's parameters that differ, as a line. */
	labels: string[];
	/** Parameters that are the same for all. */
	fixed: Record<string, string>;
	/** Whether it can grow. */
	extends: boolean;
}

export interface Facts {
	/** How many messages with cells there were: a page that was too late for some asks for all. */
	sequence: number;
	title: string;
	status: string;
	total: number;
	done: number;
	/** How the number comes about: "64 points: 8 seed × 8 steps". */
	size: string;
	/** Points that wait for somebody's word, and the first and the last of all in words. */
	held: number;
	edges: string[];
	/** Seconds. */
	eta: number | null;
	problem: string | null;
	retry_in: number | null;
	saved: string | null;
	/** Whether it can run points, and not only show tasks. */
	sweep: boolean;
	halted: boolean;
	metrics: string[];
	outputs: { key: string; kind: string; name: string }[];
}

export interface Candidate {
	task: string;
	status: string;
	created: string | null;
	same: boolean | null;
	seconds: number | null;
	/** How many other points it may be, too. */
	others: number;
}

/** A point with all that there is to it. */
export interface Detail extends Cell {
	parameters: [name: string, value: string][];
	former: string[];
	created: string | null;
	candidates: Candidate[];
	/** What the search for them means, in words; "" before one. */
	advice: string;
	/** `poster_at`: its poster's place among the reply's buffers. */
	files: (Artifact & { poster_at?: number })[];
}

export interface Traits {
	counts: Record<string, number>;
	progress: number;
	selected: number[];
	rejected: number[];
	reference: number | null;
	_layout: Layout;
	_cells: { sequence: number; cells: Cell[] };
	_facts: Facts;
	_beat: number;
}

export type GroupModel = Model<Traits>;
