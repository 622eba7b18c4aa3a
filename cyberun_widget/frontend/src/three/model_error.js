// The error of a 3D file, with a message for the user.

/** An error whose message may be shown as is. */
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
