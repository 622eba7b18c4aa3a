// Actions for all points of a row or column.
import { askButton } from "../card/ask.ts";
import { el, OWN_KEYS, setText } from "../shared/dom.ts";
import { many } from "../shared/units.ts";
import type { Cell } from "../group/types.ts";
import { ACTIVE, countsText } from "../group/words.ts";
import { fill } from "../shared/words.ts";

const AGAIN: ReadonlySet<string> = new Set(["failed", "cancelled", "error"]);

export interface LinesOptions {
	at(point: number): Cell;
	/** Whether points can be run again. */
	sweep(): boolean;
	onRetry(points: number[]): void;
	onCancel(points: number[]): void;
	/** Star these points, or remove their stars. */
	onStar(points: number[], on: boolean): void;
	starred(point: number): boolean;
}

export interface Lines {
	node: HTMLElement;
	open(points: readonly number[], name: string): void;
	update(): void;
}

export function lines({ at, sweep, onRetry, onCancel, onStar, starred }: LinesOptions): Lines {
	let line: readonly number[] = [];
	let opener: Element | null = null;
	const those = (fits: (point: number) => boolean) => line.filter(fits);
	const failed = () => those((point) => AGAIN.has(at(point).status));
	const active = () => those((point) => ACTIVE.has(at(point).status));

	const title = el("b");
	const told = el("span", { class: "cy-g-found" });
	const retry = askButton({
		...{ label: said.sweep.retry_these, question: said.sweep.retry_these_question, yes: said.run_again_yes, no: said.run_again_no },
		onYes: () => onRetry(failed()),
	});
	const cancel = askButton({
		...{ label: said.sweep.cancel_these, question: said.sweep.cancel_these_question, yes: said.cancel_yes, no: said.sweep.cancel_all_no },
		onYes: () => onCancel(active()),
	});
	const star = el("button", { ...OWN_KEYS, type: "button", class: "cy-btn", "aria-pressed": "false", text: said.sweep.star_these });
	star.onclick = () => onStar([...line], star.ariaPressed !== "true");
	const shut = el("button", { ...OWN_KEYS, type: "button", class: "cy-g-icon", "aria-label": said.viewers.close, title: said.viewers.close, text: "×" });
	const close = () => {
		node.hidden = true;
		line = [];
		if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
	};
	shut.onclick = close;
	const node = el("div", { class: "cy-g-lines", role: "group", hidden: true }, title, told, retry.node, cancel.node, star, shut);
	node.onkeydown = (event) => {
		if (event.key !== "Escape") return;
		event.stopPropagation();
		close();
	};

	function update(): void {
		if (node.hidden) return;
		const counts = new Map<string, number>();
		for (const point of line) counts.set(at(point).status, (counts.get(at(point).status) ?? 0) + 1);
		setText(told, countsText(counts));
		retry.update({ shown: sweep() && failed().length > 0 });
		cancel.update({ shown: active().length > 0 });
		star.ariaPressed = String(line.length > 0 && line.every(starred));
	}

	return {
		node,
		open(points, name) {
			opener = document.activeElement;
			line = points;
			node.hidden = false;
			setText(title, name);
			node.ariaLabel = fill(said.sweep.line_name, { name, points: many(points.length, "point") });
			update();
			shut.focus({ preventScroll: true });
		},
		update,
	};
}
