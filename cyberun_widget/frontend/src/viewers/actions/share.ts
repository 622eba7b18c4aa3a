// Actions on the shown file: copy as a picture, open in a new tab.
import { button, el, relabel } from "../../shared/dom.ts";
import type { Artifact, Env } from "../../shared/types.ts";
import { decode } from "../image.js";

const SHOWN = 1_600; // ms
const TEXTS = new Set(["text", "json", "table"]);

/** A picture as PNG, the only type that every clipboard accepts. */
async function png(env: Env): Promise<Blob> {
	const { artifact, ctx, life } = env;
	const blob = await ctx.bytes(artifact.key, { signal: life.signal });
	if (artifact.mime === "image/png") return new Blob([blob], { type: "image/png" });
	const picture = await decode(blob, env);
	const canvas = el("canvas");
	canvas.width = picture.naturalWidth || 1;
	canvas.height = picture.naturalHeight || 1;
	canvas.getContext("2d")?.drawImage(picture, 0, 0);
	return new Promise((resolve, reject) => {
		canvas.toBlob((made) => (made ? resolve(made) : reject(new Error(said.viewers.copy_image_refused))), "image/png");
	});
}

function copyImage(env: Env): HTMLButtonElement {
	const { life } = env;
	const options = { icon: "copy", bare: true, title: said.viewers.copy_image_hint, signal: life.signal } as const;
	const copy = async () => {
		let done = true;
		try {
			// Safari wants the promise, not its value: the copy must belong to the click
			await navigator.clipboard.write([new ClipboardItem({ "image/png": png(env) })]);
		} catch {
			done = false; // no HTTPS, no permission, an invalid picture: shown on the button
		}
		if (life.ended) return;
		relabel(node, done ? "check" : "warning", done ? said.copied : said.viewers.copy_image_refused);
		life.later(() => {
			relabel(node, "copy", said.viewers.copy_image);
			node.title = said.viewers.copy_image_hint;
		}, SHOWN);
	};
	const node = button(said.viewers.copy_image, () => void copy(), options);
	return node;
}

/**
 * The type with which a file may be opened in a tab; null if it may not. A blob's tab has the notebook's origin, where
 * markup and SVG would run their scripts, so markup opens as text and SVG doesn't open.
 */
function tabType({ kind, mime }: Artifact): string | null {
	if (TEXTS.has(kind) && /^(text\/|application\/json)/.test(mime)) return "text/plain;charset=utf-8";
	return /^(image\/(png|jpeg|gif|webp|avif|bmp)|video\/[\w.+-]+|audio\/[\w.+-]+)$/.test(mime) ? mime : null;
}

function openInTab({ artifact, ctx, life }: Env, type: string): HTMLButtonElement {
	const open = async () => {
		try {
			const blob = await ctx.bytes(artifact.key, { signal: life.signal });
			const url = URL.createObjectURL(new Blob([blob], { type }));
			ctx.signal.addEventListener("abort", () => URL.revokeObjectURL(url), { once: true }); // the tab may still seek in it
			el("a", { href: url, target: "_blank", rel: "noopener" }).click();
		} catch (error) {
			if (life.ended) return;
			relabel(node, "warning", error instanceof Error ? error.message : said.viewers.unseen);
		}
	};
	const node = button(said.viewers.open_tab, () => void open(), { icon: "tab", bare: true, title: said.viewers.open_tab_hint, signal: life.signal });
	return node;
}

export interface ShareTools {
	copy: HTMLButtonElement | null;
	tab: HTMLButtonElement | null;
}

/** The buttons for the toolbar that apply. */
export function shareTools(env: Env): ShareTools {
	const type = tabType(env.artifact);
	return { copy: env.artifact.kind === "image" ? copyImage(env) : null, tab: type === null ? null : openInTab(env, type) };
}
