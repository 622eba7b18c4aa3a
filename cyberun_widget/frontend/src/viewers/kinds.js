// Chooses the viewer of an artifact by its kind, which the kernel determines from the content.
import { fileView } from "./file.js";
import { imageView } from "./image.js";
import { jsonView } from "./data/json.js";
import { audioView, videoView } from "./media.js";
import { modelView } from "./model.js";
import { tableView } from "./data/table_view.ts";
import { textView } from "./data/text.js";

/** @typedef {import("../shared/types.ts").Env} Env @typedef {import("../shared/types.ts").View} View */

/** @type {Record<import("../shared/types.ts").Artifact["kind"], (env: Env) => View>} */
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

/** The icon of a file without a picture. @type {Record<import("../shared/types.ts").Artifact["kind"], import("../shared/dom.ts").Icon>} */
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
