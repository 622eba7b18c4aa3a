// A number: a text box for the exact value, and a slider if it can reach every step.
import { button, el, OWN_KEYS } from "../shared/dom.ts";
import type { Control, ControlOptions } from "./control.ts";
import type { FieldSpec, Value } from "./types.ts";
import { fill } from "../shared/words.ts";

/** The typed text as a number if it is one: "1e3" is 1000, "" is empty, "abc" is kept for the kernel to reject. */
export function readNumber(typed: string): Value {
	const text = typed.trim().replace(/^(-?\d+),(\d+)$/, "$1.$2"); // a decimal comma
	if (text === "") return null;
	const value = Number(text);
	return Number.isFinite(value) ? value : typed;
}

export function numberControl(spec: FieldSpec, { id, change, signal }: ControlOptions): Control {
	// Text, not type=number, which hides invalid text and changes the value when the user scrolls the wheel.
	const box = el("input", {
		...{ type: "text", id, class: "cyf-input cyf-number", autocomplete: "off", spellcheck: "false" },
		inputmode: spec.control === "number" || (spec.minimum ?? -1) < 0 ? "text" : "numeric",
	});
	const slider = spec.slider ? rangeOf(spec) : null;
	box.addEventListener("input", () => {
		follow(readNumber(box.value));
		change(readNumber(box.value));
	}, { signal });
	box.addEventListener("keydown", (event) => {
		const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
		if (!direction) return;
		event.preventDefault();
		const value = stepped(spec, readNumber(box.value), direction * (event.shiftKey ? 10 : 1));
		put(value);
		change(value);
	}, { signal });
	slider?.addEventListener("input", () => {
		const value = rounded(slider.valueAsNumber, spec.step);
		box.value = String(value);
		change(value);
	}, { signal });

	function follow(value: Value): void {
		if (!slider) return;
		if (typeof value === "number") slider.value = String(value);
		const from = spec.minimum ?? 0;
		const span = (spec.maximum ?? 1) - from;
		slider.style.setProperty("--cy-at", `${(100 * (slider.valueAsNumber - from)) / span}%`);
	}
	function put(value: Value): void {
		const text = value === null ? "" : String(typeof value === "number" ? rounded(value, null) : value);
		if (box.value !== text) box.value = text;
		follow(value);
	}
	const node = el("div", { class: "cyf-numbers" }, slider, box);
	return { node, main: box, put };
}

/** A seed: a text box, and a button that draws a seed in the kernel, where it is recorded. */
export function seedControl(spec: FieldSpec, options: ControlOptions & { draw(): void }): Control {
	const control = numberControl({ ...spec, slider: false }, options);
	const dice = button(said.form.new_seed, options.draw, { icon: "dice", bare: true, signal: options.signal });
	control.main.setAttribute("placeholder", said.form.random);
	return { ...control, node: el("div", { class: "cyf-numbers" }, control.main, dice) };
}

function rangeOf(spec: FieldSpec): HTMLInputElement {
	return el("input", {
		...{ type: "range", class: "cyf-slider", "aria-label": fill(said.form.slider, { field: spec.label }) },
		...OWN_KEYS,
		...{ min: spec.minimum, max: spec.maximum, step: spec.step ?? "any" },
	});
}

/** The value `count` steps further, rounded to a step and within the bounds. */
export function stepped(spec: FieldSpec, from: Value, count: number): number {
	const step = spec.step ?? 1;
	const start = typeof from === "number" ? from : (spec.minimum ?? 0);
	const value = rounded(start + count * step, step);
	return Math.min(spec.maximum ?? Infinity, Math.max(spec.minimum ?? -Infinity, value));
}

/** Remove rounding errors of binary fractions: 0.1 + 0.2 is 0.3. */
export function rounded(value: number, step: number | null): number {
	if (!step) return Number(value.toPrecision(12));
	const digits = Math.max(0, Math.ceil(-Math.log10(step)) + 1);
	return Number(value.toFixed(Math.min(digits, 12)));
}
