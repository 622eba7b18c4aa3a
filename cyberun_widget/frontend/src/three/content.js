// A file's bytes -> something to put in the scene.
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
import { OBJLoader } from "three/addons/loaders/OBJLoader.js";
import { PLYLoader } from "three/addons/loaders/PLYLoader.js";
import { toCreasedNormals } from "three/addons/utils/BufferGeometryUtils.js";
import { MeshoptDecoder } from "three/addons/libs/meshopt_decoder.module.js";
import { loadSplats } from "./splats.js";
import { ModelError } from "./words.js";

/**
 * @typedef {import("three").Object3D} Object3D
 * @typedef {object} Content
 * @property {Object3D} object
 * @property {Box3} box where the thing is, in its own frame; outliers left out
 * @property {{count: number, noun: "triangle" | "point" | "splat"}} amount
 * @property {boolean} lit whether it takes the scene's light
 * @property {import("three").AnimationClip[]} clips
 */

const CLAY = { color: 0xb4bcc8, roughness: 0.62, metalness: 0.05, side: DoubleSide };

const CREASE = Math.PI / 5; // edges sharper than this stay edges
const SMOOTHED = 200_000; // triangles; smoothing more would keep the page waiting

/** No file may make the page ask the network for anything: only what is inside it is loaded. */
function sealed() {
	const manager = new LoadingManager();
	manager.setURLModifier((url) => {
		if (/^(data|blob):/i.test(url)) return url;
		throw new ModelError(
			"This glTF file refers to other files, which are not part of it. A GLB holds everything in one.",
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
				`This model is compressed with ${name}, which is not unpacked here. Save it, or export it without.`,
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
	const loader = new GLTFLoader(sealed()).setMeshoptDecoder(MeshoptDecoder);
	const gltf = await loader.parseAsync(exact(bytes), "");
	const object = gltf.scene ?? gltf.scenes[0];
	if (!object) throw new ModelError("This glTF file holds no scene.");
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
	if (count === 0) throw new ModelError("This point cloud holds no points.");
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

/** @param {Uint8Array} bytes @param {boolean} points @returns {Content} */
function loadPly(bytes, points) {
	const geometry = new PLYLoader().parse(exact(bytes));
	if (points) return cloud(geometry);
	if (!geometry.hasAttribute("normal")) geometry.computeVertexNormals();
	const colored = geometry.hasAttribute("color");
	const material = new MeshStandardMaterial({ ...CLAY, vertexColors: colored });
	if (colored) material.color.set(0xffffff);
	return solid(new Mesh(geometry, material));
}

/** @param {Uint8Array} bytes @returns {Content} */
function loadObj(bytes) {
	const text = new TextDecoder().decode(bytes);
	const object = new OBJLoader(sealed()).parse(text);
	const written = /^vn\s/m.test(text); // the file's own normals are kept
	/** @type {BufferGeometry | null} */
	let points = null;
	object.traverse((node) => {
		if (node instanceof Points) points = node.geometry;
		if (!(node instanceof Mesh)) return;
		const colored = node.geometry.hasAttribute("color");
		if (!written && triangles(node) < SMOOTHED) node.geometry = toCreasedNormals(node.geometry, CREASE);
		node.material = new MeshStandardMaterial({ ...CLAY, vertexColors: colored });
		if (colored) node.material.color.set(0xffffff);
	});
	return points && triangles(object) === 0 ? cloud(points) : solid(object);
}

/**
 * @param {import("./format.js").Format} format
 * @param {Uint8Array} bytes the whole file; splat formats take it over
 * @returns {Promise<Content>}
 * @throws {ModelError}
 */
async function parse(format, bytes) {
	switch (format) {
		case "glb":
		case "gltf":
			return loadGltf(bytes, format === "glb");
		case "obj":
			return loadObj(bytes);
		case "ply-mesh":
		case "ply-points":
			return loadPly(bytes, format === "ply-points");
		default:
			return loadSplats(format, bytes);
	}
}

/**
 * @param {import("./format.js").Format} format
 * @param {Uint8Array} bytes
 * @returns {Promise<Content>}
 * @throws {ModelError} in words that may be shown
 */
export async function load(format, bytes) {
	let content;
	try {
		content = await parse(format, bytes);
	} catch (error) {
		if (error instanceof ModelError) throw error;
		const detail = error instanceof Error ? error.message : String(error);
		throw new ModelError(`This 3D file is cut off or damaged (${detail}).`, { cause: error });
	}
	const extent = content.box.getSize(new Vector3()).length();
	if (content.box.isEmpty() || !Number.isFinite(extent)) throw new ModelError("This 3D file holds nothing to show.");
	return content;
}
