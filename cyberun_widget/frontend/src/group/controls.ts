// The interface between the first paint of a sheet (`view`) and its controls, the module `sweep`. Types only.
import type { Channel } from "../shared/channel.ts";
import type { GroupRequests } from "../shared/messages.ts";
import type { Inbox } from "../shared/page.ts";
import type { View } from "./arrange.ts";
import type { CellLook } from "./cell.ts";
import type { Cells } from "./cells.ts";
import type { Sheet } from "./sheet.ts";
import type { Thumbnails } from "./thumbnails.ts";
import type { Cell, GroupModel, Layout } from "./types.ts";

/** What the cells show. */
export interface Choice {
	/** A file's key, "metric:NAME", or "" for each point's first picture. */
	output: string;
	/** A metric, or "". */
	colour: string;
}

/** One view of a sheet, as its controls see it. */
export interface GroupView {
	model: GroupModel;
	channel: Channel<GroupRequests>;
	root: HTMLElement;
	signal: AbortSignal;
	/** A module of the package, sent once per page. */
	load<T>(name: string): Promise<T>;
	/** Parts of files that were sent in advance. */
	inbox: Inbox;
	cells: Cells;
	table: Sheet;
	pictures: Thumbnails;
	view: View;
	choice: Choice;
	/** The points that match the filter; null for all. */
	matches: ((point: number, cell: Cell) => boolean) | null;
	/** The sort order of the points; null for the order of the axes. */
	order: ((a: number, b: number) => number) | null;
	/** Above the sheet, and around it. */
	shelf: HTMLElement;
	body: HTMLElement;
	layout(): Layout;
	pinned(): number | null;
	passes(point: number): boolean;
	hasPicture(point: number): boolean;
	look(point: number): CellLook;
	/** Show a problem in the card; announce something to a screen reader. */
	tell(text: string): void;
	announce(text: string): void;
	/** Lay out all cells, now or at the next frame. */
	place(): void;
	placeSoon(): void;
	draw(): void;
	drawAll(): void;
	/** Find the range of the metric that colours the cells. */
	measure(): void;
	measureWidth(): void;
}

/** The controls of a sheet. */
export interface Controls {
	/** The point whose detail is open. */
	readonly point: number | null;
	readonly comparing: boolean;
	open(point: number): void;
	/** Show the actions for a row or a column. */
	line(points: readonly number[], name: string): void;
	/** Handle a key pressed on a cell. Returns whether it was handled. */
	key(point: number, key: string): boolean;
	toggleCompare(): void;
	/** Python code for one point, or for the whole sweep. */
	copy(point: number | null): Promise<void>;
	update(): void;
	/** Called when the axes have changed, or when the reference has. */
	relaid(): void;
	pinned(): void;
	close(): void;
}

/** The module `sweep`, sent once per page. */
export interface SweepModule {
	attach(group: GroupView): Controls;
}
