// Loads a view, with its states: waiting for a click, loading, shown, failed.
import { button, copyButton, el, icon } from "../shared/dom.ts";
import { dataSize, dataSizeOf } from "../shared/units.ts";
import { downloadButton } from "./actions/download.ts";

/** @typedef {import("../shared/types.ts").Env} Env */

/** @param {unknown} error @returns {string} */
export function reason(error) {
	return error instanceof Error && error.message ? error.message : said.viewers.unseen;
}

/**
 * Shown instead of a view that failed: the reason, a retry, a download, and a way to copy what happened.
 * @param {Env} env
 * @param {string} text
 * @param {(() => void) | null} retry
 */
export function failure({ artifact, ctx, life }, text, retry) {
	const tools = el("div", { class: "cy-v-row" });
	if (retry) tools.append(button(said.viewers.try_again, retry, { icon: "reset", signal: life.signal }));
	const report = [text, artifact.name, artifact.mime, dataSize(artifact.size)].filter(Boolean).join("\n");
	tools.append(downloadButton(() => artifact.key, ctx, life), copyButton(said.copy_details, () => report, life));
	return el("div", { class: "cy-v-failure", role: "alert" }, icon("warning"), el("p", { text }), tools);
}

/** @param {string} label @returns {{node: HTMLElement, update: (received: number, total: number) => void}} */
function progress(label) {
	const fill = el("div", { class: "cy-v-fill" });
	const bar = el("div", { class: "cy-v-bar", "aria-hidden": "true" }, fill); // a card's only progress bar is its task's
	const words = el("span", { class: "cy-v-muted", text: label });
	const update = (/** @type {number} */ received, /** @type {number} */ total) => {
		const share = total > 0 ? Math.min(1, received / total) : 0;
		fill.style.width = `${share * 100}%`;
		words.textContent = total > 0 && share < 1 ? `${label} ${dataSizeOf(received, total)}` : label;
	};
	return { node: el("div", { class: "cy-v-loading" }, bar, words), update };
}

/**
 * Request something and show it, with progress, errors and retries.
 * @template T
 * @param {Env} env
 * @param {object} job
 * @param {(options: {signal: AbortSignal, onProgress: (received: number, total: number) => void}) => Promise<T>} job.ask
 * @param {(value: T) => Node | Promise<Node>} job.show
 * @param {string} [job.label] shown while loading
 * @param {{label: string, over: number}} [job.gate] files of more than `over` bytes are loaded only after a click
 * @returns {HTMLElement} an element with the current state
 */
export function load(env, { ask, show, label = said.viewers.loading, gate }) {
	const { artifact, life } = env;
	const host = el("div", { class: "cy-v-load" });
	const start = async () => {
		const { node, update } = progress(label);
		host.replaceChildren(node);
		try {
			const value = await ask({ signal: life.signal, onProgress: update });
			const shown = life.ended ? null : await show(value);
			if (shown && !life.ended && shown.parentNode !== host) host.replaceChildren(shown);
		} catch (error) {
			if (!life.ended) host.replaceChildren(failure(env, reason(error), start));
		}
	};
	if (gate && (artifact.size ?? 0) > gate.over) {
		const go = button(`${gate.label} · ${dataSize(artifact.size)}`, start, { icon: "down", signal: life.signal });
		host.append(el("div", { class: "cy-v-center" }, go));
	} else {
		void start();
	}
	return host;
}

/**
 * Load the artifact's bytes and show them.
 * @param {Env} env
 * @param {(blob: Blob) => Node | Promise<Node>} show
 * @param {{label: string, over: number}} [gate]
 */
export function loadBytes(env, show, gate) {
	const ask = (/** @type {{signal: AbortSignal, onProgress: (received: number, total: number) => void}} */ options) =>
		env.ctx.bytes(env.artifact.key, options);
	return load(env, gate ? { ask, show, gate } : { ask, show });
}
