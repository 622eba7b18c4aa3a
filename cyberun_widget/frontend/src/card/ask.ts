// A button that asks once, in place, before it does something that can't be taken back or that costs money.
import { el, plainButton } from "../shared/dom.ts";

export interface AskOptions {
	/** The button's name. */
	label: string;
	question: string;
	/** Names of the two answers. */
	yes: string;
	no: string;
	onYes(): void;
}

export interface AskButton {
	node: HTMLElement;
	/** Whether it applies; where it doesn't, an open question closes. */
	update(state: { shown: boolean; disabled?: boolean }): void;
}

/**
 * "No" stands where the button was, and has the focus: a double click, or Enter pressed twice, does nothing.
 */
export function askButton({ label, question, yes, no, onYes }: AskOptions): AskButton {
	const open = plainButton(label, () => open.ariaDisabled !== "true" && ask(true));
	const agree = plainButton(yes, () => {
		ask(false);
		onYes();
	});
	const refuse = plainButton(no, () => ask(false));
	const words = el("span", { class: "cy-question", text: question });
	const asked = el("span", { class: "cy-asked", role: "group", "aria-label": question, hidden: true }, words, agree, refuse);
	asked.onkeydown = (event) => {
		if (event.key !== "Escape") return;
		event.stopPropagation(); // the notebook's own meaning: leave the cell
		ask(false);
	};
	const node = el("span", { class: "cy-ask" }, asked, open);
	function ask(on: boolean): void {
		asked.hidden = !on;
		open.hidden = on;
		(on ? refuse : open).focus({ preventScroll: true });
	}
	return {
		node,
		update({ shown, disabled = false }) {
			if (!shown || disabled) {
				asked.hidden = true;
				open.hidden = false;
			}
			node.hidden = !shown;
			open.ariaDisabled = disabled ? "true" : null;
		},
	};
}
