// Requests from the page to the kernel: each has an id, and gets one answer, a reply or an error.
import { PROTOCOL, type ErrorMessage, type Pushes, type ReplyMessage, type RequestTable } from "./messages.ts";
import type { Bytes, Model } from "./types.ts";

const PATIENCE = 120_000; // ms; a kernel that can't answer while a cell runs is busy, not gone

export interface AskOptions {
	/** Stops waiting for the answer. The request may still be carried out. */
	signal?: AbortSignal | undefined;
	/** Milliseconds after which the promise is rejected; Infinity waits as long as the widget is shown. */
	timeout?: number;
	buffers?: ArrayBuffer[];
}

type Answer = (ReplyMessage & Record<string, unknown>) | ErrorMessage;
type Waiting = (answer: Answer, buffers: Bytes[]) => void;

/**
 * One view's channel to its widget in the kernel.
 *
 *     const channel = new Channel<CardRequests>(model, signal);
 *     const { total, buffers } = await channel.ask("read", { key, offset: 0, length: 1024 });
 *
 * `signal` closes it: pending requests are rejected.
 */
export class Channel<R extends RequestTable<R>> {
	readonly signal: AbortSignal;
	#model: Pick<Model, "on" | "off" | "send">;
	#waiting = new Map<string, Waiting>();
	#prefix = Math.random().toString(36).slice(2, 10); // every page that shows the widget receives every answer
	#count = 0;

	constructor(model: Pick<Model, "on" | "off" | "send">, signal: AbortSignal) {
		this.#model = model;
		this.signal = signal;
		const receive = (message: Answer, buffers: Bytes[] = []) => {
			if (message.type === "reply" || message.type === "error") this.#waiting.get(message.re)?.(message, buffers);
		};
		model.on("msg:custom", receive);
		signal.addEventListener("abort", () => model.off("msg:custom", receive));
	}

	/**
	 * Send a request and return the reply's fields and buffers. Rejects with a message that may be shown, or with a
	 * signal's reason; the kernel's error is the `cause`.
	 */
	ask<K extends keyof R & string>(
		type: K,
		fields: R[K]["ask"],
		{ signal, timeout = PATIENCE, buffers }: AskOptions = {},
	): Promise<R[K]["reply"] & { buffers: Bytes[] }> {
		const id = `${this.#prefix}-${(this.#count += 1)}`;
		const ends = [this.signal];
		if (signal) ends.push(signal);
		if (timeout < Infinity) ends.push(AbortSignal.timeout(timeout));
		const end = AbortSignal.any(ends);
		return new Promise((resolve, reject) => {
			const settle = () => {
				this.#waiting.delete(id);
				end.removeEventListener("abort", stop);
			};
			const stop = () => {
				settle();
				reject(end.reason?.name === "TimeoutError" ? new Error(said.kernel_silent) : end.reason);
			};
			if (end.aborted) return stop();
			end.addEventListener("abort", stop);
			this.#waiting.set(id, (answer, parts) => {
				settle();
				if (answer.type === "error") reject(new Error(answer.text, { cause: answer }));
				else resolve({ ...answer, buffers: parts } as unknown as R[K]["reply"] & { buffers: Bytes[] });
			});
			this.#model.send({ ...fields, type, id, protocol: PROTOCOL }, undefined, buffers);
		});
	}
}

/** Listen to unsolicited messages from the kernel. Returns a function that stops listening. */
export function onPush(
	model: Pick<Model, "on" | "off">,
	handlers: { [K in keyof Pushes]?: (message: Pushes[K], buffers: Bytes[]) => void },
): () => void {
	const receive = (message: { type: keyof Pushes; protocol: number; [field: string]: unknown }, buffers: Bytes[] = []) => {
		if (message.protocol === PROTOCOL) handlers[message.type]?.(message as never, buffers);
	};
	model.on("msg:custom", receive);
	return () => model.off("msg:custom", receive);
}
