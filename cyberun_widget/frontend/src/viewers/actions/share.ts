// What can be done with what is looked at: copied as a picture, opened in a tab of its own.
import { button, el, relabel } from "../../shared/dom.ts";
import type { Artifact, Env } from "../../shared/types.ts";
import { decode } from "../image.js";

const SHOWN = 1_600; // ms
const TEXTS = new Set(["text", "json", "table"]);

/** A picture as PNG, the one kind that every clipboard takes. */
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
			done = false; // no HTTPS, a frame that may not, a picture that doesn't decode: the button says so
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
 * The type under which a file may be opened in a tab; null for none. A blob's tab belongs to the notebook's origin:
 * markup and SVG would run their scripts there, so markup opens as text and SVG not at all.
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

/** For the toolbar; each where it applies. */
export function shareTools(env: Env): ShareTools {
	const type = tabType(env.artifact);
	return { copy: env.artifact.kind === "image" ? copyImage(env) : null, tab: type === null ? null : openInTab(env, type) };
}
