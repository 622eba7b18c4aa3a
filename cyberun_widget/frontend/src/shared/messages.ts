// The messages between page and kernel; card/messages.py has the same tables, and a test compares them.

/** Raised when a message changes its meaning. */
export const PROTOCOL = 1;

/** A table of what a page asks: kind, the fields of the request, the fields of its reply. Bytes travel as buffers. */
export type RequestTable<R> = { [Kind in keyof R]: { ask: object; reply: object } };

/** Every widget's. */
export interface WidgetRequests {
	/** A script that is sent once a page. Its bytes are the reply's buffer. */
	module: { ask: { name: string; revision: string }; reply: { name: string; revision: string } };
	/** All traits again. */
	sync: { ask: {}; reply: {} };
	/** Whether a view of the widget is in sight. `view`: an id of the page's own making. */
	visible: { ask: { view: string; visible: boolean }; reply: {} };
}

/** A card's. Orders are about the task that the page showed at the click. */
export interface CardRequests extends WidgetRequests {
	cancel: { ask: { task_id: string }; reply: {} };
	reconnect: { ask: { task_id: string }; reply: {} };
	resume: { ask: { task_id: string }; reply: {} };
	fetch_again: { ask: { task_id: string }; reply: {} };
	/** Starts a new, paid run. */
	run_again: { ask: { task_id: string }; reply: {} };
	save_all: { ask: { task_id: string }; reply: {} };
	/** Open a form on the run's values below the card, or put them into the form that the run came from. */
	edit: { ask: { task_id: string }; reply: {} };
	/** Tell when the task ends, or don't. */
	notify: { ask: { on: boolean }; reply: {} };
	/** Download one file to the kernel's disk. */
	fetch: { ask: { key: string }; reply: {} };
	/** A part of a file, at most `length` bytes from `offset` on, as the reply's buffer. */
	read: {
		ask: { key: string; revision: string; offset: number; length: number };
		reply: { offset: number; total: number; mime: string };
	};
	/** What is in a file that a browser can't read. */
	preview: { ask: { key: string }; reply: { preview: object } };
	/** A picture that the page made of a model, as the request's buffer. */
	poster: { ask: { key: string }; reply: {} };
	/** The redacted story of the task and its connection, to be pasted into an issue. */
	diagnostics: { ask: {}; reply: { text: string } };
}

/** A form's. See form/messages.py. */
export interface FormRequests extends WidgetRequests {
	/** The value that one field has now. `page` and `number` come back in the trait `_seen`. */
	change: { ask: { key: string; value: unknown; page: string; number: number }; reply: {} };
	/** Put a new seed into a field. */
	seed: { ask: { key: string }; reply: {} };
	/** A file that will come in parts; `size` is in bytes. */
	upload_begin: { ask: { key: string; name: string; size: number }; reply: {} };
	/** The next part, as the request's buffer. */
	upload_part: { ask: { key: string; offset: number }; reply: {} };
	upload_cancel: { ask: { key: string }; reply: {} };
	/** Starts a paid run. */
	run: { ask: { new_seeds: boolean }; reply: {} };
	/** Put the values of an earlier run into the form. */
	use: { ask: { run: string }; reply: {} };
	/** Show one run's whole card, or one line of it. */
	unfold: { ask: { run: string; open: boolean }; reply: {} };
	compare: { ask: { runs: string[] }; reply: {} };
	/** Start a paid run whenever the values rest for `delay` seconds; null ends it. */
	live: { ask: { delay: number | null }; reply: {} };
	/** The Python that does the same run. */
	code: { ask: {}; reply: { code: string } };
}

/** A comparison's. */
export interface CompareRequests extends WidgetRequests {
	/** A part of a file; `key` is "RESULT/KEY". */
	read: {
		ask: { key: string; revision: string; offset: number; length: number };
		reply: { offset: number; total: number; mime: string };
	};
}

/** A list's. */
export interface ListRequests extends WidgetRequests {
	/** Open a row's card or form below it, or close it. */
	open: { ask: { row: number; open: boolean }; reply: {} };
}

/** A sheet's. `start`, `retry`, `extend` and `send_again` cost money: the page has asked whether they may. */
export interface GroupRequests extends WidgetRequests {
	/** Runs so many more of the points that wait, 0 for all. */
	start: { ask: { count: number }; reply: {} };
	/** Runs failed and cancelled points once more. */
	retry: { ask: { points: number[] }; reply: {} };
	/** Adds values to an axis: what is missing runs. */
	extend: { ask: { axis: string; values: string }; reply: { added: number } };
	/** Submits an unknown point once more. */
	send_again: { ask: { point: number }; reply: {} };
	/** None: all. */
	cancel: { ask: { points: number[] }; reply: {} };
	attach: { ask: { point: number; task: string }; reply: {} };
	candidates: { ask: { point: number }; reply: { candidates: object[]; advice: string } };
	/** `mark`: "star", "reject" or "none". */
	mark: { ask: { points: number[]; mark: string }; reply: {} };
	/** One point, or none. */
	pin: { ask: { points: number[] }; reply: {} };
	/** The points in view. */
	look: { ask: { points: number[] }; reply: {} };
	/** Small pictures, as the reply's buffers; of each point's first output where `output` is "". */
	thumbnails: { ask: { points: number[]; output: string }; reply: { pictures: object[] } };
	/** The files' posters are the reply's buffers. */
	detail: { ask: { point: number }; reply: { detail: object } };
	/** One point's, or with none the whole sweep's. */
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

/** What the kernel sends unasked. */
export interface Pushes {
	/** A script, where a busy kernel couldn't answer later. */
	module: { name: string; revision: string };
	/** A part of a file, likewise. */
	chunk: { key: string; revision: string; offset: number; total: number; mime: string };
	/** The cells of a sheet that changed, each with its index; `sequence` counts these messages. */
	cells: { sequence: number; cells: unknown[] };
	/** A problem with something that was asked for earlier. */
	problem: { text: string };
	/** A sign of life, for all widgets of this life of the kernel. */
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
	/** "failed": with words that may be shown; "fault": a bug of ours; "version": reload the page. */
	code: "failed" | "fault" | "version";
	text: string;
}
