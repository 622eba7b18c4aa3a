// Pictures: one to look into, and one in a tile.
import { imageSource, posterSource } from "../shared/blobs.ts";
import { button, el, icon } from "../shared/dom.ts";
import { percent } from "../shared/units.ts";
import { loadBytes, reason } from "./loading.js";
import { zoomable } from "./zoom.js";

const STEP = 1.25;
const HUGE = 120_000_000; // pixels; more than this is asked for, not just decoded

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
		const words = "This image is incomplete, damaged, or in a format that this browser can’t show.";
		throw new Error(words, { cause: error });
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
		"aria-label": `${artifact.name}. Plus and minus zoom, 0 fits, arrows move.`,
	});
	/** @type {ReturnType<typeof zoomable> | null} */
	let act = null;
	const level = button("100%", () => (act?.place.fitted ? act.zoom(1) : act?.fit()), {
		title: "Toggle between fit and 100%",
		class: "cy-v-level",
		signal,
	});
	const tools = [
		button("Zoom out", () => act?.zoom(act.place.scale / STEP), { icon: "minus", bare: true, signal }),
		level,
		button("Zoom in", () => act?.zoom(act.place.scale * STEP), { icon: "plus", bare: true, signal }),
		button("Fit", () => act?.fit(), { icon: "fit", bare: true, signal }),
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
			? { label: "Very large image: show anyway", over: 0 }
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

/**
 * The picture as it stands in a tile: the poster, or the file itself where it moves or came without a poster.
 * @param {Env} env
 * @returns {HTMLElement}
 */
export function imageThumb(env) {
	const { artifact, ctx, life } = env;
	const size = artifact.size ?? 0;
	const moving = /^image\/(gif|webp)$/.test(artifact.mime) && size < 8_000_000;
	const poster = posterSource(artifact, life);
	const host = el("span", { class: "cy-v-thumbhost" });
	if (poster) host.append(el("img", { class: "cy-v-thumb", alt: artifact.name, src: poster }));
	else host.append(icon("image"), el("span", { class: "cy-v-muted", text: artifact.name }));
	const whole = async () => {
		try {
			const picture = await decode(await ctx.bytes(artifact.key, { signal: life.signal }), env);
			picture.className = "cy-v-thumb";
			if (!life.ended) host.replaceChildren(picture);
		} catch (error) {
			host.title = reason(error); // the tile still opens, and says there what is wrong
		}
	};
	if (moving || (!poster && size < 32_000_000)) void whole();
	return host;
}
