// "Run again with changes": a form with the run's values, below the card. Nothing is paid for until Run is pressed.
import { el } from "../shared/dom.ts";
import { embed, type Embedded, type WidgetManager } from "../shared/embed.ts";
import type { Card } from "../shared/types.ts";
import { isOver } from "../shared/words.ts";
import type { Entry } from "./entries.ts";

const CONTROLS = ".cyf-fields :is(input, select, textarea)";

/** Where each card view's form goes, and whether it gets the focus when it appears. */
const places = new WeakMap<HTMLElement, { place: HTMLElement; asked: boolean }>();

/** Manages the form of one view's card, beside the card: the runs it starts have their own state. */
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

/** Scroll to the form once it exists: the card's own, or the one that started the card's run. */
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
	/** The menu doesn't wait: a busy kernel handles the request later. */
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
