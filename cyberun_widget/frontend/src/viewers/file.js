// Files without a viewer: the contents of a zip or tar, a plain card for all others.
import { copyButton, el, icon } from "../shared/dom.ts";
import { dataSize, many } from "../shared/units.ts";
import { load } from "./loading.js";
import { downloadButton } from "./actions/download.ts";
import { tableBody } from "./data/table.js";
import { textBody } from "./data/text.js";
import { fill } from "../shared/words.ts";

const LISTED = 2000;

/** @typedef {import("../shared/types.ts").Env} Env @typedef {import("../shared/types.ts").ListPreview} ListPreview */

/** @param {ListPreview} list @param {Env} env */
function listing({ entries, total, note }, env) {
	const files = entries.filter(({ name }) => !name.endsWith("/"));
	const unpacked = files.reduce((sum, { size }) => sum + (size ?? 0), 0);
	const whole = entries.length === (total ?? entries.length) && files.length <= LISTED;
	const rows = files.slice(0, LISTED).map(({ name, size }) => {
		const cut = name.lastIndexOf("/") + 1;
		const words = el(
			"span",
			{ class: "cy-v-entry" },
			el("span", { class: "cy-v-faint", text: name.slice(0, cut) }),
			el("span", { text: name.slice(cut) }),
		);
		return el("li", {}, icon("file"), words, el("span", { class: "cy-v-muted", text: dataSize(size) }));
	});
	const short = whole ? "" : fill(said.viewers.archive_part, { files: many(rows.length, "file"), entries: many(total ?? files.length, "entry") });
	const words = [note ?? "", short].filter(Boolean).join(" ");
	const bar = el(
		"div",
		{ class: "cy-v-subbar" },
		el("span", {
			class: "cy-v-muted",
			text: [many(files.length, "file"), whole ? fill(said.viewers.archive_unpacked, { size: dataSize(unpacked) }) : ""].filter(Boolean).join(" · "),
		}),
	);
	const list = el("ul", { class: "cy-v-list", tabindex: 0, "aria-label": fill(said.viewers.archive_name, { name: env.artifact.name }) }, ...rows);
	return el("div", { class: "cy-v-pane" }, bar, words && el("p", { class: "cy-v-note", text: words }), list);
}

/** @param {Env} env @param {string} [note] why there is no preview @returns {HTMLElement} */
function card({ artifact, ctx, life, full }, note = "") {
	const { name, mime, size, path } = artifact;
	const about = [mime, dataSize(size)].filter(Boolean).join(" · ");
	const words = el(
		"div",
		{ class: "cy-v-filewords" },
		el("strong", { text: name }),
		el("span", { class: "cy-v-muted", text: about }),
		note && el("span", { text: note }),
	);
	if (path)
		words.append(
			el(
				"span",
				{ class: "cy-v-path" },
				el("code", {}, el("bdi", { dir: "ltr", text: path })),
				copyButton(said.viewers.copy_path, () => path, life),
			),
		);
	const save = full ? null : downloadButton(() => artifact.key, ctx, life); // the dialog has these buttons
	return el("div", { class: "cy-v-file" }, el("span", { class: "cy-v-fileicon" }, icon("file")), words, save);
}

/** @param {import("../shared/types.ts").Artifact} artifact whether the kernel can list its contents */
export function isArchive({ mime }) {
	return /zip|x-tar|gzip/.test(mime);
}

/** @param {Env} env @returns {import("../shared/types.ts").View} */
export function fileView(env) {
	const { artifact, ctx } = env;
	const preview = ctx.preview;
	if (!preview || !isArchive(artifact)) return { node: card(env) };
	const node = load(env, {
		ask: ({ signal }) => preview(artifact.key, { signal }),
		show: (found) => {
			if ("entries" in found) return listing(found, env);
			if ("columns" in found) return tableBody(found, env);
			if ("text" in found)
				return textBody(found.text, env, found.truncated ? said.viewers.text_beginning : "");
			return card(env, found.note);
		},
	});
	return { node };
}
