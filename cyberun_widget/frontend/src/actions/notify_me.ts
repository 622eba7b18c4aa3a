// "Notify me": tells once when a task ends, by a mark in the tab's title and a notification where the browser may.
// What it knows is the page's: two views of a card, or two cards of one task, tell once.
import { page } from "../shared/page.ts";
import type { Card } from "../shared/types.ts";
import { isOver } from "../shared/words.ts";
import type { Entry } from "./entries.ts";
import { mark, type Verdict } from "./mark.ts";
import { notice, permission } from "./notification.ts";

const CAUSE = 160; // characters of a notification

const told = new Set<string>(); // tasks
const wished = new Map<string, boolean>(); // task -> what was clicked, until the kernel has heard

const ended = ({ model }: Card) => isOver(model.get("status"));
const wanted = ({ model }: Card) => wished.get(model.get("task_id")) ?? Boolean(model.get("notify"));

/** Look whether one view's task ends, and tell if that is wanted then. What ended before this page saw it is old news. */
export function watchEnd(card: Card): () => void {
	const { model } = card;
	const first = model.get("task_id");
	let settled = ended(card) && !page.going.has(first) ? first : ""; // the task whose end is no news any more
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
		wished.set(task, on); // counts at once, however busy the kernel is
		card.channel.ask("notify", { on }, { timeout: Infinity }).catch((error: Error) => {
			wished.delete(task);
			if (!card.signal.aborted) card.tell(error.message);
		});
		if (!on) return said.notify_off;
		// Asked only here: a browser wants a click for it, and so does the person.
		if (permission() === "default") await Notification.requestPermission();
		return permission() === "granted" ? said.notify_both : said.notify_title;
	},
};
