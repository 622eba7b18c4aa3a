// Parses an OBJ or PLY mesh or point cloud into plain arrays. Runs in a worker, so that large files don't block the page.
import { BufferGeometry, Mesh, Points } from "three";
import { OBJLoader } from "three/addons/loaders/OBJLoader.js";
import { PLYLoader } from "three/addons/loaders/PLYLoader.js";
import { mergeGeometries, toCreasedNormals } from "three/addons/utils/BufferGeometryUtils.js";
import { within } from "./limits.js";
import { ModelError } from "./model_error.js";

const CREASE = Math.PI / 5; // edges sharper than this aren't smoothed
const SMOOTHED = 200_000; // triangles; larger meshes take too long to smooth

/**
 * @typedef {import("three").TypedArray} Numbers
 * @typedef {object} Arrays
 * @property {boolean} points whether it is a point cloud
 * @property {Record<string, {array: Numbers, size: number, normalized: boolean}>} attributes
 * @property {Numbers | null} index
 *
 * @typedef {{bytes: Uint8Array<ArrayBuffer>, kind: "obj" | "ply-mesh" | "ply-points"}} Task
 * @typedef {{arrays: Arrays} | {error: string, known: boolean}} Outcome `known`: whether the message may be shown as is
 */

/** @param {Uint8Array<ArrayBuffer>} bytes @returns {{geometry: BufferGeometry, points: boolean}} */
function readObj(bytes) {
	// Merge everything into one object of one colour: each group or material would be a separate object and draw call.
	const text = new TextDecoder().decode(bytes).replace(/^[ \t]*(?:o|g|s|usemtl|mtllib)\b[^\n]*$/gm, "");
	const written = /^vn\s/m.test(text); // keep the file's normals
	/** @type {BufferGeometry[]} */
	const faces = [];
	/** @type {BufferGeometry[]} */
	const clouds = [];
	new OBJLoader().parse(text).traverse((node) => {
		if (node instanceof Points) clouds.push(node.geometry);
		else if (node instanceof Mesh) faces.push(node.geometry);
	});
	within("draws", faces.length + clouds.length);
	const points = faces.length === 0 && clouds.length > 0;
	const all = points ? clouds : faces;
	const geometry = all.length > 1 ? mergeGeometries(all) : all[0];
	if (!geometry) throw new ModelError("This file contains no faces and no points.");
	const triangles = (geometry.attributes["position"]?.count ?? 0) / 3;
	const creased = !points && !written && triangles < SMOOTHED;
	return { geometry: creased ? toCreasedNormals(geometry, CREASE) : geometry, points };
}

/** @param {Uint8Array<ArrayBuffer>} bytes @param {boolean} points */
function readPly(bytes, points) {
	const geometry = new PLYLoader().parse(bytes.buffer);
	if (!points && !geometry.hasAttribute("normal")) geometry.computeVertexNormals();
	return { geometry, points };
}

/** @param {Task} task @returns {Arrays} */
export function read({ bytes, kind }) {
	const { geometry, points } = kind === "obj" ? readObj(bytes) : readPly(bytes, kind === "ply-points");
	/** @type {Arrays["attributes"]} */
	const attributes = {};
	for (const name of ["position", "normal", "color"]) {
		const attribute = geometry.getAttribute(name);
		if (!attribute) continue;
		attributes[name] = { array: attribute.array, size: attribute.itemSize, normalized: attribute.normalized };
	}
	return { points, attributes, index: geometry.index?.array ?? null };
}
