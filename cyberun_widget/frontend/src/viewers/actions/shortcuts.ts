// "?": lists the keys of the full-size view and of the current viewer.
import { button, el } from "../../shared/dom.ts";
import type { Life } from "../../shared/life.ts";
import type { Artifact } from "../../shared/types.ts";

/** Keys with the same or opposite effects, and a description. */
type Shortcut = readonly [keys: readonly string[], does: string];

const ARROWS = ["←", "→", "↑", "↓"];
const OF_KIND: Partial<Record<Artifact["kind"], readonly Shortcut[]>> = {
	image: [[["+", "−"], said.viewers.key_zoom], [["0"], said.viewers.key_fit], [["1"], said.viewers.key_natural], [ARROWS, said.viewers.key_move]],
	model: [[ARROWS, said.viewers.key_turn], [ARROWS.map((arrow) => `Shift+${arrow}`), said.viewers.key_slide], [["+", "−"], said.viewers.key_zoom], [["0"], said.viewers.key_reset]],
	table: [[["←", "→"], said.viewers.key_cursor], [["Shift+←", "Shift+→"], said.viewers.key_row], [["Home", "End"], said.viewers.key_ends]],
	json: [[["↑", "↓"], said.viewers.key_rows], [["←", "→"], said.viewers.key_fold], [["Ctrl+C"], said.viewers.key_copy_value]],
	text: [[["Enter", "Shift+Enter"], said.viewers.key_match]],
	video: [[["Space"], said.viewers.key_play]],
	audio: [[["Space"], said.viewers.key_play]],
};

/** Which keys apply: whether there are other files, other pictures, and a tab to open. */
export interface About {
	kind: Artifact["kind"];
	several: boolean;
	pictures: boolean;
	opens: boolean;
}

/** Open the list above the dialog; Esc, the button or a click outside close it. */
export function showShortcuts(dialog: HTMLElement, { kind, several, pictures, opens }: About, life: Life): void {
	const general: Shortcut[] = [
		...(several ? [[["n", "p"], said.viewers.key_step] as const] : []),
		...(kind === "image" ? [[["Ctrl+C"], said.viewers.copy_image] as const] : []),
		...(kind === "image" && pictures ? [[["c"], said.viewers.key_compare] as const] : []),
		[["d"], said.viewers.download],
		...(opens ? [[["o"], said.viewers.open_tab] as const] : []),
		[["?"], said.viewers.shortcuts],
		[["Esc"], said.viewers.close],
	];
	const list = (title: string, shortcuts: readonly Shortcut[]) => [
		el("h3", { text: title }),
		el("dl", {}, ...shortcuts.flatMap(([keys, does]) => [el("dt", {}, ...keys.map((key) => el("kbd", { text: key }))), el("dd", { text: does })])),
	];
	const closer = button(said.viewers.close, () => sheet.close(), { icon: "close", bare: true, signal: life.signal });
	const sheet = el(
		"dialog",
		{ class: "cy-v-shortcuts", "aria-label": said.viewers.shortcuts, "data-lm-suppress-shortcuts": "true" },
		el("header", {}, el("h2", { text: said.viewers.shortcuts }), closer),
		...list(said.viewers.keys_everywhere, general),
		...(OF_KIND[kind] ? list(said.viewers.keys_here, OF_KIND[kind]) : []),
	);
	const { signal } = life;
	sheet.addEventListener("close", () => sheet.remove(), { signal });
	sheet.addEventListener("click", (event) => event.target === sheet && sheet.close(), { signal });
	sheet.addEventListener(
		"keydown",
		(event) => {
			event.stopPropagation(); // disables the keys of the dialog below
			if (event.key === "?") sheet.close();
		},
		{ signal },
	);
	dialog.append(sheet);
	sheet.showModal();
}
