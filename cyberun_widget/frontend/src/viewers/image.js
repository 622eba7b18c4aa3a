// A picture at full size, with zoom.
import { imageSource } from "../shared/blobs.ts";
import { button, el } from "../shared/dom.ts";
import { percent } from "../shared/units.ts";
import { loadBytes } from "./loading.js";
import { zoomable } from "./zoom.js";
import { fill } from "../shared/words.ts";

const STEP = 1.25;
const HUGE = 120_000_000; // pixels: larger pictures are decoded only on request

/** @typedef {import("../shared/types.ts").Env} Env */

/**
 * A decoded <img> of the artifact.
 * @param {Blob} blob
 * @param {Env} env
 * @returns {Promise<HTMLImageElement>}
 */
export async function decode(blob, { artifact, life }) {
	const picture = el("img", { class: "cy-v-picture", alt: artifact.name, draggable: "false" });
	picture.src = await imageSource(blob, artifact.mime, life);
	try {
		await picture.decode();
	} catch (error) {
		throw new Error(said.viewers.image_broken, { cause: error });
	}
	return picture;
}

/** @param {Env} env @returns {import("../shared/types.ts").View} the picture at full size */
export function imageView(env) {
	const { artifact, life } = env;
	const { signal } = life;
	const stage = el("div", {
		class: "cy-v-stage",
		tabindex: 0,
		role: "group",
		"aria-label": fill(said.viewers.image_name, { name: artifact.name }),
	});
	/** @type {ReturnType<typeof zoomable> | null} */
	let act = null;
	const level = button("100%", () => (act?.place.scale === 1 ? act.fit() : act?.zoom(1)), {
		title: said.viewers.zoom_level,
		class: "cy-v-level",
		signal,
	});
	const tools = [
		button(said.viewers.zoom_out, () => act?.zoom(act.place.scale / STEP), { icon: "minus", bare: true, signal }),
		level,
		button(said.viewers.zoom_in, () => act?.zoom(act.place.scale * STEP), { icon: "plus", bare: true, signal }),
		button(said.viewers.fit, () => act?.fit(), { icon: "fit", bare: true, signal }),
	];
	const onPlace = (/** @type {import("./zoom.js").Placement} */ place) => {
		const text = percent(place.scale);
		if (level.firstElementChild) level.firstElementChild.textContent = text;
	};
	const body = loadBytes(
		env,
		async (blob) => {
			const picture = await decode(blob, env);
			stage.replaceChildren(picture);
			requestAnimationFrame(() => {
				if (!life.ended) act = zoomable(stage, picture, life, onPlace);
			});
			return stage;
		},
		(artifact.width ?? 0) * (artifact.height ?? 0) > HUGE
			? { label: said.viewers.image_huge, over: 0 }
			: undefined,
	);
	const key = (/** @type {KeyboardEvent} */ event) => {
		if (!act) return false;
		const arrows = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
		const arrow = arrows[/** @type {keyof typeof arrows} */ (event.key)];
		if (arrow && stage.classList.contains("cy-v-zoomed")) act.move(arrow[0] ?? 0, arrow[1] ?? 0);
		else if (event.key === "+" || event.key === "=") act.zoom(act.place.scale * STEP);
		else if (event.key === "-" || event.key === "_") act.zoom(act.place.scale / STEP);
		else if (event.key === "0") act.fit();
		else if (event.key === "1") act.zoom(1);
		else return false;
		return true;
	};
	return { node: body, tools, key };
}
