// The worker for mesh.js: parses one file and sends one answer.
import { read } from "../mesh.js";
import { ModelError } from "../model_error.js";

const scope = /** @type {{onmessage: (event: MessageEvent<import("../mesh.js").Task>) => void, postMessage: (message: import("../mesh.js").Outcome, transfer: Transferable[]) => void}} */ (
	/** @type {unknown} */ (self)
);

scope.onmessage = (/** @type {MessageEvent<import("../mesh.js").Task>} */ { data }) => {
	try {
		const arrays = read(data);
		const all = [...Object.values(arrays.attributes).map(({ array }) => array), ...(arrays.index ? [arrays.index] : [])];
		scope.postMessage({ arrays }, [...new Set(all.map(({ buffer }) => /** @type {ArrayBuffer} */ (buffer)))]);
	} catch (error) {
		const words = error instanceof Error ? error.message : String(error);
		scope.postMessage({ error: words, known: error instanceof ModelError }, []);
	}
};
