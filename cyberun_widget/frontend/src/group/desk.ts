// What the first paint of a sheet (`view`) and the module `sweep` know of each other. Types only.
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
export interface Desk {
	model: GroupModel;
	channel: Channel<GroupRequests>;
	root: HTMLElement;
	signal: AbortSignal;
	/** A module of the package, sent once a page. */
	load<T>(name: string): Promise<T>;
	/** Parts of files that were sent ahead. */
	inbox: Inbox;
	cells: Cells;
	table: Sheet;
	pictures: Thumbnails;
	view: View;
	choice: Choice;
	/** What the filter lets through; null for all. */
	matches: ((point: number, cell: Cell) => boolean) | null;
	/** What sorts the points; null for the axes' own order. */
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
	/** Put all cells in their places, now or at the next frame. */
	place(): void;
	placeSoon(): void;
	draw(): void;
	drawAll(): void;
	/** Find the range of the metric that colours the cells. */
	measure(): void;
	measureWidth(): void;
}

/** All that a person does with a sheet. */
export interface Controls {
	/** The point whose detail is open. */
	readonly point: number | null;
	readonly comparing: boolean;
	open(point: number): void;
	/** Offer what can be done with a row or a column. */
	line(points: readonly number[], name: string): void;
	/** A key on a cell. Returns whether it was taken. */
	key(point: number, key: string): boolean;
	toggleCompare(): void;
	/** One point, or the whole sweep, as Python. */
	copy(point: number | null): Promise<void>;
	update(): void;
	/** The axes have changed; another point, or none, is the reference. */
	relaid(): void;
	pinned(): void;
	close(): void;
}

/** The module `sweep`, sent once a page. */
export interface SweepModule {
	attach(desk: Desk): Controls;
}
