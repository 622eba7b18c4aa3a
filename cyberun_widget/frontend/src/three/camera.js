// The camera and its controls: OrbitControls handles mouse and touch, this module the keyboard.
import { MathUtils, PerspectiveCamera, Sphere, Spherical, Vector3 } from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";

const TURN = MathUtils.degToRad(9);
const ZOOM = 1.15;
const SLIDE = 0.06; // fraction of the distance to the target, per key press
const HOME = new Vector3(0.62, 0.42, 1).normalize();

/** @typedef {{position: [number, number, number], target: [number, number, number]}} Pose */

/** An orbiting camera that starts with the whole object in view. */
export class Orbit {
	/**
	 * @param {HTMLCanvasElement} canvas
	 * @param {{smooth: boolean, onChange: () => void}} options
	 */
	constructor(canvas, { smooth, onChange }) {
		this.camera = new PerspectiveCamera(42, 1, 0.01, 1000);
		this.controls = new OrbitControls(this.camera, canvas);
		this.controls.enableDamping = smooth;
		this.controls.dampingFactor = 0.12;
		this.controls.addEventListener("change", onChange);
		this.sphere = new Sphere(new Vector3(), 1);
		this.onChange = onChange;
	}

	/** @param {import("three").Box3} box what to frame, in world coordinates */
	frame(box) {
		box.getBoundingSphere(this.sphere);
		this.sphere.radius = Math.max(this.sphere.radius, 1e-4);
		this.reset();
	}

	/** Return to the initial view. */
	reset() {
		const { center, radius } = this.sphere;
		const half = MathUtils.degToRad(this.camera.fov / 2);
		const narrow = Math.atan(Math.tan(half) * Math.min(1, this.camera.aspect));
		const distance = (radius / Math.sin(narrow)) * 0.96;
		this.stop();
		this.camera.near = radius / 200;
		this.camera.far = distance + radius * 200;
		this.camera.updateProjectionMatrix();
		this.controls.minDistance = radius / 50;
		this.controls.maxDistance = radius * 40;
		this.controls.target.copy(center);
		this.camera.position.copy(center).addScaledVector(HOME, distance);
		this.controls.update();
		this.onChange();
	}

	/**
	 * The camera's position in units of the object's radius, so that it gives the same view of another model.
	 * @returns {Pose}
	 */
	get pose() {
		const { center, radius } = this.sphere;
		const relative = (/** @type {Vector3} */ point) => point.clone().sub(center).divideScalar(radius).toArray();
		return { position: relative(this.camera.position), target: relative(this.controls.target) };
	}

	/** Adopt the pose of another camera. @param {Pose} pose */
	follow({ position, target }) {
		const { center, radius } = this.sphere;
		this.stop();
		this.camera.position.fromArray(position).multiplyScalar(radius).add(center);
		this.controls.target.fromArray(target).multiplyScalar(radius).add(center);
		this.controls.update();
		this.onChange();
	}

	/** Stop a glide: an update without damping applies the rest of it at once. */
	stop() {
		const smooth = this.controls.enableDamping;
		this.controls.enableDamping = false;
		this.controls.update();
		this.controls.enableDamping = smooth;
	}

	/** @param {number} width @param {number} height CSS pixels */
	resize(width, height) {
		this.camera.aspect = width / height;
		this.camera.updateProjectionMatrix();
	}

	/** @returns {boolean} whether the camera is still gliding */
	update() {
		return this.controls.update();
	}

	/** @param {number} around @param {number} over radians */
	turn(around, over) {
		const offset = this.camera.position.clone().sub(this.controls.target);
		const place = new Spherical().setFromVector3(offset);
		place.theta += around;
		place.phi = MathUtils.clamp(place.phi + over, 0.02, Math.PI - 0.02);
		this.camera.position.copy(this.controls.target).add(offset.setFromSpherical(place));
		this.controls.update();
		this.onChange();
	}

	/** @param {number} factor above 1: closer */
	zoom(factor) {
		const offset = this.camera.position.clone().sub(this.controls.target);
		const { minDistance, maxDistance } = this.controls;
		offset.setLength(MathUtils.clamp(offset.length() / factor, minDistance, maxDistance));
		this.camera.position.copy(this.controls.target).add(offset);
		this.controls.update();
		this.onChange();
	}

	/** @param {number} right @param {number} up in steps along the picture */
	slide(right, up) {
		const step = this.camera.position.distanceTo(this.controls.target) * SLIDE;
		const move = new Vector3().setFromMatrixColumn(this.camera.matrix, 0).multiplyScalar(right * step);
		move.addScaledVector(new Vector3().setFromMatrixColumn(this.camera.matrix, 1), up * step);
		this.camera.position.add(move);
		this.controls.target.add(move);
		this.controls.update();
		this.onChange();
	}

	/**
	 * Arrow keys rotate, with Shift they pan; + and - zoom; 0 and Home reset the view.
	 * @param {KeyboardEvent} event
	 * @returns {boolean} whether the key was handled
	 */
	key(event) {
		if (event.ctrlKey || event.metaKey || event.altKey) return false;
		/** @type {Record<string, [number, number]>} */
		const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
		const arrow = arrows[event.key];
		if (arrow && event.shiftKey) this.slide(arrow[0], arrow[1]);
		else if (arrow) this.turn(arrow[0] * TURN, -arrow[1] * TURN);
		else if (event.key === "+" || event.key === "=") this.zoom(ZOOM);
		else if (event.key === "-" || event.key === "_") this.zoom(1 / ZOOM);
		else if (event.key === "0" || event.key === "Home") this.reset();
		else return false;
		return true;
	}

	dispose() {
		this.controls.removeEventListener("change", this.onChange);
		this.controls.dispose();
	}
}
