// The menu "More": a button, and the entries of entries.ts in a popover, which no ancestor of the card can clip.
import { el, OWN_KEYS, setText } from "../shared/dom.ts";
import type { Card } from "../shared/types.ts";
import { ENTRIES, type Entry } from "./entries.ts";

const TOLD = 1_200; // ms for which a chosen entry's text is shown before the menu closes
const GAP = 4; // px between button and menu, and between menu and window

export function moreMenu(card: Card): { node: HTMLElement; close(): void } {
	const opener = el("button", { type: "button", class: "cy-btn cy-more", "aria-haspopup": "menu", "aria-label": said.more_actions, title: said.more_actions });
	const list = el("div", { class: "cy-menu", role: "menu", popover: "auto", "aria-label": said.more_actions });
	const node = el("span", { class: "cy-menu-place" }, opener, list);
	let closing: ReturnType<typeof setTimeout> | undefined;
	const isOpen = () => list.matches(":popover-open");

	opener.onclick = () => (isOpen() ? list.hidePopover() : open());
	list.addEventListener("toggle", () => {
		opener.ariaExpanded = String(isOpen());
		if (!isOpen()) clearTimeout(closing);
		else place();
	});
	list.onkeydown = (event) => {
		const items = [...list.querySelectorAll<HTMLElement>("button")];
		const at = items.indexOf(event.target as HTMLElement);
		const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
		if (to === undefined && event.key !== "Escape" && event.key !== "Tab") return;
		event.stopPropagation(); // the notebook would select another cell
		if (event.key === "Tab") return list.hidePopover();
		event.preventDefault();
		if (to === undefined) list.hidePopover();
		else items.at(to % items.length)?.focus();
	};
	function open(): void {
		list.replaceChildren(...ENTRIES.filter((entry) => entry.applies?.(card) ?? true).map(line));
		list.showPopover();
		list.querySelector("button")?.focus({ preventScroll: true });
	}
	/** Place the menu below the button, or above it if there is no room, with their end edges aligned. */
	function place(): void {
		const button = opener.getBoundingClientRect();
		const { width, height } = list.getBoundingClientRect();
		const below = button.bottom + GAP;
		const left = getComputedStyle(opener).direction === "rtl" ? button.left : button.right - width;
		list.style.top = `${below + height > innerHeight ? Math.max(GAP, button.top - GAP - height) : below}px`;
		list.style.left = `${Math.max(GAP, Math.min(left, innerWidth - width - GAP))}px`;
	}
	function line(entry: Entry): HTMLElement {
		const on = entry.checked?.(card);
		const role = on === undefined ? "menuitem" : "menuitemcheckbox";
		const item = el("button", { type: "button", class: "cy-menu-item", role, "aria-checked": on === undefined ? null : String(on), text: entry.label(card), ...OWN_KEYS });
		item.onclick = () => void choose(entry, item);
		return item;
	}
	async function choose(entry: Entry, item: HTMLElement): Promise<void> {
		try {
			const words = await entry.run(card);
			if (card.signal.aborted) return;
			if (words && isOpen()) {
				setText(item, words);
				closing = setTimeout(() => list.hidePopover(), TOLD);
			} else if (isOpen()) list.hidePopover();
		} catch (error) {
			if (isOpen()) list.hidePopover();
			if (!card.signal.aborted) card.tell((error as Error).message);
		}
	}
	return {
		node,
		close() {
			clearTimeout(closing);
		},
	};
}
