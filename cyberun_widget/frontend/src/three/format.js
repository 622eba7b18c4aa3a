// Detects the format of a 3D file from its first bytes, never from its name.
import { gunzipHead } from "./gzip.js";
import { ModelError } from "./model_error.js";

/**
 * @typedef {"glb" | "gltf" | "obj" | "ply-mesh" | "ply-points" | "ply-splat" | "splat" | "spz"} Format
 * @typedef {"x" | "y" | "-y" | "z"} Up the axis of the file that points up
 */

const GLB = 0x46546c67; // "glTF", little-endian
const GZIP = 0x8b1f;
const SPZ = 0x5053474e; // "NGSP", little-endian: the first word of a gunzipped .spz
const SPLAT_BYTES = 32; // one splat of a .splat file: 3 + 3 float32, 4 bytes of colour, 4 bytes of rotation
const HEADER_MAX = 64 * 1024;

/** @type {Record<Format, string>} */
export const LABELS = {
	glb: "glTF",
	gltf: "glTF",
	obj: said.viewers.model_obj,
	"ply-mesh": said.viewers.model_ply,
	"ply-points": said.viewers.model_points,
	"ply-splat": said.viewers.model_splats,
	splat: said.viewers.model_splats,
	spz: said.viewers.model_splats,
};

/**
 * The text of a PLY file's header.
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function plyHeader(bytes) {
	const text = new TextDecoder("latin1").decode(bytes.subarray(0, HEADER_MAX));
	const end = text.indexOf("end_header");
	if (end < 0) throw new ModelError("This PLY file is cut off or damaged: its header doesn’t end.");
	return text.slice(0, end);
}

/**
 * @param {string} header
 * @returns {Format}
 */
function plyFormat(header) {
	const splat = /\bproperty\s+\w+\s+f_dc_0\b/.test(header) && /\bproperty\s+\w+\s+scale_0\b/.test(header);
	if (splat || /\bpacked_position\b/.test(header)) return "ply-splat";
	const faces = /\belement\s+face\s+(\d+)/.exec(header);
	return faces && Number(faces[1]) > 0 ? "ply-mesh" : "ply-points";
}

/**
 * An OBJ file starts with comments, then rows of `v`, `f`, `o`…
 * @param {Uint8Array} bytes
 */
function looksLikeObj(bytes) {
	const text = new TextDecoder("latin1").decode(bytes.subarray(0, 4096));
	if (/[\0-\x08\x0e-\x1f]/.test(text)) return false;
	const row = text.split(/\r?\n/).find((line) => line.trim() && !line.startsWith("#"));
	return row !== undefined && /^\s*(v|vn|vt|vp|f|l|p|o|g|s|mtllib|usemtl)\s/.test(row);
}

/**
 * A .splat file has no magic number: check for whole records, finite positions and positive sizes.
 * @param {Uint8Array} bytes
 */
function looksLikeSplat(bytes) {
	if (bytes.length === 0 || bytes.length % SPLAT_BYTES !== 0) return false;
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const count = Math.min(64, bytes.length / SPLAT_BYTES);
	for (let i = 0; i < count; i += 1) {
		for (let f = 0; f < 6; f += 1) {
			const value = view.getFloat32(i * SPLAT_BYTES + f * 4, true);
			if (!Number.isFinite(value) || Math.abs(value) > 1e6 || (f >= 3 && value < 0)) return false;
		}
	}
	return true;
}

/**
 * @param {Uint8Array} bytes the whole file
 * @returns {Promise<Format>}
 * @throws {ModelError} if it is none of the supported formats
 */
export async function sniff(bytes) {
	if (bytes.length < 4) throw new ModelError("This file is empty or cut off.");
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	if (view.getUint32(0, true) === GLB) return "glb";
	if (/^ply\s/.test(String.fromCharCode(...bytes.subarray(0, 4)))) return plyFormat(plyHeader(bytes));
	if (view.getUint16(0, true) === GZIP) {
		const head = await gunzipHead(bytes, 4);
		if (head.length === 4 && new DataView(head.buffer).getUint32(0, true) === SPZ) return "spz";
	}
	const first = new TextDecoder().decode(bytes.subarray(0, 512)).trimStart();
	if (first.startsWith("{")) return "gltf";
	if (looksLikeObj(bytes)) return "obj";
	if (looksLikeSplat(bytes)) return "splat";
	throw new ModelError(
		"This file is not in a 3D format that can be shown here: GLB, glTF, OBJ, PLY, .splat and .spz can. " +
			"Download it and open it in a 3D program.",
		{ code: "format" },
	);
}

/**
 * Which axis points up. Splats and point clouds from Nerfstudio name it in a comment; other splats use the camera's
 * frame, where y points down; everything else has y up.
 * @param {Format} format
 * @param {Uint8Array} bytes
 * @returns {Up}
 */
export function upAxis(format, bytes) {
	if (format === "splat") return "-y";
	if (!format.startsWith("ply")) return "y";
	const header = plyHeader(bytes);
	const said = /comment\s+vertical axis:\s*(-?[xyz])/i.exec(header)?.[1]?.toLowerCase();
	if (said === "x" || said === "y" || said === "-y" || said === "z") return said;
	if (/nerfstudio/i.test(header)) return "z";
	return format === "ply-splat" ? "-y" : "y";
}
