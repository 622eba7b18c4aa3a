// Caches bytes of files in the page. One transfer serves all requests for the same file.
import type { Channel } from "../shared/channel.ts";
import type { CompareRequests, Pushes } from "../shared/messages.ts";
import type { Artifact, Bytes, ReadOptions } from "../shared/types.ts";

/** The widget that provides the files. */
type Readable = Pick<CompareRequests, "read">;

const CHUNK = 2 ** 20; // bytes per message
const KEPT = 128e6; // maximum bytes of cached files

/** One revision of a task's file: fetching it again gives a new revision. */
const nameOf = (task: string, key: string, revision: string) => `${task}/${key}@${revision}`;

class FileStore {
	/** Complete files, least recently used first. */
	#files = new Map<string, Blob>();
	/** The callers waiting for a file. */
	#waiting = new Map<string, Set<(file: Blob) => void>>();
	/** Transfers in progress, at most one per file. */
	#queues = new Map<string, Promise<unknown>>();
	/** Incomplete files sent in advance. */
	#parts = new Map<string, Bytes[]>();

	/** Add a part that the kernel sent unrequested. */
	take(task: string, { key, revision, offset, total, mime }: Pushes["chunk"], [data]: Bytes[]): void {
		if (!data) return;
		const name = nameOf(task, key, revision);
		const before = offset ? (this.#parts.get(name) ?? []) : [];
		if (sizeOf(before) !== offset) return;
		const parts = [...before, data];
		this.#parts.set(name, parts);
		if (offset + data.byteLength < total) return;
		this.#parts.delete(name);
		this.#keep(name, new Blob(parts, { type: mime }));
	}

	/** The bytes of one file. Rejects with the signal's reason, or with the reason the transfer failed. */
	read(channel: Channel<Readable>, task: string, artifact: Artifact, options: ReadOptions = {}): Promise<Blob> {
		const { key, revision = "" } = artifact;
		const name = nameOf(task, key, revision);
		const turn = (this.#queues.get(name) ?? Promise.resolve()).then(() => {
			options.signal?.throwIfAborted();
			const kept = this.#files.get(name);
			return kept ? this.#keep(name, kept) : this.#transfer(channel, name, key, revision, options);
		});
		const settled = turn.catch(() => undefined);
		this.#queues.set(name, settled);
		void settled.then(() => this.#queues.get(name) === settled && this.#queues.delete(name));
		return turn;
	}

	async #transfer(
		channel: Channel<Readable>,
		name: string,
		key: string,
		revision: string,
		{ signal, onProgress }: ReadOptions,
	): Promise<Blob> {
		const stop = new AbortController();
		const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
		const asked = async () => {
			const parts: Bytes[] = [];
			for (;;) {
				const fields = { key, revision, offset: sizeOf(parts), length: CHUNK };
				const { total, mime, buffers } = await channel.ask("read", fields, { signal: both });
				const data = buffers[0];
				if (data) parts.push(data);
				const got = sizeOf(parts);
				onProgress?.(got, total);
				if (got >= total) return new Blob(parts, { type: mime });
				if (!data?.byteLength) throw new Error(said.file_short);
			}
		};
		let arrive: (file: Blob) => void = () => undefined;
		const sentAhead = new Promise<Blob>((resolve) => (arrive = resolve));
		const waiting = this.#waiting.get(name) ?? new Set();
		this.#waiting.set(name, waiting.add(arrive));
		try {
			return this.#keep(name, await Promise.race([asked(), sentAhead]));
		} finally {
			stop.abort();
			waiting.delete(arrive);
			if (!waiting.size) this.#waiting.delete(name);
		}
	}

	/** Store a complete file and evict the least recently used. */
	#keep(name: string, file: Blob): Blob {
		this.#files.delete(name);
		this.#files.set(name, file);
		let sum = 0;
		for (const { size } of this.#files.values()) sum += size;
		for (const [old, { size }] of this.#files) {
			if (sum <= KEPT || old === name) break;
			this.#files.delete(old);
			sum -= size;
		}
		for (const arrive of this.#waiting.get(name) ?? []) arrive(file);
		return file;
	}
}

const sizeOf = (parts: Bytes[]) => parts.reduce((sum, { byteLength }) => sum + byteLength, 0);

/** The page's store, shared by all cards of this release. */
export const store = new FileStore();
