// The control of one field, by type. Each returns its node, the labelled element, and a function that sets its value.
import { el, OWN_KEYS } from "../shared/dom.ts";
import { fileControl, type FileLine } from "./file_control.ts";
import { numberControl, seedControl } from "./number_control.ts";
import type { FieldSpec, Value } from "./types.ts";

export interface ControlOptions {
	/** The id of the element that the label is for. */
	id: string;
	/** The user changed the value. */
	change(value: Value): void;
	signal: AbortSignal;
}
export interface Control {
	node: HTMLElement;
	/** The element that gets the label, the error description and the focus. */
	main: HTMLElement;
	/** Show a value; null is an empty field. */
	put(value: Value): void;
}

export function controlOf(spec: FieldSpec, options: ControlOptions & { draw(): void; file: FileLine }): Control {
	switch (spec.control) {
		case "number":
		case "integer":
			return numberControl(spec, options);
		case "seed":
			return seedControl(spec, options);
		case "boolean":
			return switchControl(options);
		case "select":
			return selectControl(spec, options);
		case "file":
			return fileControl(spec, options);
		default:
			return textControl(spec, options);
	}
}

function textControl(spec: FieldSpec, { id, change, signal }: ControlOptions): Control {
	const main = spec.multiline
		? el("textarea", { id, class: "cyf-input cyf-text", rows: 2, dir: "auto" })
		: el("input", { type: "text", id, class: "cyf-input", dir: "auto", autocomplete: "off" });
	// A cleared field is empty: the service's default applies.
	main.addEventListener("input", () => {
		grow();
		change(main.value === "" ? null : main.value);
	}, { signal });
	function grow(): void {
		if (main instanceof HTMLTextAreaElement) main.rows = Math.min(8, Math.max(2, main.value.split("\n").length));
	}
	return {
		...{ node: main, main },
		put(value) {
			const text = value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
			if (main.value !== text) main.value = text;
			grow();
		},
	};
}

function switchControl({ id, change, signal }: ControlOptions): Control {
	const main = el("input", { type: "checkbox", role: "switch", id, class: "cyf-switch" });
	main.addEventListener("change", () => change(main.checked), { signal });
	return {
		...{ node: main, main },
		put(value) {
			main.checked = value === true;
		},
	};
}

function selectControl(spec: FieldSpec, { id, change, signal }: ControlOptions): Control {
	const main = el("select", { id, class: "cyf-input cyf-select", ...OWN_KEYS });
	const choices: [Value, string][] = spec.required && spec.default !== null ? spec.options : [[null, "—"], ...spec.options];
	main.append(...choices.map(([, words], index) => el("option", { value: index, text: words })));
	main.addEventListener("change", () => change(choices[Number(main.value)]?.[0] ?? null), { signal });
	return {
		...{ node: main, main },
		put(value) {
			const index = choices.findIndex(([each]) => each === value);
			main.value = index < 0 ? "" : String(index);
		},
	};
}
