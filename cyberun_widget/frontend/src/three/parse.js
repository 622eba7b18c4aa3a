// Parses a mesh in a worker, which ends with the view that requested it.
import { BufferAttribute, BufferGeometry } from "three";
import source from "worker:./worker/mesh.js";
import { ModelError } from "./model_error.js";

const PATIENCE = 60_000; // ms

/**
 * @param {import("./mesh.js").Task} task its bytes are transferred
 * @param {AbortSignal} [signal]
 * @returns {Promise<{geometry: BufferGeometry, points: boolean}>}
 * @throws {ModelError} or the signal's reason
 */
export async function parseMesh(task, signal) {
	const { points, attributes, index } = await inWorker(task, signal);
	const geometry = new BufferGeometry();
	for (const [name, { array, size, normalized }] of Object.entries(attributes)) {
		geometry.setAttribute(name, new BufferAttribute(array, size, normalized));
	}
	if (index) geometry.setIndex(new BufferAttribute(index, 1));
	return { geometry, points };
}

/**
 * @param {import("./mesh.js").Task} task
 * @param {AbortSignal} [signal]
 * @returns {Promise<import("./mesh.js").Arrays>}
 */
function inWorker(task, signal) {
	const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
	const worker = new Worker(url);
	const limit = AbortSignal.timeout(PATIENCE);
	const end = signal ? AbortSignal.any([signal, limit]) : limit;
	return new Promise((/** @type {(arrays: import("./mesh.js").Arrays) => void} */ resolve, reject) => {
		end.addEventListener("abort", () =>
			reject(limit.aborted ? new ModelError("This model takes too long to read here. Download it instead.") : end.reason),
		);
		worker.onerror = ({ message }) => reject(new ModelError(`This model can’t be read here (${message || "no worker"}).`));
		worker.onmessage = (/** @type {MessageEvent<import("./mesh.js").Outcome>} */ { data }) => {
			if ("arrays" in data) resolve(data.arrays);
			else reject(data.known ? new ModelError(data.error) : new Error(data.error));
		};
		worker.postMessage(task, [task.bytes.buffer]);
	}).finally(() => {
		worker.terminate();
		URL.revokeObjectURL(url);
	});
}
