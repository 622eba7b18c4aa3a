// "Notify me": notifies once when a task ends, by a mark in the tab's title and, if allowed, a browser notification.
// The state is shared by the page: two views of a card, or two cards of one task, notify once.
import { page } from "../shared/page.ts";
import type { Card } from "../shared/types.ts";
import { isOver } from "../shared/words.ts";
import type { Entry } from "./entries.ts";
import { mark, type Verdict } from "./mark.ts";
import { notice, permission } from "./notification.ts";

const CAUSE = 160; // maximum characters of the cause in a notification

const told = new Set<string>(); // tasks
const wished = new Map<string, boolean>(); // task -> what was clicked, until the kernel has received it

const ended = ({ model }: Card) => isOver(model.get("status"));
const wanted = ({ model }: Card) => wished.get(model.get("task_id")) ?? Boolean(model.get("notify"));

/** Watch for the end of one view's task, and notify if requested. Ignores ends from before this page was loaded. */
export function watchEnd(card: Card): () => void {
	const { model } = card;
	const first = model.get("task_id");
	let settled = ended(card) && !page.going.has(first) ? first : ""; // the task whose end has been handled
	return () => {
		const task = model.get("task_id");
		if (wished.get(task) === Boolean(model.get("notify"))) wished.delete(task);
		if (!ended(card) || settled === task) return;
		settled = task;
		page.going.delete(task);
		const { fresh, title } = model.get("_facts");
		if (!fresh || !wanted(card) || told.has(task)) return;
		told.add(task);
		const verdict = model.get("status") as Verdict;
		mark(verdict);
		const error = verdict === "failed" ? (model.get("error") ?? "").trim() : "";
		const cause = error.length > CAUSE ? `${error.slice(0, CAUSE - 1)}…` : error;
		notice({ task, verdict, title: title || said.untitled, label: model.get("label") ?? "", cause });
	};
}

export const notifyMe: Entry = {
	label: () => said.notify_me,
	applies: (card) => !ended(card),
	checked: wanted,
	async run(card) {
		const on = !wanted(card);
		const task = card.model.get("task_id");
		wished.set(task, on); // takes effect at once, even if the kernel is busy
		card.channel.ask("notify", { on }, { timeout: Infinity }).catch((error: Error) => {
			wished.delete(task);
			if (!card.signal.aborted) card.tell(error.message);
		});
		if (!on) return said.notify_off;
		// Ask for permission only here: browsers require a click for it.
		if (permission() === "default") await Notification.requestPermission();
		return permission() === "granted" ? said.notify_both : said.notify_title;
	},
};
