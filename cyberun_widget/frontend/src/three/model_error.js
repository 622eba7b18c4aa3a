// What can go wrong with a 3D file, in words that a person can act on.

/** A problem whose message may be shown as it is. */
export class ModelError extends Error {
	/**
	 * @param {string} message what happened and what to do
	 * @param {{code?: "webgl" | "format" | "file", cause?: unknown}} [options]
	 */
	constructor(message, { code = "file", cause } = {}) {
		super(message, { cause });
		this.name = "ModelError";
		this.code = code;
	}
}
