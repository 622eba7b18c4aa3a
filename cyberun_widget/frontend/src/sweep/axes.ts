// The axes and their roles: rows, columns or pages. Moved by dragging or with the arrow keys; extended with "+".
import { askButton } from "../card/ask.ts";
import { el, plainButton } from "../shared/dom.ts";
import type { Role } from "../group/arrange.ts";
import type { Layout } from "../group/types.ts";
import { many } from "../shared/units.ts";
import { fill, fillNodes } from "../shared/words.ts";

const ROLES: readonly Role[] = ["rows", "columns", "pages"];
const TITLES: Readonly<Record<Role, string>> = { rows: said.sweep.rows, columns: said.sweep.columns, pages: said.sweep.pages };

export interface AxesOptions {
	onMove(axis: number, role: Role): void;
	onPage(axis: number, step: number): void;
	/** Runs the new points, after the user has confirmed. */
	onGrow(axis: number, values: string): void;
	signal: AbortSignal;
}

export interface AxesBar {
	node: HTMLElement;
	update(layout: Layout, roles: readonly Role[], page: readonly number[]): void;
}

export function axesBar({ onMove, onPage, onGrow, signal }: AxesOptions): AxesBar {
	const node = el("div", { class: "cy-g-axes", role: "group", "aria-label": said.sweep.axes });
	const zones = Object.fromEntries(ROLES.map((role) => [role, zone(role)])) as Record<Role, HTMLElement>;
	const growing = el("form", { class: "cy-g-grow", hidden: true });
	node.append(...ROLES.map((role) => zones[role]), growing);
	let layout: Layout | null = null;
	let told = "";

	function zone(role: Role): HTMLElement {
		const chips = el("span", { class: "cy-g-chips" });
		const made = el("div", { class: "cy-g-zone", "data-role": role }, el("span", { class: "cy-g-zone-name", text: TITLES[role] }), chips);
		made.addEventListener("dragover", (event) => event.preventDefault(), { signal });
		made.addEventListener(
			"drop",
			(event) => {
				event.preventDefault();
				const axis = Number(event.dataTransfer?.getData("text/plain") || NaN);
				if (layout?.axes[axis]) onMove(axis, role);
			},
			{ signal },
		);
		return made;
	}

	function chip(axis: number, title: string, role: Role): HTMLElement {
		const button = el("button", {
			type: "button",
			class: "cy-g-chip",
			draggable: "true",
			"data-axis": axis,
			"aria-label": fill(said.sweep.axis_name, { axis: title, role: TITLES[role].toLowerCase() }),
			title: said.sweep.axis_hint,
		});
		button.append(el("bdi", { text: title }));
		button.addEventListener("dragstart", (event) => event.dataTransfer?.setData("text/plain", String(axis)), { signal });
		button.addEventListener(
			"keydown",
			(event) => {
				const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
				const wanted = ROLES[ROLES.indexOf(role) + by];
				if (!by || !wanted) return;
				event.preventDefault();
				event.stopPropagation();
				onMove(axis, wanted);
				node.querySelector<HTMLElement>(`[data-axis="${axis}"]`)?.focus();
			},
			{ signal },
		);
		button.addEventListener("click", () => onMove(axis, ROLES[(ROLES.indexOf(role) + 1) % ROLES.length] ?? "rows"), { signal });
		return button;
	}

	function pages(axis: number, title: string, steps: readonly string[], page: number): HTMLElement {
		const select = el("select", { class: "cy-g-select", "aria-label": fill(said.sweep.page, { axis: title }) });
		select.append(...steps.map((step, index) => el("option", { value: index, text: fill(said.sweep.page_of, { step, number: index + 1, count: steps.length }) })));
		select.value = String(page);
		select.addEventListener("change", () => onPage(axis, Number(select.value)), { signal });
		return select;
	}

	function plus(axis: number, title: string): HTMLElement {
		const label = fill(said.sweep.add_to, { axis: title });
		const button = el("button", { type: "button", class: "cy-g-plus", text: "+", "aria-label": label, title: label });
		button.addEventListener("click", () => grow(axis, title), { signal });
		return button;
	}

	/** Ask for the values, then for confirmation, since the new points are paid for. */
	function grow(axis: number, title: string): void {
		const field = el("input", { class: "cy-g-input", "aria-label": fill(said.sweep.add_values, { axis: title }), placeholder: "40, 50", autocomplete: "off" });
		const others = layout ? layout.axes.reduce((product, { steps }, index) => (index === axis ? product : product * steps.length), 1) : 1;
		const close = () => {
			growing.hidden = true;
			growing.replaceChildren();
			node.querySelector<HTMLElement>(`[data-axis="${axis}"]`)?.focus();
		};
		const ask = askButton({
			label: said.sweep.add,
			question: fill(said.sweep.add_question, { points: many(others, "point") }),
			yes: said.sweep.add_yes,
			no: said.run_again_no,
			onYes: () => {
				onGrow(axis, field.value);
				close();
			},
		});
		const check = () => ask.update({ shown: true, disabled: !field.value.trim() });
		field.addEventListener("input", check, { signal });
		growing.onsubmit = (event) => {
			event.preventDefault();
			ask.node.querySelector("button:last-of-type")?.dispatchEvent(new MouseEvent("click"));
		};
		growing.onkeydown = (event) => {
			event.stopPropagation();
			if (event.key === "Escape") close();
		};
		growing.replaceChildren(el("span", {}, ...fillNodes(said.sweep.more_values, { axis: el("b", { text: title }) })), field, ask.node, plainButton(said.viewers.close, close));
		growing.hidden = false;
		check();
		field.focus();
	}

	return {
		node,
		update(next, roles, page) {
			layout = next;
			const state = JSON.stringify([next.axes.map(({ title, steps }) => [title, steps]), roles, page, next.extends]);
			if (state === told) return;
			told = state;
			node.hidden = next.axes.length === 0;
			const last = zones.pages.querySelector<HTMLElement>(".cy-g-zone-name");
			if (last) last.textContent = next.axes.length > 1 ? TITLES.pages : said.sweep.wrapped;
			for (const role of ROLES) {
				const chips = next.axes.flatMap(({ title, steps, names }, axis) => {
					if (roles[axis] !== role) return [];
					const parts: HTMLElement[] = [chip(axis, title, role)];
					if (role === "pages" && next.axes.length > 1) parts.push(pages(axis, title, steps, page[axis] ?? 0));
					if (next.extends && names.length === 1) parts.push(plus(axis, title));
					return parts;
				});
				zones[role].querySelector(".cy-g-chips")?.replaceChildren(...chips);
				zones[role].toggleAttribute("data-empty", chips.length === 0);
			}
		},
	};
}
