// Decodes bytes into elements that are ready to be shown.
import { imageSource, mediaSource } from "../shared/blobs.ts";
import { el } from "../shared/dom.ts";
import type { Life } from "../shared/life.ts";

/** A decoded picture. Rejects if the browser can't show it. */
export async function decodePicture(file: Blob, mime: string, alt: string, life: Life): Promise<HTMLImageElement> {
	const image = el("img", { alt, draggable: "false" });
	image.src = await imageSource(file, mime, life);
	try {
		await image.decode();
	} catch (error) {
		throw new Error(said.viewers.image_broken, { cause: error });
	}
	return image;
}

/** A video with known duration. Rejects if the browser can't play it. */
export function decodeVideo(file: Blob, mime: string, name: string, life: Life): Promise<HTMLVideoElement> {
	const player = el("video", { playsinline: true, preload: "auto", "aria-label": name });
	life.onEnd(() => {
		player.pause();
		player.removeAttribute("src");
		player.load();
	});
	return new Promise((resolve, reject) => {
		const once = { once: true, signal: life.signal };
		player.addEventListener("loadedmetadata", () => resolve(player), once);
		player.addEventListener("error", () => reject(new Error(said.viewers.media_broken)), once);
		player.src = mediaSource(file, mime, life);
	});
}
