// A card's actions beyond cancelling its task: remedies, run again, save, copy, and the menu "More".
// Sent once per page, when the first card is drawn. Every action needs the kernel, so nothing is lost without it.
// Also tells the kernel whether the card is visible.
import { plainButton, setAttributes } from "../shared/dom.ts";
import { watchSight } from "../shared/sight.ts";
import { adopt } from "../shared/style.ts";
import type { Action, Card, Part, Traits } from "../shared/types.ts";
import { askButton } from "../card/ask.ts";
import css from "./actions.css";
import { copiesDetails, copiesId } from "./copying.ts";
import { formBelow } from "./editing.ts";
import { glide } from "./glide.ts";
import { moreMenu } from "./menu.ts";
import { watchEnd } from "./notify_me.ts";

/** Add the buttons to one view of a card. */
export function attach(card: Card): Part {
	const { root, order, channel } = card;
	const place = (name: string) => root.querySelector<HTMLElement>(`.cy-${name}`)!;
	const runAgain = askButton({
		...{ label: said.run_again, question: said.run_again_question, yes: said.run_again_yes, no: said.run_again_no },
		onYes: () => order("run_again"),
	});
	const buttons = {
		reconnect: plainButton(said.reconnect, () => order("reconnect")),
		resume: plainButton(said.resume, () => order("resume")),
		fetch_again: plainButton(said.fetch_again, () => order("fetch_again")),
		save_all: plainButton(said.save_all, () => order("save_all")),
	};
	for (const [action, node] of Object.entries(buttons)) node.dataset["action"] = action;
	buttons.save_all.title = said.save_all_hint;
	const menu = moreMenu(card);
	const form = formBelow(card);
	const lookForEnd = watchEnd(card);
	const unwatch = watchSight(root, channel);
	const height = glide(place("card"));
	let task = "";

	place("id").after(copiesId(card));
	place("acts").prepend(buttons.reconnect);
	place("acts").append(buttons.save_all, menu.node);
	place("notes").append(buttons.resume, buttons.fetch_again);
	place("why").after(copiesDetails(card));
	setAttributes(place("details"), { tabindex: 0, role: "region", "aria-label": said.details });
	place("next").append(runAgain.node);

	return {
		update({ task_id: shown, status, _facts: { actions = [] } }: Traits) {
			form.update();
			lookForEnd();
			if (root.isConnected) adopt(root, css); // earlier, its shadow root isn't known
			height.update(status);
			for (const name of ["title", "about"]) place(name).title = place(name).textContent; // for when it is cut off
			place("id").title = shown;
			const apply = (action: Action) => shown === task && actions.includes(action);
			runAgain.update({ shown: apply("run_again") });
			for (const [action, node] of Object.entries(buttons)) node.hidden = !apply(action as Action);
			if (shown !== task) {
				task = shown; // run again: questions about the old task are already closed
				this.update(card.traits());
			}
		},
		close() {
			unwatch();
			height.close();
			menu.close();
		},
	};
}
