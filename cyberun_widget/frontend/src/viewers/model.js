// A 3D model in the dialog: loads the module `three`, gives it a frame, and adds its controls to the toolbar.
import { button, el, relabel } from "../shared/dom.ts";
import { saveBlob } from "../shared/download.ts";
import { many } from "../shared/units.ts";
import { loadBytes } from "./loading.js";
import { fill } from "../shared/words.ts";

const ASK = 200_000_000; // bytes: larger files wait for a click
const HINT = 6000; // ms
/** The backgrounds to choose from, also used in snapshots. */
const SURFACES = /** @type {const} */ (["theme", "dark", "light"]);

/** @typedef {import("../shared/types.ts").Env} Env @typedef {import("../three/index.js").ModelView} ModelView */

/** @param {Env} env @returns {import("../shared/types.ts").View} */
export function modelView(env) {
	const { artifact, ctx, life } = env;
	const { signal } = life;
	const frame = el("div", { class: "cy-v-model", "data-surface": "theme" });
	const tools = el("div", { class: "cy-v-tools" });
	const node = loadBytes(
		env,
		async (blob) => {
			const three = /** @type {typeof import("../three/index.js")} */ (await ctx.load("three"));
			const rest = el("div", { class: "cy-v-model-words" });
			const place = el("div", { class: "cy-v-model-host" }, frame, rest);
			node.replaceChildren(place); // drawing needs a size
			/** @type {(() => string)} */
			const paper = () => getComputedStyle(frame).backgroundColor;
			const options = {
				name: artifact.name,
				signal,
				background: paper(),
				onError: (/** @type {Error} */ error) =>
					rest.replaceChildren(el("p", { role: "alert", class: "cy-v-chip", text: error.message })),
				...(artifact.poster ? {} : { onPoster: (/** @type {Blob} */ still) => ctx.poster(artifact.key, still) }),
			};
			const view = await three.show(frame, blob, options);
			if (life.ended) return place;
			tools.append(...handles(view, { frame, paper, name: artifact.name, life }));
			rest.append(
				el("span", { class: "cy-v-chip", text: `${view.label} · ${many(view.amount.count, view.amount.noun)}` }),
			);
			hint(rest, view, life);
			if (document.activeElement === node.closest(".cy-v-body")) view.canvas.focus({ preventScroll: true });
			return place;
		},
		{ label: said.viewers.load_model, over: ASK },
	);
	node.classList.add("cy-v-model-load");
	return { node, tools: [tools] };
}

/** @param {HTMLElement} rest @param {ModelView} view @param {import("../shared/life.ts").Life} life */
function hint(rest, view, life) {
	const words = el("span", {
		class: "cy-v-chip cy-v-hint",
		text: said.viewers.model_hint,
	});
	rest.append(words);
	const gone = () => words.remove();
	for (const first of ["pointerdown", "keydown", "wheel"]) {
		view.canvas.addEventListener(first, gone, { once: true, passive: true, signal: life.signal });
	}
	life.later(gone, HINT);
}

/**
 * @param {ModelView} view
 * @param {{frame: HTMLElement, paper: () => string, name: string, life: import("../shared/life.ts").Life}} about
 * @returns {HTMLButtonElement[]}
 */
function handles(view, { frame, paper, name, life }) {
	const { signal } = life;
	const surface = button(
		said.viewers.background,
		() => {
			const at = SURFACES.findIndex((each) => each === frame.dataset.surface);
			frame.dataset.surface = SURFACES[(at + 1) % SURFACES.length] ?? "theme";
			view.setBackground(paper());
		},
		{ icon: "background", bare: true, signal },
	);
	const up = button(
		said.viewers.up_axis,
		() => {
			const axis = view.turnUp();
			up.title = fill(said.viewers.up_axis_hint, { axis });
		},
		{ icon: "up", bare: true, signal },
	);
	const still = button(
		said.viewers.snapshot,
		async () => {
			const blob = await view.still({ width: 4096 });
			saveBlob(blob, `${name.replace(/\.[^.]*$/, "")}.${blob.type === "image/webp" ? "webp" : "png"}`);
		},
		{ icon: "camera", bare: true, signal },
	);
	const made = [
		button(said.viewers.reset, () => view.reset(), { icon: "reset", bare: true, signal }),
		up,
		surface,
		still,
	];
	if (view.animated) {
		const play = button(
			view.playing ? said.viewers.pause : said.viewers.play,
			() => {
				view.play(!view.playing);
				relabel(play, view.playing ? "pause" : "play", view.playing ? said.viewers.pause : said.viewers.play);
			},
			{ icon: view.playing ? "pause" : "play", bare: true, signal },
		);
		made.unshift(play);
	}
	return made;
}
