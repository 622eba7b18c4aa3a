// Decompresses only the beginning of a gzipped file.

/**
 * @param {Uint8Array} bytes gzip data
 * @param {number} length the number of decompressed bytes to return
 * @returns {Promise<Uint8Array<ArrayBuffer>>} that many bytes, or fewer if the file has fewer
 */
export async function gunzipHead(bytes, length) {
	const part = new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes.subarray(0, 64 * 1024))]);
	const reader = part.stream().pipeThrough(new DecompressionStream("gzip")).getReader();
	const head = new Uint8Array(length);
	let filled = 0;
	try {
		while (filled < length) {
			const { done, value } = await reader.read();
			if (done) break;
			const chunk = value.subarray(0, length - filled);
			head.set(chunk, filled);
			filled += chunk.length;
		}
	} catch (error) {
		if (!(error instanceof TypeError)) throw error; // TypeError: not gzip, or truncated
	} finally {
		await reader.cancel().catch(() => undefined); // it failed above, so there is nothing to cancel
	}
	return head.slice(0, filled);
}
