// State shared by all widgets of a page: modules and files that are sent only once.
import type { Pushes } from "./messages.ts";
import type { Bytes } from "./types.ts";

export interface PageState {
	/** By name and revision, see modules.ts. */
	modules: Map<string, ModuleSlot>;
	/** Revision of the module `files` -> what was sent to it. */
	inboxes: Map<string, Inbox>;
	/** Id of a kernel process -> when it was last heard, in ms of `performance.now()`. */
	heard: Map<string, number>;
	/** Tasks that were running when their card appeared in this page: their end is news until the user has seen it. */
	going: Set<string>;
}

/** Parts of files that the kernel sent in advance, in case it becomes too busy to answer. */
export interface Inbox {
	/** Parts that arrived before there was a receiver. */
	early: EarlyChunk[];
	receive?: (...chunk: EarlyChunk) => void;
}
export type EarlyChunk = [task: string, chunk: Pushes["chunk"], buffers: Bytes[]];

/** A module: not requested, requested, or loaded. */
export interface ModuleSlot {
	/** Resolves to the module. */
	arrival: Promise<unknown>;
	arrive(module: Promise<unknown>): void;
	arrived: boolean;
	asked: boolean;
}

const KEY = Symbol.for("cyberun-widget.page.1");
const world = globalThis as { [KEY]?: PageState };

export const page: PageState = (world[KEY] ??= { modules: new Map(), inboxes: new Map(), heard: new Map(), going: new Set() });
