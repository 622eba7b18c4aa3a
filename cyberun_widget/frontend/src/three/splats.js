// Gaussian splats, drawn by Spark: setting it up, and detecting when it has finished drawing.
import { SparkRenderer, SplatFileType, SplatMesh } from "@sparkjsdev/spark";
import { Box3, Vector3 } from "three";
import { ModelError } from "./model_error.js";

const SAMPLES = 20_000;
const SOLID = 0.15; // splats with a lower opacity don't count for the bounds
const TRIM = 0.03; // fraction of splats ignored at each end of each axis: the floaters

/** @param {import("./format.js").Format} format */
function fileType(format) {
	if (format === "spz") return SplatFileType.SPZ;
	return format === "splat" ? SplatFileType.SPLAT : SplatFileType.PLY;
}

/**
 * The bounds of most splats: a capture has stray splats around it that would shrink the scene to a dot.
 * @param {SplatMesh} mesh
 * @returns {Box3}
 */
function bulk(mesh) {
	const every = Math.max(1, Math.floor(mesh.packedSplats.numSplats / SAMPLES));
	/** @type {[number[], number[], number[]]} */
	const axes = [[], [], []];
	mesh.forEachSplat((index, center, _scales, _turn, opacity) => {
		if (index % every !== 0 || opacity < SOLID) return;
		axes[0].push(center.x);
		axes[1].push(center.y);
		axes[2].push(center.z);
	});
	if (axes[0].length < 8) return mesh.getBoundingBox(true);
	const low = new Vector3();
	const high = new Vector3();
	axes.forEach((values, axis) => {
		values.sort((a, b) => a - b);
		const cut = Math.floor(values.length * TRIM);
		low.setComponent(axis, /** @type {number} */ (values[cut]));
		high.setComponent(axis, /** @type {number} */ (values[values.length - 1 - cut]));
	});
	return new Box3(low, high);
}

/**
 * @param {import("./format.js").Format} format
 * @param {Uint8Array} bytes transferred: Spark moves them to its worker
 * @returns {Promise<import("./content.js").Content>}
 */
export async function loadSplats(format, bytes) {
	const mesh = new SplatMesh({ fileBytes: bytes, fileType: fileType(format) });
	await mesh.initialized;
	const count = mesh.packedSplats.numSplats;
	if (count === 0) throw new ModelError("This file contains no splats.");
	return { object: mesh, box: bulk(mesh), amount: { count, noun: "splat" }, lit: false, clips: [] };
}

/**
 * Spark's part of a scene. It sorts splats in a worker after each frame, so a picture is final only once sorting has
 * ended; see `busy`.
 */
export class SplatPass {
	/** @param {import("three").WebGLRenderer} renderer */
	constructor(renderer) {
		this.spark = new SparkRenderer({ renderer });
		this.ended = false;
		const view = this.spark.defaultView;
		const sort = view["driveSort"].bind(view);
		view["driveSort"] = async () => {
			try {
				await sort();
			} catch (error) {
				if (!this.ended) throw error; // a sort in progress loses its context too: not an error
			}
		};
	}

	/** Whether the next frame will differ from the last even if the camera doesn't move. */
	busy() {
		const view = this.spark.defaultView;
		return view.display === null || Boolean(view["sorting"]) || Boolean(view["pending"]);
	}

	dispose() {
		this.ended = true;
		this.spark.autoUpdate = false;
		clearTimeout(this.spark["pendingUpdate"].timeoutId);
		this.spark.defaultView.dispose();
		this.spark.removeFromParent();
		this.spark.material.dispose();
	}
}
