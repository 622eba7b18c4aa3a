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
 * @property {string} name for screen readers
 * @property {AbortSignal} [signal] ends the view, even while it is loading
 * @property {string} [background] the CSS background colour of stills; "" for transparent
 * @property {(still: Blob) => void} [onPoster] called once, with a picture of the initial view
 * @property {(pose: import("./camera.js").Pose) => void} [onPose] called with the camera's pose whenever it moves
 * @property {(error: Error) => void} [onError] called if the view breaks after it was shown
 *
 * @typedef {object} ModelView
 * @property {string} label the kind of file: "Gaussian splats", "PLY mesh"…
 * @property {{count: number, noun: "triangle" | "point" | "splat"}} amount
 * @property {boolean} animated
 * @property {HTMLCanvasElement} canvas has the focus and handles keys
 * @property {() => void} reset returns to the initial view
 * @property {(pose: import("./camera.js").Pose) => void} follow adopts the pose of another model's camera
 * @property {() => Up} turnUp makes the next axis point up; returns that axis
 * @property {(on: boolean) => void} play starts or stops the model's animation
 * @property {boolean} playing
 * @property {(background: string) => void} setBackground for stills
 * @property {(event: KeyboardEvent) => boolean} key handles a key; returns whether it did
 * @property {(options?: {width?: number, background?: string}) => Promise<Blob>} still
 * @property {() => void} destroy releases the WebGL context and everything else
 */

/** Whether WebGL 2 is available. Leaves no context behind. @returns {boolean} */
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
 * Show a model. Its format is detected from its bytes.
 * @param {HTMLElement} host has a fixed size
 * @param {Blob} blob the whole file
 * @param {ShowOptions} options
 * @returns {Promise<ModelView>}
 * @throws {ModelError} with a message that may be shown; `code` is "webgl" if the browser lacks WebGL
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
		onError?.(new ModelError("The browser released the graphics memory. Open the model again.", { code: "webgl" }));
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
