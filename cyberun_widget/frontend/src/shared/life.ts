// The resources of a view, all released at once.

/** Listeners, timers and blob URLs that end together. */
export class Life {
	#controller = new AbortController();

	/** `parent` ends this life too. */
	constructor(parent?: AbortSignal) {
		if (parent?.aborted) this.end();
		parent?.addEventListener("abort", () => this.end(), { once: true, signal: this.signal });
	}

	/** For `addEventListener`, requests, and nested lives. */
	get signal(): AbortSignal {
		return this.#controller.signal;
	}

	get ended(): boolean {
		return this.signal.aborted;
	}

	/** `release` is called once, at the end, or at once if this life has already ended. */
	onEnd(release: () => void): void {
		if (this.ended) release();
		else this.signal.addEventListener("abort", release, { once: true });
	}

	/** A URL that is revoked with this life. */
	url(blob: Blob): string {
		const url = URL.createObjectURL(blob);
		this.onEnd(() => URL.revokeObjectURL(url));
		return url;
	}

	later(action: () => void, ms: number): void {
		const timer = setTimeout(action, ms);
		this.onEnd(() => clearTimeout(timer));
	}

	end(): void {
		this.#controller.abort();
	}
}
