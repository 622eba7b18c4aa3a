// A button that asks for confirmation in place before an action that can't be undone or that costs money.
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
	/** Whether it applies; if not, an open question closes. */
	update(state: { shown: boolean; disabled?: boolean }): void;
}

/**
 * "No" replaces the button and gets the focus, so a double click, or pressing Enter twice, does nothing.
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
		event.stopPropagation(); // the notebook would leave the cell
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
