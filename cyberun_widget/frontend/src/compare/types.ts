// What the kernel tells of a comparison. Types only.
import type { Differences } from "../comparison/table.ts";
import type { Artifact, Kind, Model } from "../shared/types.ts";

/** Files that belong together: one of each result, null where it has none. Keys are "RESULT/KEY". */
export interface Pair {
	kind: Kind;
	name: string;
	artifacts: (Artifact | null)[];
}
export interface CompareTraits {
	/** Names of the results, foreign text. */
	_labels: string[];
	_pairs: Pair[];
	_tables: { title: string; differences: Differences }[];
	/** How many results aren't there yet. */
	_waiting: number;
}
export type CompareModel = Model<CompareTraits>;
