// Two pictures in one frame, divided by a slider.
import { decode } from "./image.js";
import { el } from "../shared/dom.ts";
import { percent } from "../shared/units.ts";
import { load } from "./loading.js";

/** @typedef {import("../shared/types.ts").Artifact} Artifact */

/**
 * @param {import("../shared/types.ts").Env} env the dialog's; its artifact is initially on the left
 * @param {Artifact[]} pictures two or more
 * @returns {import("../shared/types.ts").View}
 */
export function compareView(env, pictures) {
	const { signal } = env.life;
	const at = Math.max(
		0,
		pictures.findIndex(({ key }) => key === env.artifact.key),
	);
	const second = at + 1 < pictures.length ? at + 1 : at - 1;
	const [low, high] = [Math.min(at, second), Math.max(at, second)];
	const body = el("div", { class: "cy-v-compare-host" });
	const left = picker(said.viewers.compare_before, pictures, low);
	const right = picker(said.viewers.compare_after, pictures, high);
	const refresh = () => {
		const [before, after] = [pictures[Number(left.value)], pictures[Number(right.value)]];
		if (before && after) body.replaceChildren(pair(env, before, after));
	};
	left.addEventListener("change", refresh, { signal });
	right.addEventListener("change", refresh, { signal });
	refresh();
	const tools = pictures.length > 2 ? [left, right] : [];
	return { node: body, tools };
}

/** @param {string} label @param {Artifact[]} pictures @param {number} chosen */
function picker(label, pictures, chosen) {
	const node = el("select", { class: "cy-v-select", "aria-label": label });
	node.append(...pictures.map(({ name }, index) => el("option", { value: index, text: name })));
	node.value = String(chosen);
	return node;
}

/**
 * @param {import("../shared/types.ts").Env} env
 * @param {Artifact} before
 * @param {Artifact} after
 */
function pair(env, before, after) {
	const fetchOne = async (/** @type {Artifact} */ artifact, /** @type {AbortSignal} */ signal) =>
		decode(await env.ctx.bytes(artifact.key, { signal }), { ...env, artifact });
	return load(env, {
		label: said.viewers.compare_loading,
		ask: ({ signal }) => Promise.all([fetchOne(before, signal), fetchOne(after, signal)]),
		show: ([a, b]) => slider(a, b, before, after, env.life.signal),
	});
}

/**
 * A range input over both pictures: the browser supports mouse, touch, keys and screen readers.
 * @param {HTMLImageElement} a
 * @param {HTMLImageElement} b
 * @param {Artifact} before
 * @param {Artifact} after
 * @param {AbortSignal} signal
 */
function slider(a, b, before, after, signal) {
	const range = el("input", {
		type: "range",
		class: "cy-v-range",
		min: 0,
		max: 100,
		step: 0.5,
		value: 50,
		"aria-label": said.viewers.compare_divider,
	});
	const frame = el(
		"div",
		{ class: "cy-v-compare" },
		b,
		a,
		range,
		el("div", { class: "cy-v-handle", "aria-hidden": "true" }),
		el("span", { class: "cy-v-tag cy-v-tag-left", text: before.name }),
		el("span", { class: "cy-v-tag cy-v-tag-right", text: after.name }),
	);
	const [width, height] = [Math.max(a.naturalWidth, b.naturalWidth, 1), Math.max(a.naturalHeight, b.naturalHeight, 1)];
	frame.style.setProperty("--cy-ratio", String(width / height));
	frame.style.setProperty("--cy-natural", `${width}px`);
	const place = () => {
		frame.style.setProperty("--cy-at", `${range.value}%`);
		range.setAttribute("aria-valuetext", `${percent(Number(range.value) / 100)} ${before.name}`);
	};
	range.addEventListener("input", place, { signal });
	place();
	requestAnimationFrame(() => range.focus({ preventScroll: true }));
	return el("div", { class: "cy-v-compare-stage" }, frame);
}
