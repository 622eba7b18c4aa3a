// The messages between page and kernel; card/messages.py has the same tables, and a test compares them.

/** Increased when a message changes its meaning. */
export const PROTOCOL = 1;

/** A table of requests: kind, fields of the request, fields of the reply. Bytes are sent as buffers. */
export type RequestTable<R> = { [Kind in keyof R]: { ask: object; reply: object } };

/** Requests of every widget. */
export interface WidgetRequests {
	/** A script sent once per page. Its bytes are the reply's buffer. */
	module: { ask: { name: string; revision: string }; reply: { name: string; revision: string } };
	/** All traits again. */
	sync: { ask: {}; reply: {} };
	/** Whether a view of the widget is visible. `view`: an id that the page chose. */
	visible: { ask: { view: string; visible: boolean }; reply: {} };
}

/** Requests of a card. Orders apply to the task shown when the user clicked. */
export interface CardRequests extends WidgetRequests {
	cancel: { ask: { task_id: string }; reply: {} };
	reconnect: { ask: { task_id: string }; reply: {} };
	resume: { ask: { task_id: string }; reply: {} };
	fetch_again: { ask: { task_id: string }; reply: {} };
	/** Starts a new, paid run. */
	run_again: { ask: { task_id: string }; reply: {} };
	save_all: { ask: { task_id: string }; reply: {} };
	/** Open a form with the run's values below the card, or load them into the form that started the run. */
	edit: { ask: { task_id: string }; reply: {} };
	/** Turn the notification at the task's end on or off. */
	notify: { ask: { on: boolean }; reply: {} };
	/** Download one file to the kernel's disk. */
	fetch: { ask: { key: string }; reply: {} };
	/** A part of a file, at most `length` bytes from `offset` on, as the reply's buffer. */
	read: {
		ask: { key: string; revision: string; offset: number; length: number };
		reply: { offset: number; total: number; mime: string };
	};
	/** A preview of a file that the browser can't read. */
	preview: { ask: { key: string }; reply: { preview: object } };
	/** A picture of a model rendered by the page, as the request's buffer. */
	poster: { ask: { key: string }; reply: {} };
	/** The redacted log of the task and its connection, to be pasted into an issue. */
	diagnostics: { ask: {}; reply: { text: string } };
}

/** Requests of a form. See form/messages.py. */
export interface FormRequests extends WidgetRequests {
	/** The new value of one field. `page` and `number` are echoed in the trait `_seen`. */
	change: { ask: { key: string; value: unknown; page: string; number: number }; reply: {} };
	/** Draw a new seed for a field. */
	seed: { ask: { key: string }; reply: {} };
	/** A file that will be sent in parts; `size` is in bytes. */
	upload_begin: { ask: { key: string; name: string; size: number }; reply: {} };
	/** The next part, as the request's buffer. */
	upload_part: { ask: { key: string; offset: number }; reply: {} };
	upload_cancel: { ask: { key: string }; reply: {} };
	/** Starts a paid run. */
	run: { ask: { new_seeds: boolean }; reply: {} };
	/** Load the values of an earlier run into the form. */
	use: { ask: { run: string }; reply: {} };
	/** Expand one run's card, or collapse it to one line. */
	unfold: { ask: { run: string; open: boolean }; reply: {} };
	compare: { ask: { runs: string[] }; reply: {} };
	/** Start a paid run whenever the values stay unchanged for `delay` seconds; null turns this off. */
	live: { ask: { delay: number | null }; reply: {} };
	/** Python code for the same run. */
	code: { ask: {}; reply: { code: string } };
}

/** Requests of a comparison. */
export interface CompareRequests extends WidgetRequests {
	/** A part of a file; `key` is "RESULT/KEY". */
	read: {
		ask: { key: string; revision: string; offset: number; length: number };
		reply: { offset: number; total: number; mime: string };
	};
}

/** Requests of a list. */
export interface ListRequests extends WidgetRequests {
	/** Open or close a row's card or form below it. */
	open: { ask: { row: number; open: boolean }; reply: {} };
}

/** Requests of a sheet. `start`, `retry`, `extend` and `send_again` cost money: the page asks first. */
export interface GroupRequests extends WidgetRequests {
	/** Runs this many more waiting points, 0 for all. */
	start: { ask: { count: number }; reply: {} };
	/** Runs failed and cancelled points again. */
	retry: { ask: { points: number[] }; reply: {} };
	/** Adds values to an axis: the new points run. */
	extend: { ask: { axis: string; values: string }; reply: { added: number } };
	/** Submits an unknown point again. */
	send_again: { ask: { point: number }; reply: {} };
	/** An empty list means all. */
	cancel: { ask: { points: number[] }; reply: {} };
	attach: { ask: { point: number; task: string }; reply: {} };
	candidates: { ask: { point: number }; reply: { candidates: object[]; advice: string } };
	/** `mark`: "star", "reject" or "none". */
	mark: { ask: { points: number[]; mark: string }; reply: {} };
	/** One point, or none. */
	pin: { ask: { points: number[] }; reply: {} };
	/** The points in view. */
	look: { ask: { points: number[] }; reply: {} };
	/** Thumbnails, as the reply's buffers; of each point's first output if `output` is "". */
	thumbnails: { ask: { points: number[]; output: string }; reply: { pictures: object[] } };
	/** The files' posters are the reply's buffers. */
	detail: { ask: { point: number }; reply: { detail: object } };
	/** Code for one point, or for the whole sweep if the list is empty. */
	code: { ask: { points: number[] }; reply: { code: string } };
	save_all: { ask: {}; reply: { saved: string } };
	fetch: { ask: { point: number; key: string }; reply: {} };
	read: {
		ask: { point: number; key: string; revision: string; offset: number; length: number };
		reply: { offset: number; total: number; mime: string };
	};
	preview: { ask: { point: number; key: string }; reply: { preview: object } };
	poster: { ask: { point: number; key: string }; reply: {} };
}

/** Unsolicited messages from the kernel. */
export interface Pushes {
	/** A script, sent in advance if a busy kernel couldn't answer later. */
	module: { name: string; revision: string };
	/** A part of a file, also sent in advance. */
	chunk: { key: string; revision: string; offset: number; total: number; mime: string };
	/** The changed cells of a sheet, each with its index; `sequence` counts these messages. */
	cells: { sequence: number; cells: unknown[] };
	/** A problem with an earlier request. */
	problem: { text: string };
	/** A heartbeat, for all widgets of this kernel process. */
	beat: { process: string };
}

/** Answers to requests: `re` is the request's id. */
export interface ReplyMessage {
	type: "reply";
	protocol: number;
	re: string;
}
export interface ErrorMessage {
	type: "error";
	protocol: number;
	re: string;
	/** "failed": with a message that may be shown; "fault": a bug in this package; "version": reload the page. */
	code: "failed" | "fault" | "version";
	text: string;
}
