// "Run again with changes": a form on the run's values, below the card. Nothing is paid for before its Run is pressed.
import { el } from "../shared/dom.ts";
import { embed, type Embedded, type WidgetManager } from "../shared/embed.ts";
import type { Card } from "../shared/types.ts";
import { isOver } from "../shared/words.ts";
import type { Entry } from "./entries.ts";

const CONTROLS = ".cyf-fields :is(input, select, textarea)";

/** Where the form of each card's view goes, and whether it is to have the focus when it comes. */
const places = new WeakMap<HTMLElement, { place: HTMLElement; asked: boolean }>();

/** Keeps the form of one view's card, beside the card: what it runs has a state of its own. */
export function formBelow({ model, root, signal }: Card): { update(): void } {
	const place = el("div", { class: "cy-form" });
	let shown: { id: string; form: Embedded } | null = null;
	const arrival = new MutationObserver(() => lead(root));
	places.set(root, { place, asked: false });
	signal.addEventListener("abort", () => {
		arrival.disconnect();
		place.remove();
	}, { once: true });
	return {
		update() {
			const id = model.get("_facts").form ?? "";
			if ((shown?.id ?? "") === id) return;
			shown?.form.remove();
			shown = id ? { id, form: embed(model as { widget_manager?: WidgetManager }, id, signal) } : null;
			place.replaceChildren(...(shown ? [shown.form.node] : []));
			root.after(place);
			arrival.observe(place, { childList: true, subtree: true });
		},
	};
}

/** Lead to the form, once it is there: the card's own, or the one that the card's run came from. */
function lead(root: HTMLElement): void {
	const found = places.get(root);
	if (!found?.asked) return;
	const form = found.place.querySelector(".cyberun-form") ?? root.closest(".cyberun-form");
	const first = form?.querySelector<HTMLElement>(CONTROLS);
	if (!first) return;
	found.asked = false;
	first.focus({ preventScroll: true });
	form?.scrollIntoView({ block: "nearest" });
}

export const editRun: Entry = {
	label: () => said.run_with_changes,
	applies: ({ model }) => isOver(model.get("status")),
	/** The menu doesn't wait: a busy kernel gets to it later. */
	run({ channel, model, root, signal, tell }) {
		const found = places.get(root);
		tell("");
		channel.ask("edit", { task_id: model.get("task_id") }, { timeout: Infinity }).then(
			() => {
				if (found) found.asked = true;
				lead(root);
			},
			(error: Error) => !signal.aborted && tell(error.message),
		);
	},
};
