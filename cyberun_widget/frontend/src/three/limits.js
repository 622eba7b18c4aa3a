// Whether a model can be built at all: what it would become is counted before anything is made of it. Pure.
import { ModelError } from "./model_error.js";

/** More than any scene that a browser turns smoothly, and far less than what makes it stand still. */
export const LIMITS = {
	/** Nodes of the scene, each counted as often as it is used. */
	nodes: 50_000,
	/** Things drawn one by one. */
	draws: 10_000,
	/** Vertices of all that is drawn, instances included. */
	vertices: 40_000_000,
	/** Numbers in all accessors. */
	numbers: 400_000_000,
	/** Key frames of all animations. */
	keys: 5_000_000,
	textures: 512,
	/** A graphics card of today turns a few million. */
	splats: 20_000_000,
};

const SIZES = /** @type {Record<string, number>} */ ({
	...{ SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4, MAT2: 4, MAT3: 9, MAT4: 16 },
});

/** @param {keyof typeof LIMITS} what @param {number} amount */
export function within(what, amount) {
	if (amount <= LIMITS[what]) return;
	throw new ModelError(
		`This model is too large to be shown here: it would become more than ${LIMITS[what].toLocaleString("en-US")} ` +
			`${what}. Save it and open it in a 3D program.`,
	);
}

/** @param {unknown} value @returns {any[]} */
const list = (value) => (Array.isArray(value) ? value : []);
/** @param {unknown} value @returns {number} */
const whole = (value) => (Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : 0);

/**
 * Count what a glTF document would become. A few hundred bytes can name one node a billion times.
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
	/** What a node and all below it become. @param {unknown} index @returns {{nodes: number, draws: number, vertices: number}} */
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
	within("nodes", nodes.length); // also what no scene names
	for (const scene of list(json.scenes)) {
		const all = { nodes: 0, draws: 0, vertices: 0 };
		for (const root of list(scene?.nodes)) {
			const below = weigh(root);
			for (const what of /** @type {const} */ (["nodes", "draws", "vertices"])) within(what, (all[what] += below[what]));
		}
	}
}

/** What a compressed view unpacks to. @param {any} view */
function meshopt(view) {
	const packed = view?.extensions?.EXT_meshopt_compression;
	return packed ? (whole(packed.count) * whole(packed.byteStride)) / 4 : 0;
}

/** @template T @param {T[]} items @param {(item: T) => number} weight */
function sum(items, weight) {
	return items.reduce((total, item) => total + weight(item ?? /** @type {T} */ ({})), 0);
}

/**
 * What a PLY file says that it holds. Each row takes a byte at least.
 * @param {string} header
 * @param {number} size of the file, bytes
 * @throws {ModelError}
 */
export function checkPly(header, size) {
	for (const [, count] of header.matchAll(/\belement\s+\w+\s+(\d+)/g)) {
		if (Number(count) > size) throw new ModelError("This PLY file is cut off or damaged: it promises more than it holds.");
		within("vertices", Number(count));
	}
}

/**
 * What a .spz file says that it holds.
 * @param {Uint8Array<ArrayBuffer>} head its first 16 bytes, unpacked
 * @throws {ModelError}
 */
export function checkSpz(head) {
	if (head.length >= 12) within("splats", new DataView(head.buffer).getUint32(8, true));
}
