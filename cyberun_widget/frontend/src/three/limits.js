// Checks that a model isn't too large, from its declared contents, before anything is built. Pure.
import { ModelError } from "./model_error.js";

/** More than a browser can rotate smoothly, and far less than what freezes it. */
export const LIMITS = {
	/** Nodes of the scene, counted once per use. */
	nodes: 50_000,
	/** Separate draw calls. */
	draws: 10_000,
	/** Vertices drawn, including instances. */
	vertices: 40_000_000,
	/** Numbers in all accessors. */
	numbers: 400_000_000,
	/** Key frames of all animations. */
	keys: 5_000_000,
	textures: 512,
	/** Current graphics cards handle a few million. */
	splats: 20_000_000,
};

const SIZES = /** @type {Record<string, number>} */ ({
	...{ SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4, MAT2: 4, MAT3: 9, MAT4: 16 },
});

/** @param {keyof typeof LIMITS} what @param {number} amount */
export function within(what, amount) {
	if (amount <= LIMITS[what]) return;
	throw new ModelError(
		`This model is too large to show here: it would have more than ${LIMITS[what].toLocaleString("en-US")} ` +
			`${what}. Save it and open it in a 3D program.`,
	);
}

/** @param {unknown} value @returns {any[]} */
const list = (value) => (Array.isArray(value) ? value : []);
/** @param {unknown} value @returns {number} */
const whole = (value) => (Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : 0);

/**
 * Check the size of a glTF scene: a few hundred bytes can use one node a billion times.
 * @param {any} json
 * @throws {ModelError}
 */
export function checkGltf(json) {
	const accessors = list(json.accessors);
	const count = (/** @type {unknown} */ index) => whole(accessors[whole(index)]?.count);
	within("numbers", sum(accessors, ({ count: amount, type }) => whole(amount) * (SIZES[type] ?? 16)));
	within("numbers", sum(list(json.bufferViews), (view) => meshopt(view)));
	within("textures", list(json.images).length + list(json.textures).length);
	const keys = (/** @type {any} */ animation) => sum(list(animation?.samplers), ({ input }) => count(input));
	within("keys", sum(list(json.animations), keys));
	const meshes = list(json.meshes).map((mesh) => {
		const parts = list(mesh?.primitives);
		const vertices = sum(parts, ({ attributes = {}, indices }) =>
			Math.max(count(attributes.POSITION), indices === undefined ? 0 : count(indices)));
		return { draws: parts.length, vertices };
	});
	const nodes = list(json.nodes);
	/** @type {({nodes: number, draws: number, vertices: number} | "open")[]} */
	const known = [];
	/** The size of a node and its descendants. @param {unknown} index @returns {{nodes: number, draws: number, vertices: number}} */
	const weigh = (index) => {
		const at = whole(index);
		const before = known[at];
		if (before === "open") throw new ModelError("This glTF file is damaged: its scene contains itself.");
		if (before) return before;
		known[at] = "open";
		const node = nodes[at] ?? {};
		const instancing = node.extensions?.EXT_mesh_gpu_instancing?.attributes;
		const instances = instancing ? Math.max(0, ...Object.values(instancing).map(count)) : 1;
		const mesh = node.mesh === undefined ? undefined : meshes[whole(node.mesh)];
		const all = { nodes: 1, draws: mesh?.draws ?? 0, vertices: (mesh?.vertices ?? 0) * instances };
		for (const child of list(node.children)) {
			const below = weigh(child);
			all.nodes += below.nodes;
			all.draws += below.draws;
			all.vertices += below.vertices;
			for (const what of /** @type {const} */ (["nodes", "draws", "vertices"])) within(what, all[what]);
		}
		known[at] = all;
		return all;
	};
	within("nodes", nodes.length); // also those in no scene
	for (const scene of list(json.scenes)) {
		const all = { nodes: 0, draws: 0, vertices: 0 };
		for (const root of list(scene?.nodes)) {
			const below = weigh(root);
			for (const what of /** @type {const} */ (["nodes", "draws", "vertices"])) within(what, (all[what] += below[what]));
		}
	}
}

/** The decompressed size of a buffer view. @param {any} view */
function meshopt(view) {
	const packed = view?.extensions?.EXT_meshopt_compression;
	return packed ? (whole(packed.count) * whole(packed.byteStride)) / 4 : 0;
}

/** @template T @param {T[]} items @param {(item: T) => number} weight */
function sum(items, weight) {
	return items.reduce((total, item) => total + weight(item ?? /** @type {T} */ ({})), 0);
}

/**
 * Check the declared contents of a PLY file. Each row takes at least one byte.
 * @param {string} header
 * @param {number} size of the file in bytes
 * @throws {ModelError}
 */
export function checkPly(header, size) {
	for (const [, count] of header.matchAll(/\belement\s+\w+\s+(\d+)/g)) {
		if (Number(count) > size) throw new ModelError("This PLY file is cut off or damaged: it promises more than it holds.");
		within("vertices", Number(count));
	}
}

/**
 * Check the declared contents of a .spz file.
 * @param {Uint8Array<ArrayBuffer>} head its first 16 bytes, decompressed
 * @throws {ModelError}
 */
export function checkSpz(head) {
	if (head.length >= 12) within("splats", new DataView(head.buffer).getUint32(8, true));
}
