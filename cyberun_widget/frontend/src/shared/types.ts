// State sent by the kernel, and interfaces between the parts of the page. Types only.
import type { Channel } from "./channel.ts";
import type { CardRequests } from "./messages.ts";
import type { Life } from "./life.ts";
import type { Inbox } from "./page.ts";

export type Kind = "image" | "video" | "audio" | "model" | "json" | "table" | "text" | "file";
export type Connection = "connecting" | "live" | "reconnecting" | "polling" | "closed" | "error";
/** A button of the card, see card/ports.py. */
export type Action = "cancel" | "reconnect" | "resume" | "fetch_again" | "run_again" | "save_all";
/** The binary parts of a message. */
export type Bytes = DataView<ArrayBuffer>;

/** One entry of the `artifacts` trait. Names are cleaned by the kernel but still untrusted text. */
export interface Artifact {
	key: string;
	name: string;
	/** Decided by the kernel, from the content. */
	kind: Kind;
	mime: string;
	/** Bytes. */
	size: number | null;
	group: string;
	state: "offered" | "waiting" | "downloading" | "ready" | "failed";
	/** Bytes received. */
	received: number;
	/** Why it failed; for a ready file, a warning. */
	error: string | null;
	/** Pixels. */
	width: number | null;
	height: number | null;
	/** Seconds. */
	duration: number | null;
	poster: Bytes | ArrayBuffer | null;
	poster_mime: string;
	/** Where the file is on the kernel's disk. */
	path: string | null;
	/** Changes whenever the file's content may have changed. */
	revision?: string;
}

export interface Stage {
	name: string;
	state: "pending" | "running" | "done" | "failed" | "skipped";
	seconds: number | null;
	/** In [0, 1]. */
	progress: number | null;
}

/** Facts of a card beyond the public traits. Times are ISO 8601, durations are seconds. */
export interface Facts {
	title: string;
	tool: string;
	gpu: string;
	labels: string[];
	created: string | null;
	started: string | null;
	ended: string | null;
	waited: number | null;
	node: string;
	/** Parameters that differ from the workflow's defaults, in its order. */
	parameters?: Record<string, unknown>;
	/** Steps per second. */
	speed: number | null;
	attempt: number;
	news: number | null;
	retry_in: number | null;
	problem: { text: string; retrying: boolean } | null;
	cancel: "" | "requested";
	failed_at: string;
	details: string;
	note: string;
	download: { done: number; total: number; received: number; size: number | null } | null;
	saved: string | null;
	/** Whether the task was running when the kernel first saw it: its end is then news. */
	fresh?: boolean;
	/** The model id of the form below the card, "" for none. */
	form?: string;
	stopped: boolean;
	/** The id of the kernel process behind the card; a heartbeat counts for all cards of the process. */
	process?: string;
	actions: Action[];
}

/** The traits of a TaskWidget. The page reads them and never sets one. */
export interface Traits {
	task_id: string;
	status: string;
	progress: number;
	stage: string;
	message: string;
	current_node: string;
	step_current: number | null;
	step_total: number | null;
	error: string | null;
	output: unknown;
	connection: Connection;
	elapsed: number;
	eta: number | null;
	stages: Stage[];
	artifacts: Artifact[];
	density: "full" | "compact";
	/** The user's own name for the run. */
	label: string;
	/** Whether the page should notify the user when the task ends. */
	notify: boolean;
	_facts: Facts;
	_beat: number;
	/** One for each artifact that has a poster. */
	[poster: `_poster:${string}`]: Bytes | null | undefined;
}

/** The part of anywidget's model that the widgets use. */
export interface Model<T = Traits> {
	get<K extends keyof T>(name: K): T[K];
	on(event: string, handler: (...args: any[]) => void): void;
	off(event: string, handler: (...args: any[]) => void): void;
	send(content: object, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
}

/** A preview of a file from the kernel, without its bytes. */
export type Cell = string | number | boolean | null;
export interface TablePreview {
	columns: string[];
	dtypes?: string[];
	rows: Cell[][];
	total_rows?: number | null;
	note?: string;
}
export interface ListPreview {
	entries: { name: string; size: number | null }[];
	/** Number of entries. */
	total?: number;
	note?: string;
}
export interface TextPreview {
	text: string;
	truncated?: boolean;
}
/** Why there is no preview, "" if none is expected. */
export interface NoPreview {
	note: string;
}
export type Preview = TablePreview | ListPreview | TextPreview | NoPreview;

export interface ReadOptions {
	signal?: AbortSignal;
	/** Bytes received, total bytes. */
	onProgress?: (received: number, total: number) => void;
}

/** What a card provides to a viewer. */
export interface Ctx {
	bytes(key: string, options?: ReadOptions): Promise<Blob>;
	/** A module of the package, sent once per page. */
	load(name: "three"): Promise<any>;
	preview?(key: string, options?: { signal?: AbortSignal }): Promise<Preview>;
	/** Opens the full-size view, with all artifacts of the card. */
	open?(key: string): void;
	/** Keeps a still of a 3D view. */
	poster(key: string, still: Blob): void;
	/** A download in the browser. */
	save(key: string): Promise<void> | void;
	/** The element with the colour tokens. */
	root: HTMLElement;
	/** Ends everything. */
	signal: AbortSignal;
}

/** A viewer makes the nodes that show one artifact. */
export interface View {
	node: HTMLElement;
	/** For the toolbar. */
	tools?: HTMLElement[];
	/** Returns whether the key was handled. */
	key?: (event: KeyboardEvent) => boolean;
}
/** `full`: whether the viewer fills the dialog. */
export interface Env {
	artifact: Artifact;
	ctx: Ctx;
	life: Life;
	full: boolean;
}

/** The module `viewers`. */
export interface ViewersModule {
	mount(host: HTMLElement, artifact: Artifact, ctx: Ctx): { destroy(): void };
	open(artifacts: Artifact[], key: string, ctx: Ctx): { close(): void };
	/** Makes a picture of a model without one, and later passes it to `ctx.poster`; see viewers/stills.ts. */
	still(artifact: Artifact, ctx: Ctx, signal: AbortSignal): Promise<void>;
}

/** One view of a card: the interface for modules that add to it. */
export interface Card {
	model: Model;
	channel: Channel<CardRequests>;
	root: HTMLElement;
	signal: AbortSignal;
	inbox: Inbox;
	/** The current values. */
	traits(): Traits;
	/** Sends an order to the kernel; a refusal is shown on the card. */
	order(action: Action): void;
	/** A module of the package, sent once per page. */
	load<T>(name: string): Promise<T>;
	/** Shows a problem in the card; "" removes it. */
	tell(text: string): void;
}

/** A module that adds to a card: `actions` adds buttons, `files` adds artifacts and their actions. */
export interface PartModule<P extends Part = Part> {
	/** Inserts its nodes itself. */
	attach(card: Card): P;
}
export interface Part {
	/** Called at each drawing of the card. */
	update(traits: Traits): void;
	close(): void;
}
export interface Files extends Part {
	node: HTMLElement;
	update(traits: Pick<Traits, "artifacts">): void;
}
