// One field: label, control, help, a mark for a changed value, and the error.
import { el, setAttributes, setText } from "../shared/dom.ts";
import { controlOf } from "./control.ts";
import type { FileLine } from "./file_control.ts";
import type { FieldSpec, Value } from "./types.ts";
import { fill } from "../shared/words.ts";

let count = 0; // ids must be unique in the page, and one form may have two views

export interface FieldView {
	node: HTMLElement;
	spec: FieldSpec;
	/** Show the kernel's state. */
	update(value: Value, error: string | undefined): void;
	focus(): void;
}

export interface FieldOptions {
	change(value: Value): void;
	draw(): void;
	file: FileLine;
	signal: AbortSignal;
}

export function fieldView(spec: FieldSpec, options: FieldOptions): FieldView {
	const id = `cyberun-field-${(count += 1)}`;
	const control = controlOf(spec, { ...options, id });
	const error = el("p", { class: "cyf-field-error", id: `${id}-error` });
	const help = el("p", { class: "cyf-help", id: `${id}-help`, dir: "auto", text: helpOf(spec) });
	const reset = el("button", { type: "button", class: "cyf-reset" });
	reset.addEventListener("click", () => {
		options.change(spec.default);
		control.put(spec.default);
		control.main.focus();
	}, { signal: options.signal });
	const label = el("label", { for: id, class: "cyf-label", dir: "auto" }, spec.label);
	if (spec.required) label.append(el("span", { class: "cyf-required", title: said.form.required, "aria-hidden": "true", text: "*" }));
	const node = el(
		"div",
		{ class: "cyf-field", "data-field": spec.key, "data-control": spec.control },
		el("div", { class: "cyf-field-head" }, label, reset),
		control.node,
		error,
		help,
	);
	help.hidden = help.textContent === "";
	setAttributes(control.main, { "aria-required": spec.required && "true" });
	return {
		...{ node, spec },
		update(value, words) {
			control.put(value);
			setText(error, words ?? "");
			const changed = !same(value, spec.default);
			setAttributes(node, { "data-changed": changed && "true", "data-wrong": words && "true" });
			setAttributes(control.main, {
				"aria-invalid": words ? "true" : null,
				"aria-describedby": [words && error.id, help.textContent && help.id].filter(Boolean).join(" ") || null,
			});
			const back = changed && spec.default !== null;
			setText(reset, back ? fill(said.form.default, { value: shown(spec) }) : "");
			setAttributes(reset, { "aria-label": back && fill(said.form.reset, { field: spec.label, value: shown(spec) }) });
		},
		focus: () => control.main.focus(),
	};
}

function same(a: Value, b: Value): boolean {
	return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function shown(spec: FieldSpec): string {
	if (spec.control === "boolean") return spec.default === true ? said.form.on : said.form.off;
	const text = spec.options.find(([value]) => value === spec.default)?.[1] ?? String(spec.default);
	return text.length > 24 ? `${text.slice(0, 23)}…` : text;
}

/** The workflow's help text, the bounds, and an explanation of an unknown type. */
function helpOf(spec: FieldSpec): string {
	const bounds =
		spec.minimum !== null && spec.maximum !== null
			? fill(said.form.between, { minimum: spec.minimum, maximum: spec.maximum })
			: spec.minimum !== null
				? fill(said.form.at_least, { minimum: spec.minimum })
				: spec.maximum !== null
					? fill(said.form.at_most, { maximum: spec.maximum })
					: "";
	const unknown = spec.control === "other" ? fill(said.form.unknown_type, { type: spec.type }) : "";
	return [spec.help, spec.control === "seed" ? "" : bounds, unknown].filter(Boolean).join(" · ");
}
