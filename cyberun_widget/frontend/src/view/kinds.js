// Which viewer an artifact gets. The kind was decided by the kernel, from the content.
import { fileView } from "./files.js";
import { imageView } from "./image.js";
import { jsonView } from "./json.js";
import { audioView, videoView } from "./media.js";
import { modelView } from "./model.js";
import { tableView } from "./table.js";
import { textView } from "./text.js";

/** @typedef {import("./types.js").Env} Env @typedef {import("./types.js").View} View */

/** @type {Record<import("./types.js").Artifact["kind"], (env: Env) => View>} */
const VIEWS = {
	image: imageView,
	video: videoView,
	audio: audioView,
	model: modelView,
	json: jsonView,
	table: tableView,
	text: textView,
	file: fileView,
};

/** What stands for a file that has no picture. @type {Record<import("./types.js").Artifact["kind"], import("./dom.js").Icon>} */
export const KIND_ICONS = {
	image: "image",
	video: "play",
	audio: "sound",
	model: "model",
	json: "data",
	table: "table",
	text: "text",
	file: "file",
};

/** @param {Env} env @returns {View} */
export function fullView(env) {
	return (VIEWS[env.artifact.kind] ?? fileView)(env);
}
