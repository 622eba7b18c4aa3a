// One canvas with one object. It is drawn only when something changes, and releases the GPU at the end.
import {
	AnimationMixer,
	Clock,
	DirectionalLight,
	Group,
	Mesh,
	NeutralToneMapping,
	PMREMGenerator,
	Points,
	Scene,
	Texture,
	WebGLRenderer,
} from "three";
import { RoomEnvironment } from "three/addons/environments/RoomEnvironment.js";
import { Orbit } from "./camera.js";
import { SplatPass } from "./splats.js";
import { ModelError } from "./model_error.js";

const SETTLE = 6; // frames drawn after the last change of a scene with splats: Spark updates with a delay
const POSTER_TRIES = 20;
const POSTER_PAUSE = 150; // ms
const TILT = { x: [0, 0, Math.PI / 2], y: [0, 0, 0], "-y": [Math.PI, 0, 0], z: [-Math.PI / 2, 0, 0] };

/** @param {HTMLCanvasElement} canvas */
function makeRenderer(canvas) {
	const context = canvas.getContext("webgl2", { alpha: true, antialias: true, powerPreference: "low-power" });
	if (!context) throw new ModelError(said.viewers.no_webgl, { code: "webgl" });
	const renderer = new WebGLRenderer({ canvas, context, alpha: true, antialias: true });
	renderer.setPixelRatio(Math.min(2, globalThis.devicePixelRatio || 1));
	renderer.setClearColor(0x000000, 0);
	renderer.toneMapping = NeutralToneMapping;
	return renderer;
}

/** @param {HTMLCanvasElement} canvas @returns {Promise<Blob>} */
function encoded(canvas) {
	return new Promise((resolve, reject) => {
		const done = (/** @type {Blob | null} */ blob) => (blob ? resolve(blob) : reject(new ModelError(said.viewers.no_still)));
		canvas.toBlob(done, "image/webp", 0.86);
	});
}

/** Whether a canvas shows anything. @param {HTMLCanvasElement} canvas */
function painted(canvas) {
	const pixels = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
	let seen = 0;
	for (let at = 3; at < pixels.length; at += 4) seen += Number((pixels[at] ?? 0) > 8);
	return seen > pixels.length / 4 / 500;
}

/** @param {import("three").Object3D} root */
function disposeTree(root) {
	root.traverse((node) => {
		if (!(node instanceof Mesh || node instanceof Points)) return;
		node.geometry.dispose();
		for (const material of [node.material].flat()) {
			for (const value of Object.values(material)) if (value instanceof Texture) value.dispose();
			material.dispose();
		}
	});
}

/** The scene, the camera and the render loop. `dispose` releases everything. */
export class Stage {
	/**
	 * @param {HTMLCanvasElement} canvas
	 * @param {import("./content.js").Content} content
	 * @param {{up: import("./format.js").Up, still: boolean, onLost: () => void}} options
	 *   still: nothing moves by itself (reduced motion is requested)
	 */
	constructor(canvas, content, { up, still, onLost }) {
		this.canvas = canvas;
		this.content = content;
		this.renderer = makeRenderer(canvas);
		this.scene = new Scene();
		this.tilt = new Group();
		this.tilt.add(content.object);
		this.scene.add(this.tilt);
		this.orbit = new Orbit(canvas, { smooth: !still, onChange: () => this.invalidate() });
		this.splats = content.amount.noun === "splat" ? new SplatPass(this.renderer) : null;
		if (this.splats) this.scene.add(this.splats.spark);
		/** @type {Texture | null} */
		this.environment = content.lit ? this.light() : null;
		this.mixer = content.clips.length > 0 ? new AnimationMixer(content.object) : null;
		for (const clip of content.clips.slice(0, 1)) this.mixer?.clipAction(clip).play();
		this.playing = this.mixer !== null && !still;
		this.clock = new Clock();
		this.pending = 0;
		this.width = 0;
		this.height = 0;
		this.settle = this.splats ? SETTLE : 1;
		this.left = this.settle;
		this.ended = false;
		/** @type {(() => void)[]} */
		this.waiting = [];
		this.onLost = () => this.ended || onLost();
		canvas.addEventListener("webglcontextlost", this.onLost);
		this.setUp(up);
	}

	/** Even room light, and a light at the camera that gives shape to untextured surfaces. */
	light() {
		const maker = new PMREMGenerator(this.renderer);
		const room = new RoomEnvironment();
		const { texture } = maker.fromScene(room, 0.04);
		room.dispose();
		maker.dispose();
		this.scene.environment = texture;
		this.scene.environmentIntensity = 0.55;
		const lamp = new DirectionalLight(0xffffff, 1.4);
		lamp.position.set(-0.6, 1, 0.8);
		this.orbit.camera.add(lamp);
		this.scene.add(this.orbit.camera);
		return texture;
	}

	/** @param {import("./format.js").Up} up the axis of the file that points up */
	setUp(up) {
		this.up = up;
		this.tilt.rotation.fromArray(/** @type {[number, number, number]} */ (TILT[up]));
		this.tilt.updateMatrixWorld(true);
		this.orbit.frame(this.content.box.clone().applyMatrix4(this.tilt.matrixWorld));
	}

	/**
	 * Resizing clears the canvas, so draw before the browser shows it, not a frame later.
	 * @param {number} width @param {number} height CSS pixels
	 */
	resize(width, height) {
		if (width < 1 || height < 1 || (width === this.width && height === this.height)) return;
		const shown = this.width > 0;
		this.width = width;
		this.height = height;
		this.renderer.setSize(width, height, false);
		this.orbit.resize(width, height);
		if (shown) this.renderer.render(this.scene, this.orbit.camera);
		this.invalidate();
	}

	/** Request a frame; several requests are combined into one. */
	invalidate() {
		this.left = this.settle;
		if (this.pending === 0 && !this.ended) this.pending = requestAnimationFrame(() => this.tick());
	}

	tick() {
		this.pending = 0;
		if (this.ended) return;
		const seconds = this.clock.getDelta();
		if (this.playing) this.mixer?.update(Math.min(seconds, 0.1));
		const gliding = this.orbit.update();
		this.renderer.render(this.scene, this.orbit.camera);
		this.left -= 1;
		const more = gliding || this.playing || this.splats?.busy() || this.left > 0;
		if (more && this.pending === 0) this.pending = requestAnimationFrame(() => this.tick());
		if (this.left <= 0 && !this.splats?.busy()) for (const done of this.waiting.splice(0)) done();
	}

	/** @returns {Promise<void>} resolves when the final picture is drawn: all is loaded and sorted */
	settled() {
		const drawn = new Promise((/** @type {(value: void) => void} */ resolve) => this.waiting.push(resolve));
		this.invalidate();
		return drawn;
	}

	/** @param {boolean} on whether the model's animation runs */
	play(on) {
		this.playing = on && this.mixer !== null;
		this.clock.getDelta();
		this.invalidate();
	}

	/**
	 * @param {{width?: number, background?: string}} options width: the maximum in pixels; background: a CSS colour
	 * @returns {Promise<Blob>} WebP if the browser can write it, else PNG
	 */
	async still({ width = 768, background = "" } = {}) {
		await this.settled();
		const { width: wide, height: high } = this.canvas;
		return encoded(this.copy({ left: 0, top: 0, wide, high }, { width, background }));
	}

	/**
	 * A 4:3 picture of the centre, where the model is, with a transparent background for light and dark themes.
	 * @returns {Promise<Blob | null>} null if nothing was drawn before the view ended
	 */
	async poster() {
		const { width: wide, height: high } = this.canvas;
		const side = Math.min(wide, high);
		const part = { wide: Math.min(wide, (side * 4) / 3), high: side };
		if (part.wide < (side * 4) / 3) part.high = (part.wide * 3) / 4;
		const cut = { left: (wide - part.wide) / 2, top: (high - part.high) / 2, ...part };
		for (let tries = 0; tries < POSTER_TRIES && !this.ended; tries++) {
			await this.settled();
			if (this.ended) break;
			const copy = this.copy(cut, { width: 512, background: "" });
			if (painted(copy)) return encoded(copy);
			await new Promise((resolve) => setTimeout(resolve, POSTER_PAUSE));
		}
		return null;
	}

	/**
	 * @param {{left: number, top: number, wide: number, high: number}} cut the part of the canvas, in its pixels
	 * @param {{width: number, background: string}} wish
	 */
	copy({ left, top, wide, high }, { width, background }) {
		this.renderer.render(this.scene, this.orbit.camera); // the drawing buffer is valid only until this task ends
		const scale = Math.min(1, width / wide);
		const copy = document.createElement("canvas");
		copy.width = Math.max(1, Math.round(wide * scale));
		copy.height = Math.max(1, Math.round(high * scale));
		const paper = copy.getContext("2d");
		if (!paper) throw new ModelError(said.viewers.no_still);
		if (background) {
			paper.fillStyle = background;
			paper.fillRect(0, 0, copy.width, copy.height);
		}
		paper.drawImage(this.canvas, left, top, wide, high, 0, 0, copy.width, copy.height);
		return copy;
	}

	dispose() {
		if (this.ended) return;
		this.ended = true;
		cancelAnimationFrame(this.pending);
		for (const done of this.waiting.splice(0)) done();
		this.orbit.dispose();
		this.mixer?.stopAllAction();
		this.splats?.dispose();
		disposeTree(this.tilt);
		if ("dispose" in this.content.object) /** @type {{dispose(): void}} */ (this.content.object).dispose();
		this.environment?.dispose();
		this.canvas.removeEventListener("webglcontextlost", this.onLost);
		this.renderer.dispose();
		this.renderer.forceContextLoss();
	}
}
