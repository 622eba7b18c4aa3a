// A file, chosen with a button or dropped onto the field. It is sent to the kernel in parts, then to the service.
import { button, el, OWN_KEYS, setText } from "../shared/dom.ts";
import { dataSize } from "../shared/units.ts";
import type { Control, ControlOptions } from "./control.ts";
import type { FieldSpec } from "./types.ts";

const PART = 1024 * 1024; // bytes per message

/** Sends the file to the kernel. */
export interface FileLine {
	begin(key: string, name: string, size: number): Promise<unknown>;
	part(key: string, offset: number, bytes: ArrayBuffer): Promise<unknown>;
	cancel(key: string): void;
}

export function fileControl(spec: FieldSpec, { id, change, signal, file: line }: ControlOptions & { file: FileLine }): Control {
	const picker = el("input", { ...OWN_KEYS, type: "file", id, class: "cyf-file-input", accept: spec.accept || null });
	const choose = el("span", { class: "cyf-button", "aria-hidden": "true", text: said.form.choose_file });
	const name = el("bdi", { class: "cyf-file-name" });
	const hint = el("span", { class: "cyf-hint", text: said.form.drop_file });
	const bar = el("progress", { class: "cyf-file-bar", max: 1, "aria-label": said.form.transfer });
	const clear = button(said.form.remove_file, () => {
		stop();
		picker.value = "";
		change(null);
	}, { icon: "close", bare: true, signal });
	const trouble = el("span", { class: "cyf-field-error", role: "alert" });
	bar.hidden = trouble.hidden = true;
	const node = el("div", { class: "cyf-file" }, picker, choose, name, hint, bar, clear, trouble);
	let transfer: AbortController | null = null;

	function stop(): void {
		if (transfer) line.cancel(spec.key);
		transfer?.abort();
		transfer = null;
		bar.hidden = true;
	}
	async function send(file: File): Promise<void> {
		stop();
		const current = (transfer = new AbortController());
		setText(trouble, "");
		show(`${file.name} · ${dataSize(file.size)}`);
		bar.hidden = false;
		bar.value = 0;
		try {
			await line.begin(spec.key, file.name, file.size);
			// An empty file is sent as one empty part.
			for (let offset = 0; offset === 0 || offset < file.size; offset += PART) {
				const bytes = await file.slice(offset, offset + PART).arrayBuffer();
				if (current.signal.aborted) return;
				await line.part(spec.key, offset, bytes);
				if (current.signal.aborted) return;
				bar.value = Math.min(1, (offset + PART) / Math.max(1, file.size));
			}
		} catch (error) {
			if (!current.signal.aborted && !signal.aborted) setText(trouble, (error as Error).message);
		}
		if (transfer === current) {
			transfer = null;
			bar.hidden = true;
		}
	}
	function show(text: string): void {
		setText(name, text);
		hint.hidden = text !== "";
		clear.hidden = text === "";
	}

	const take = (files: FileList | null | undefined) => {
		const [first] = files ?? [];
		if (first) void send(first);
	};
	picker.addEventListener("change", () => take(picker.files), { signal });
	node.addEventListener("dragover", (event) => {
		event.preventDefault();
		event.stopPropagation(); // otherwise the notebook handles the drop
		node.classList.add("cyf-drop");
	}, { signal });
	node.addEventListener("dragleave", () => node.classList.remove("cyf-drop"), { signal });
	node.addEventListener("drop", (event) => {
		event.preventDefault();
		event.stopPropagation();
		node.classList.remove("cyf-drop");
		take(event.dataTransfer?.files);
	}, { signal });
	signal.addEventListener("abort", () => transfer?.abort(), { once: true });
	show("");
	return {
		...{ node, main: picker },
		put(value) {
			if (transfer) return;
			show(value === null ? "" : typeof value === "object" ? value.file : String(value));
		},
	};
}
