// The state of a comparison sent by the kernel. Types only.
import type { Differences } from "../comparison/table.ts";
import type { Artifact, Kind, Model } from "../shared/types.ts";

/** Corresponding files: one from each result, null if it has none. Keys are "RESULT/KEY". */
export interface Pair {
	kind: Kind;
	name: string;
	artifacts: (Artifact | null)[];
}
export interface CompareTraits {
	/** Names of the results, untrusted text. */
	_labels: string[];
	_pairs: Pair[];
	/** `absent`: the text of a cell without a value. */
	_tables: { title: string; absent: string; differences: Differences }[];
	/** Number of results that aren't complete yet. */
	_waiting: number;
}
export type CompareModel = Model<CompareTraits>;
