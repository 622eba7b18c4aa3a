// The 3D viewer: one file, one canvas. Sent to the page when the first model is opened.
import { load } from "./content.js";
import { LABELS, sniff, upAxis } from "./format.js";
import { fill } from "../shared/words.ts";
import { Stage } from "./stage.js";
import { ModelError } from "./model_error.js";

export { ModelError };

/** @typedef {import("./format.js").Up} Up */

/** @type {readonly Up[]} */
const UPS = ["y", "z", "-y", "x"];

/**
 * @typedef {object} ShowOptions
 * @property {string} name for the people who cannot see it
 * @property {AbortSignal} [signal] ends the view, also one that is still loading
 * @property {string} [background] a CSS colour put behind stills; "" leaves them transparent
 * @property {(still: Blob) => void} [onPoster] is given a picture of the first view, once
 * @property {(pose: import("./camera.js").Pose) => void} [onPose] is told where the camera stands, whenever it moved
 * @property {(error: Error) => void} [onError] the view broke after it had been shown
 *
 * @typedef {object} ModelView
 * @property {string} label what the file is: "Gaussian splats", "PLY mesh"…
 * @property {{count: number, noun: "triangle" | "point" | "splat"}} amount
 * @property {boolean} animated
 * @property {HTMLCanvasElement} canvas takes the focus and the keys
 * @property {() => void} reset back to the first view
 * @property {(pose: import("./camera.js").Pose) => void} follow stands where another model's camera stands
 * @property {() => Up} turnUp the next axis points up; returns which
 * @property {(on: boolean) => void} play the model's own animation
 * @property {boolean} playing
 * @property {(background: string) => void} setBackground for stills
 * @property {(event: KeyboardEvent) => boolean} key whether the key was taken
 * @property {(options?: {width?: number, background?: string}) => Promise<Blob>} still
 * @property {() => void} destroy releases the WebGL context and everything else
 */

/** @returns {boolean} whether 3D can be shown at all; leaves no context behind */
export function supported() {
	const context = document.createElement("canvas").getContext("webgl2");
	context?.getExtension("WEBGL_lose_context")?.loseContext();
	return context !== null;
}

/** @param {HTMLElement} host @param {string} name */
function makeCanvas(host, name) {
	const canvas = document.createElement("canvas");
	canvas.className = "cy-v-canvas";
	canvas.tabIndex = 0;
	canvas.setAttribute("role", "application");
	canvas.setAttribute("aria-roledescription", said.viewers.model);
	canvas.setAttribute("aria-label", fill(said.viewers.model_name, { name }));
	host.append(canvas);
	return canvas;
}

/**
 * Show a model. What the file is, is told by its bytes.
 * @param {HTMLElement} host has a size and keeps it
 * @param {Blob} blob the whole file
 * @param {ShowOptions} options
 * @returns {Promise<ModelView>}
 * @throws {ModelError} in words that may be shown; `code` "webgl" where the browser is what lacks
 */
export async function show(host, blob, options) {
	const { name, signal, onPoster, onError } = options;
	if (!supported()) throw new ModelError(said.viewers.no_webgl, { code: "webgl" });
	const bytes = new Uint8Array(await blob.arrayBuffer());
	const format = await sniff(bytes);
	const up = upAxis(format, bytes);
	const content = await load(format, bytes, signal);
	signal?.throwIfAborted();

	const canvas = makeCanvas(host, name);
	const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
	const onLost = () =>
		onError?.(new ModelError("The browser took the graphics memory away. Open the model again.", { code: "webgl" }));
	let stage;
	try {
		stage = new Stage(canvas, content, { up, still, onLost });
	} catch (error) {
		canvas.remove();
		throw error;
	}
	const view = bind(stage, { host, label: LABELS[format], background: options.background ?? "" });
	const { onPose } = options;
	if (onPose) stage.orbit.controls.addEventListener("change", () => onPose(stage.orbit.pose));
	signal?.addEventListener("abort", view.destroy, { once: true });
	await stage.settled();
	if (onPoster && !signal?.aborted) {
		const poster = await stage.poster();
		if (poster) onPoster(poster);
	}
	return view;
}

/**
 * @param {Stage} stage
 * @param {{host: HTMLElement, label: string, background: string}} about
 * @returns {ModelView}
 */
function bind(stage, { host, label, background }) {
	let paper = background;
	const fit = () => stage.resize(host.clientWidth, host.clientHeight);
	const observer = new ResizeObserver(fit);
	observer.observe(host);
	fit();
	stage.orbit.reset();
	const key = (/** @type {KeyboardEvent} */ event) => stage.orbit.key(event);
	const onKey = (/** @type {KeyboardEvent} */ event) => {
		if (!key(event)) return;
		event.preventDefault();
		event.stopPropagation();
	};
	stage.canvas.addEventListener("keydown", onKey);
	return {
		label,
		key,
		amount: stage.content.amount,
		animated: stage.mixer !== null,
		canvas: stage.canvas,
		reset: () => stage.orbit.reset(),
		follow: (pose) => stage.orbit.follow(pose),
		turnUp: () => {
			const next = UPS[(UPS.indexOf(stage.up ?? "y") + 1) % UPS.length] ?? "y";
			stage.setUp(next);
			return next;
		},
		play: (on) => stage.play(on),
		get playing() {
			return stage.playing;
		},
		setBackground: (color) => {
			paper = color;
		},
		still: (wish) => stage.still({ background: paper, ...wish }),
		destroy: () => {
			observer.disconnect();
			stage.canvas.removeEventListener("keydown", onKey);
			stage.dispose();
			stage.canvas.remove();
		},
	};
}
