// The state of a sheet sent by the kernel, made by group/traits.py and group/points.py. Types only.
import type { Artifact, Model } from "../shared/types.ts";

/** The latest state of one point. */
export interface Cell {
	status: string;
	/** In [0, 100]. */
	percent: number;
	/** The error in one line; "" for none. */
	error: string;
	task: string | null;
	/** Seconds the task took, 0 until it ends. */
	seconds: number;
	gpu: string;
	metrics: Readonly<Record<string, number>>;
	/** Its files; `shown`: whether the file has a picture. */
	outputs: readonly { key: string; kind: string; name: string; shown: boolean }[];
	attempt: number;
}

export interface Axis {
	title: string;
	names: string[];
	/** Each position's header. */
	steps: string[];
	/** Each position's values: numbers and booleans unchanged, all others as text. */
	values: (string | number | boolean | null)[][];
}

export interface Layout {
	axes: Axis[];
	/** Each point's position on each axis. */
	places: number[][];
	/** Each point's differing parameters, as one line. */
	labels: string[];
	/** Parameters that are the same for all points. */
	fixed: Record<string, string>;
	/** Whether the sweep can be extended. */
	extends: boolean;
}

export interface Facts {
	/** Number of messages with cells sent so far: a page that missed some requests all cells. */
	sequence: number;
	title: string;
	status: string;
	total: number;
	done: number;
	/** The number of points and its factors: "64 points: 8 seed × 8 steps". */
	size: string;
	/** Points that wait for a decision, and the first and last point in words. */
	held: number;
	edges: string[];
	/** Seconds. */
	eta: number | null;
	problem: string | null;
	retry_in: number | null;
	saved: string | null;
	/** Whether the group can run points instead of only showing tasks. */
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
	/** Number of other points it may also belong to. */
	others: number;
}

/** All details of a point. */
export interface Detail extends Cell {
	parameters: [name: string, value: string][];
	former: string[];
	created: string | null;
	candidates: Candidate[];
	/** Advice from the search for them; "" before a search. */
	advice: string;
	/** `poster_at`: index of its poster in the reply's buffers. */
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
