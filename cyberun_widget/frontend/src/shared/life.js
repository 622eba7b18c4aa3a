// What a view holds on to, let go of all at once.

/** Listeners, timers and blob URLs with one end. */
export class Life {
	#controller = new AbortController();

	/** @param {AbortSignal} [parent] ends this life too */
	constructor(parent) {
		if (parent?.aborted) this.end();
		parent?.addEventListener("abort", () => this.end(), { once: true, signal: this.signal });
	}

	/** For `addEventListener`, requests, and lives inside this one. */
	get signal() {
		return this.#controller.signal;
	}

	get ended() {
		return this.signal.aborted;
	}

	/** @param {() => void} release called once, at the end, or now if that has been */
	onEnd(release) {
		if (this.ended) release();
		else this.signal.addEventListener("abort", release, { once: true });
	}

	/** @param {Blob} blob @returns {string} a URL that ends with this life */
	url(blob) {
		const url = URL.createObjectURL(blob);
		this.onEnd(() => URL.revokeObjectURL(url));
		return url;
	}

	/** @param {() => void} action @param {number} ms */
	later(action, ms) {
		const timer = setTimeout(action, ms);
		this.onEnd(() => clearTimeout(timer));
	}

	end() {
		this.#controller.abort();
	}
}
