// Makes safe URLs for bytes.
import type { Life } from "./life.ts";
import type { Artifact } from "./types.ts";

const IMAGES = /^image\/(png|jpeg|webp|gif|avif|bmp|svg\+xml|x-icon)$/;
const SVG_MAX = 8_000_000; // bytes

/**
 * A source for an <img>. An SVG becomes a data: URL: its scripts don't run in an <img>, and if the user opens the
 * picture in its own tab, it has no origin there, whereas a blob: URL would have the notebook's origin.
 */
export async function imageSource(blob: Blob, mime: string, life: Life): Promise<string> {
	if (mime === "image/svg+xml") {
		if (blob.size > SVG_MAX) throw new Error("This SVG is too large to be drawn here. Download it and open it elsewhere.");
		return dataUrl(new Blob([blob], { type: mime }));
	}
	return life.url(new Blob([blob], { type: IMAGES.test(mime) ? mime : "application/octet-stream" }));
}

export function dataUrl(blob: Blob): Promise<string> {
	return new Promise((resolve, reject) => {
		const reader = new FileReader();
		reader.addEventListener("load", () => resolve(String(reader.result)));
		reader.addEventListener("error", () => reject(reader.error ?? new Error("The file could not be read.")));
		reader.readAsDataURL(blob);
	});
}

export function mediaSource(blob: Blob, mime: string, life: Life): string {
	const type = /^(video|audio)\/[\w.+-]+$/.test(mime) ? mime : "application/octet-stream";
	return life.url(new Blob([blob], { type }));
}

/** The artifact's poster as an <img> source; posters are made by the kernel and are never SVG. */
export function posterSource({ poster, poster_mime: mime }: Artifact, life: Life): string | null {
	if (!poster || !/^image\/(png|jpeg|webp|gif)$/.test(mime)) return null;
	return life.url(new Blob([poster], { type: mime }));
}
