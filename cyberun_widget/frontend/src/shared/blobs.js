// Bytes with a type that can do no harm.

const IMAGES = /^image\/(png|jpeg|webp|gif|avif|bmp|svg\+xml|x-icon)$/;
const SVG_MAX = 8_000_000; // bytes

/**
 * A source for an <img>. An SVG becomes a data: URL: scripts in it don't run in an <img>, and if somebody opens
 * the picture in a tab of its own, it has no origin there, whereas a blob: URL would have the notebook's.
 * @param {Blob} blob
 * @param {string} mime
 * @param {import("./life.js").Life} life
 * @returns {Promise<string>}
 */
export async function imageSource(blob, mime, life) {
	if (mime === "image/svg+xml") {
		if (blob.size > SVG_MAX) throw new Error("This SVG is too large to be drawn here. Save it and open it elsewhere.");
		return dataUrl(new Blob([blob], { type: mime }));
	}
	return life.url(new Blob([blob], { type: IMAGES.test(mime) ? mime : "application/octet-stream" }));
}

/** @param {Blob} blob @returns {Promise<string>} */
function dataUrl(blob) {
	return new Promise((resolve, reject) => {
		const reader = new FileReader();
		reader.addEventListener("load", () => resolve(String(reader.result)));
		reader.addEventListener("error", () => reject(reader.error ?? new Error("The file could not be read.")));
		reader.readAsDataURL(blob);
	});
}

/** @param {Blob} blob @param {string} mime @param {import("./life.js").Life} life */
export function mediaSource(blob, mime, life) {
	return life.url(
		new Blob([blob], { type: /^(video|audio)\/[\w.+-]+$/.test(mime) ? mime : "application/octet-stream" }),
	);
}

/**
 * The poster that came with the artifact, as an <img> source; posters are made by the kernel and never SVG.
 * @param {import("./types.js").Artifact} artifact
 * @param {import("./life.js").Life} life
 * @returns {string | null}
 */
export function posterSource(artifact, life) {
	const { poster, poster_mime: mime = "" } = artifact;
	if (!poster || !/^image\/(png|jpeg|webp|gif)$/.test(mime)) return null;
	return life.url(new Blob([/** @type {BlobPart} */ (poster)], { type: mime }));
}
