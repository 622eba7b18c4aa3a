// A search field with the number of matches, and buttons for the previous and next match.
import { button, el, icon } from "../../shared/dom.ts";
import { fill } from "../../shared/words.ts";

/**
 * @param {object} options
 * @param {string} options.label
 * @param {(words: string) => number} options.onSearch returns the number of matches
 * @param {(step: 1 | -1) => number} options.onStep returns the number of the match now shown, from 1
 * @param {import("../../shared/life.ts").Life} options.life
 * @returns {HTMLElement}
 */
export function searchBox({ label, onSearch, onStep, life }) {
	const { signal } = life;
	const field = el("input", {
		type: "search",
		class: "cy-v-field",
		placeholder: label,
		"aria-label": label,
		spellcheck: "false",
		autocomplete: "off",
	});
	const told = el("span", { class: "cy-v-count", "aria-live": "polite" });
	let found = 0;
	const say = (/** @type {number} */ at) => {
		told.textContent = field.value === "" ? "" : found === 0 ? said.viewers.match_none : fill(said.viewers.match_count, { at, found });
		for (const arrow of arrows) arrow.disabled = found === 0;
	};
	const step = (/** @type {1 | -1} */ by) => found > 0 && say(onStep(by));
	const arrows = [
		button(said.viewers.match_previous, () => step(-1), { icon: "back", bare: true, signal }),
		button(said.viewers.match_next, () => step(1), { icon: "next", bare: true, signal }),
	];
	let timer = 0;
	const run = () => {
		found = field.value === "" ? onSearch("") : onSearch(field.value);
		say(found > 0 ? onStep(1) : 0);
	};
	field.addEventListener(
		"input",
		() => {
			clearTimeout(timer);
			timer = setTimeout(run, 120);
		},
		{ signal },
	);
	life.onEnd(() => clearTimeout(timer));
	field.addEventListener(
		"keydown",
		(event) => {
			if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
			else if (event.key === "Escape" && field.value !== "") {
				field.value = "";
				run();
			} else return;
			event.preventDefault();
			event.stopPropagation();
		},
		{ signal },
	);
	say(0);
	return el("div", { class: "cy-v-search" }, icon("search"), field, told, ...arrows);
}
