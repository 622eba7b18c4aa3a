// "Download all": shows the size, reads file by file, can be cancelled, and names the files it had to leave out.
import { saveBlob } from "../../shared/download.ts";
import { button, el } from "../../shared/dom.ts";
import { Life } from "../../shared/life.ts";
import type { Artifact, Ctx } from "../../shared/types.ts";
import { count, dataSize, dataSizeOf, many } from "../../shared/units.ts";
import { fill } from "../../shared/words.ts";
import { reason } from "../loading.js";
import { crc32, entryNames, zipOf, ZIP_MAX, type Entry } from "./zip.ts";

const NAMED = 3; // omitted files listed by name; the others are counted

export interface ZipPanel {
	/** Empty until requested. */
	node: HTMLElement;
	open(): void;
}

export function zipPanel(artifacts: readonly Artifact[], ctx: Ctx, parent: Life): ZipPanel {
	const ready = artifacts.filter(({ state }) => state === "ready");
	const total = ready.reduce((sum, { size }) => sum + (size ?? 0), 0);
	const about = { files: many(ready.length, "file"), size: dataSize(total) };
	const node = el("div", { class: "cy-v-zip", role: "group", "aria-label": said.viewers.download_all, hidden: true });
	let life = new Life(parent.signal);
	let back: Element | null = null;

	function close(): void {
		life.end();
		node.hidden = true;
		node.replaceChildren();
		if (back instanceof HTMLElement) back.focus({ preventScroll: true });
	}

	/** A text with buttons; the first button gets the focus. */
	function show(text: string, ...buttons: HTMLButtonElement[]): HTMLElement {
		const line = el("span", { class: "cy-v-zip-words", role: "status", text });
		node.replaceChildren(line, ...buttons);
		node.hidden = false;
		buttons[0]?.focus({ preventScroll: true });
		return line;
	}

	const action = (label: string, act: () => void) => button(label, act, { signal: parent.signal });

	function open(): void {
		if (!node.hidden) return;
		back = document.activeElement;
		if (total > ZIP_MAX) show(fill(said.viewers.zip_large, about), action(said.viewers.zip_close, close));
		else show(fill(said.viewers.zip_ask, about), action(said.viewers.zip_start, () => void run()), action(said.viewers.zip_cancel, close));
	}

	async function run(): Promise<void> {
		life = new Life(parent.signal);
		const { signal } = life;
		const line = show("", action(said.viewers.zip_cancel, close));
		line.removeAttribute("role"); // a count that changes several times a second shouldn't be announced
		const bar = el("progress", { class: "cy-v-zip-bar", max: Math.max(1, total), value: 0, "aria-label": said.viewers.download_all });
		line.after(bar);
		const names = entryNames(ready.map(({ name }) => name));
		const entries: Entry[] = [];
		const left: string[] = [];
		let before = 0;
		for (const [index, { key, size }] of ready.entries()) {
			const name = names[index] as string;
			const tell = (received: number) => {
				if (signal.aborted) return;
				bar.value = before + received;
				line.textContent = fill(said.viewers.zip_progress, {
					...{ number: count(index + 1), count: count(ready.length), size: dataSizeOf(before + received, total) },
				});
			};
			tell(0);
			try {
				const blob = await ctx.bytes(key, { signal, onProgress: tell });
				entries.push({ name, blob, sum: await crc32(blob, signal) });
			} catch (error) {
				if (signal.aborted) return;
				left.push(`${name} (${reason(error)})`);
			}
			before += size ?? 0;
		}
		if (signal.aborted) return;
		if (entries.length) saveBlob(zipOf(entries, new Date()), archiveName(ctx));
		const done = { files: many(entries.length, "file"), size: dataSize(entries.reduce((sum, { blob }) => sum + blob.size, 0)) };
		const more = left.length > NAMED ? [fill(said.more, { count: count(left.length - NAMED) })] : [];
		const missing = left.length ? fill(said.viewers.zip_left, { names: [...left.slice(0, NAMED), ...more].join(", ") }) : "";
		const text = [entries.length ? fill(said.viewers.zip_done, done) : "", missing].filter(Boolean).join(" ");
		const again = left.length ? [action(said.viewers.try_again, () => void run())] : [];
		show(text, ...again, action(said.viewers.zip_close, close));
	}

	return { node, open };
}

/** The end of an id, since ids of related tasks start with similar times. */
function archiveName({ root }: Ctx): string {
	const id = (root.dataset["taskId"] ?? "").replace(/[^\w-]/g, "").slice(-8);
	return id ? `results-${id}.zip` : "results.zip";
}
