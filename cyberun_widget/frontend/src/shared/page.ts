// What belongs to the page and not to one widget: modules and files that travel once, however many widgets want them.
import type { Pushes } from "./messages.ts";
import type { Bytes } from "./types.ts";

export interface PageState {
	/** By name and revision, see modules.ts. */
	modules: Map<string, ModuleSlot>;
	/** Revision of the module `files` -> what was sent to it. */
	inboxes: Map<string, Inbox>;
	/** A kernel's life, by the word it goes by -> when it was last heard, in ms of `performance.now()`. */
	heard: Map<string, number>;
	/** Tasks that went on when a card of theirs came into this page: their end is news, until it has been looked at. */
	going: Set<string>;
}

/** Parts of files that the kernel sent ahead, for when it will be too busy to answer. */
export interface Inbox {
	/** Those that came before there was somebody to take them. */
	early: EarlyChunk[];
	receive?: (...chunk: EarlyChunk) => void;
}
export type EarlyChunk = [task: string, chunk: Pushes["chunk"], buffers: Bytes[]];

/** A module: wanted by nobody yet, asked for, or here. */
export interface ModuleSlot {
	/** Resolved with the module. */
	arrival: Promise<unknown>;
	arrive(module: Promise<unknown>): void;
	arrived: boolean;
	asked: boolean;
}

const KEY = Symbol.for("cyberun-widget.page.1");
const world = globalThis as { [KEY]?: PageState };

export const page: PageState = (world[KEY] ??= { modules: new Map(), inboxes: new Map(), heard: new Map(), going: new Set() });
