// Controls for what the sheet shows of each point, the sort order, and the filter.
import { el, setText } from "../shared/dom.ts";
import type { View } from "../group/arrange.ts";
import type { Choice } from "../group/controls.ts";
import type { Facts, Layout } from "../group/types.ts";
import { statusName } from "../group/words.ts";
import { fill } from "../shared/words.ts";

export interface ToolsOptions {
	onView(change: Partial<View>): void;
	onChoice(change: Partial<Choice>): void;
	signal: AbortSignal;
}

export interface Tools {
	node: HTMLElement;
	update(layout: Layout, facts: Facts, statuses: readonly string[], rejected: number, shown: string): void;
}

export function tools({ onView, onChoice, signal }: ToolsOptions): Tools {
	const output = select(said.sweep.output, (value) => onChoice({ output: value }));
	const colour = select(said.sweep.colour_by, (value) => onChoice({ colour: value }));
	const sort = select(said.sweep.sort_by, (value) => onView({ sort: value }));
	const status = select(said.sweep.status, (value) => onView({ status: value }));
	const direction = el("button", { type: "button", class: "cy-g-icon cy-g-direction", "aria-pressed": "false", "aria-label": said.sweep.descending, title: said.sweep.descending, text: "↓" });
	const filter = el("input", { class: "cy-g-input", type: "search", placeholder: said.sweep.filter_hint, "aria-label": said.sweep.filter, autocomplete: "off" });
	const hide = el("button", { type: "button", class: "cy-btn", "aria-pressed": "false", text: said.sweep.hide_rejected });
	const found = el("span", { class: "cy-g-found" });
	const node = el("div", { class: "cy-g-tools", role: "group", "aria-label": said.sweep.view }, output.node, colour.node, sort.node, direction, status.node, filter, hide, found);

	const toggle = (button: HTMLElement, then: (on: boolean) => void) =>
		button.addEventListener(
			"click",
			() => {
				const on = button.ariaPressed !== "true";
				button.ariaPressed = String(on);
				then(on);
			},
			{ signal },
		);
	toggle(direction, (descending) => onView({ descending }));
	toggle(hide, (hideRejected) => onView({ hideRejected }));
	filter.addEventListener("input", () => onView({ filter: filter.value }), { signal });
	filter.addEventListener("keydown", (event) => event.stopPropagation(), { signal });

	function select(label: string, change: (value: string) => void) {
		const field = el("select", { class: "cy-g-select", "aria-label": label });
		field.addEventListener("change", () => change(field.value), { signal });
		let told = "";
		return {
			node: field,
			offer(options: readonly (readonly [value: string, text: string])[]) {
				const state = JSON.stringify(options);
				if (state === told) return;
				told = state;
				const before = field.value;
				field.replaceChildren(...options.map(([value, text]) => el("option", { value, text })));
				field.value = options.some(([value]) => value === before) ? before : "";
				field.hidden = options.length < 2;
			},
		};
	}

	return {
		node,
		update({ axes }, { outputs, metrics }, statuses, rejected, shown) {
			const named = outputs.map(({ key, name, kind }) => [key, `${name}${kind === "image" ? "" : ` (${kind})`}`] as const);
			const numbers = metrics.map((name) => [`metric:${name}`, name] as const);
			output.offer([["", said.sweep.first_picture], ...(named.length > 1 ? named : []), ...numbers]);
			colour.offer([["", said.sweep.no_colour], ...metrics.map((name) => [name, fill(said.sweep.colour, { name })] as const)]);
			const parameters = axes.flatMap(({ names }) => names);
			sort.offer([["", said.sweep.by_axes], ...[...parameters, ...metrics, "seconds", "status"].map((name) => [name, fill(said.sweep.sort, { name })] as const)]);
			status.offer([["", said.sweep.any_status], ...statuses.map((name) => [name, statusName(name)] as const)]);
			hide.hidden = rejected === 0;
			direction.hidden = sort.node.value === "";
			setText(found, shown);
		},
	};
}
