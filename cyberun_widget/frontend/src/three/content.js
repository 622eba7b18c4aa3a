// Turns a file's bytes into an object for the scene.
import {
	Box3,
	BufferGeometry,
	DoubleSide,
	LoadingManager,
	Mesh,
	MeshStandardMaterial,
	Points,
	PointsMaterial,
	Vector3,
} from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { MeshoptDecoder } from "three/addons/libs/meshopt_decoder.module.js";
import { plyHeader } from "./format.js";
import { gunzipHead } from "./gzip.js";
import { checkGltf, checkPly, checkSpz } from "./limits.js";
import { parseMesh } from "./parse.js";
import { loadSplats } from "./splats.js";
import { ModelError } from "./model_error.js";

/**
 * @typedef {import("three").Object3D} Object3D
 * @typedef {object} Content
 * @property {Object3D} object
 * @property {Box3} box the bounds of the object in its own coordinates, without outliers
 * @property {{count: number, noun: "triangle" | "point" | "splat"}} amount
 * @property {boolean} lit whether the scene's lights affect it
 * @property {import("three").AnimationClip[]} clips
 */

const CLAY = { color: 0xb4bcc8, roughness: 0.62, metalness: 0.05, side: DoubleSide };

/** A loading manager that makes no network requests: only data embedded in the file is loaded. */
function sealed() {
	const manager = new LoadingManager();
	manager.setURLModifier((url) => {
		if (/^(data|blob):/i.test(url)) return url;
		throw new ModelError(
			"This glTF file refers to other files, which it doesn’t include. A GLB file contains everything.",
		);
	});
	return manager;
}

/** @param {Uint8Array} bytes @returns {ArrayBuffer} exactly these bytes */
function exact(bytes) {
	const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
	return /** @type {ArrayBuffer} */ (whole ? bytes.buffer : bytes.slice().buffer);
}

/** @param {Object3D} object */
function triangles(object) {
	let count = 0;
	object.traverse((node) => {
		if (!(node instanceof Mesh)) return;
		const geometry = /** @type {BufferGeometry} */ (node.geometry);
		count += (geometry.index?.count ?? geometry.attributes.position?.count ?? 0) / 3;
	});
	return Math.round(count);
}

/** @param {unknown} json */
function refuseCompressed(json) {
	const required = /** @type {{extensionsRequired?: unknown}} */ (json)?.extensionsRequired;
	if (!Array.isArray(required)) return;
	const names = { KHR_draco_mesh_compression: "Draco", KHR_texture_basisu: "KTX 2 (Basis)" };
	for (const [extension, name] of Object.entries(names)) {
		if (required.includes(extension)) {
			throw new ModelError(
				`This model is compressed with ${name}, which can’t be decompressed here. Download it, or export it uncompressed.`,
				{
					code: "format",
				},
			);
		}
	}
}

/** @param {Uint8Array} bytes @param {boolean} binary @returns {unknown} the glTF document */
function gltfJson(bytes, binary) {
	try {
		if (!binary) return JSON.parse(new TextDecoder().decode(bytes));
		const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		return JSON.parse(new TextDecoder().decode(bytes.subarray(20, 20 + view.getUint32(12, true))));
	} catch (error) {
		throw new ModelError("This glTF file is cut off or damaged.", { cause: error });
	}
}

/** @param {Uint8Array} bytes @param {boolean} binary @returns {Promise<Content>} */
async function loadGltf(bytes, binary) {
	const json = gltfJson(bytes, binary);
	if (!json || typeof json !== "object" || !("asset" in json)) {
		throw new ModelError("This is JSON, but not a glTF model.", { code: "format" });
	}
	refuseCompressed(json);
	checkGltf(json);
	const loader = new GLTFLoader(sealed()).setMeshoptDecoder(MeshoptDecoder);
	const gltf = await loader.parseAsync(exact(bytes), "");
	const object = gltf.scene ?? gltf.scenes[0];
	if (!object) throw new ModelError("This glTF file contains no scene.");
	return { ...solid(object), clips: gltf.animations };
}

/** @param {Object3D} object @returns {Content} */
function solid(object) {
	const box = new Box3().setFromObject(object);
	return { object, box, amount: { count: triangles(object), noun: "triangle" }, lit: true, clips: [] };
}

/** @param {BufferGeometry} geometry @returns {Content} */
function cloud(geometry) {
	const count = geometry.attributes.position?.count ?? 0;
	if (count === 0) throw new ModelError("This point cloud contains no points.");
	const size = (count < 5_000 ? 4 : count < 100_000 ? 2.5 : 1.75) * Math.min(2, globalThis.devicePixelRatio || 1);
	const colored = geometry.hasAttribute("color");
	const material = new PointsMaterial({ size, sizeAttenuation: false, vertexColors: colored, toneMapped: false });
	if (!colored) material.color.set(0x6f8fd8);
	material.onBeforeCompile = (shader) => {
		const round = "if (length(gl_PointCoord - 0.5) > 0.5) discard;\n";
		shader.fragmentShader = shader.fragmentShader.replace("#include <clipping_planes_fragment>", `${round}$&`);
	};
	geometry.computeBoundingBox();
	const box = geometry.boundingBox?.clone() ?? new Box3();
	return { object: new Points(geometry, material), box, amount: { count, noun: "point" }, lit: false, clips: [] };
}

/**
 * @param {"obj" | "ply-mesh" | "ply-points"} kind
 * @param {Uint8Array} bytes transferred to the worker
 * @param {AbortSignal} [signal]
 * @returns {Promise<Content>}
 */
async function loadMesh(kind, bytes, signal) {
	if (kind !== "obj") checkPly(plyHeader(bytes), bytes.length);
	const { geometry, points } = await parseMesh({ kind, bytes: new Uint8Array(exact(bytes)) }, signal);
	if (points) return cloud(geometry);
	const colored = geometry.hasAttribute("color");
	const material = new MeshStandardMaterial({ ...CLAY, vertexColors: colored });
	if (colored) material.color.set(0xffffff);
	return solid(new Mesh(geometry, material));
}

/**
 * @param {import("./format.js").Format} format
 * @param {Uint8Array} bytes the whole file; transferred to its reader
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<Content>}
 * @throws {ModelError}
 */
async function parse(format, bytes, signal) {
	switch (format) {
		case "glb":
		case "gltf":
			return loadGltf(bytes, format === "glb");
		case "obj":
		case "ply-mesh":
		case "ply-points":
			return loadMesh(format, bytes, signal);
		case "ply-splat":
			checkPly(plyHeader(bytes), bytes.length);
			return loadSplats(format, bytes);
		case "spz":
			checkSpz(await gunzipHead(bytes, 16));
			return loadSplats(format, bytes);
		default:
			return loadSplats(format, bytes);
	}
}

/**
 * @param {import("./format.js").Format} format
 * @param {Uint8Array} bytes
 * @param {AbortSignal} [signal] cancels reading
 * @returns {Promise<Content>}
 * @throws {ModelError} with a message that may be shown; the signal's reason
 */
export async function load(format, bytes, signal) {
	let content;
	try {
		content = await parse(format, bytes, signal);
	} catch (error) {
		signal?.throwIfAborted();
		if (error instanceof ModelError) throw error;
		const detail = error instanceof Error ? error.message : String(error);
		throw new ModelError(`This 3D file is cut off or damaged (${detail}).`, { cause: error });
	}
	const extent = content.box.getSize(new Vector3()).length();
	if (content.box.isEmpty() || !Number.isFinite(extent)) throw new ModelError("This 3D file contains nothing to show.");
	return content;
}
