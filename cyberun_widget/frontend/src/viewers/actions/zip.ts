// Makes an uncompressed zip of files: pictures, videos and splats hardly compress. Pure.

/** Bytes; more would need the zip64 format. */
export const ZIP_MAX = 4_200_000_000;
const SLICE = 4 * 2 ** 20; // bytes processed between pauses, about 10 ms
const [LOCAL, CENTRAL, END] = [0x04034b50, 0x02014b50, 0x06054b50];
const UTF8 = 0x0800; // names are UTF-8
const VERSION = 20;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
	let value = byte;
	for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
	return value;
});

export interface Entry {
	/** Safe and unique, see `entryNames`. */
	name: string;
	blob: Blob;
	/** See `crc32`. */
	sum: number;
}

/** The checksum of a file, computed in slices so that the page stays responsive. Rejects with the signal's reason. */
export async function crc32(blob: Blob, signal?: AbortSignal): Promise<number> {
	let sum = 0xffffffff;
	for (let at = 0; at < blob.size; at += SLICE) {
		const bytes = new Uint8Array(await blob.slice(at, at + SLICE).arrayBuffer());
		signal?.throwIfAborted();
		for (const byte of bytes) sum = (TABLE[(sum ^ byte) & 0xff] as number) ^ (sum >>> 8);
	}
	return ~sum >>> 0;
}

/**
 * Names that are safe to unpack on every system: no parent folders, no forbidden characters, no duplicates. A second
 * `a.png` becomes `a (2).png`.
 */
export function entryNames(names: readonly string[]): string[] {
	const taken = new Set<string>();
	return names.map((name) => {
		const parts = name.split(/[\\/]+/).map((part) => part.replace(/[\u0000-\u001f\u007f<>:"|?*]/g, "_").replace(/^\.+$|[. ]+$/g, ""));
		const safe = parts.filter(Boolean).join("/") || "file";
		const [, stem = safe, suffix = ""] = /^(.+?)((?:\.\w{1,8})?)$/.exec(safe) ?? [];
		let free = safe;
		for (let number = 2; taken.has(free.toLowerCase()); number++) free = `${stem} (${number})${suffix}`;
		taken.add(free.toLowerCase());
		return free;
	});
}

/** A record of little-endian numbers: [bytes, value] each, then text. */
function record(fields: readonly (readonly [2 | 4, number])[], text: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
	const length = fields.reduce((sum, [width]) => sum + width, 0);
	const bytes = new Uint8Array(length + text.length);
	const view = new DataView(bytes.buffer);
	let at = 0;
	for (const [width, value] of fields) {
		if (width === 2) view.setUint16(at, value, true);
		else view.setUint32(at, value, true);
		at += width;
	}
	bytes.set(text, at);
	return bytes;
}

/** The complete zip; the files' bytes are referenced, not copied. At most `ZIP_MAX` bytes and 65,535 files. */
export function zipOf(entries: readonly Entry[], when: Date): Blob {
	const time = (when.getHours() << 11) | (when.getMinutes() << 5) | (when.getSeconds() >> 1);
	const date = ((Math.max(1980, when.getFullYear()) - 1980) << 9) | ((when.getMonth() + 1) << 5) | when.getDate();
	const parts: BlobPart[] = [];
	const directory: Uint8Array<ArrayBuffer>[] = [];
	let at = 0;
	for (const { name, blob, sum } of entries) {
		const text = new TextEncoder().encode(name);
		const shared = [
			...[[2, VERSION], [2, UTF8], [2, 0], [2, time], [2, date], [4, sum], [4, blob.size], [4, blob.size]],
			...[[2, text.length], [2, 0]],
		] as [2 | 4, number][];
		const head = record([[4, LOCAL], ...shared], text);
		directory.push(record([[4, CENTRAL], [2, VERSION], ...shared, [2, 0], [2, 0], [2, 0], [4, 0], [4, at]], text));
		parts.push(head, blob);
		at += head.length + blob.size;
	}
	const size = directory.reduce((sum, { length }) => sum + length, 0);
	const count = entries.length;
	const end = record([[4, END], [2, 0], [2, 0], [2, count], [2, count], [4, size], [4, at], [2, 0]], new Uint8Array(0));
	return new Blob([...parts, ...directory, end], { type: "application/zip" });
}
