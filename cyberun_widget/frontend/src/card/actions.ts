// The buttons of a card, each in its own place. What costs money stands alone, and asks.
import type { Channel } from "../shared/channel.ts";
import { plainButton } from "../shared/dom.ts";
import type { CardRequests } from "../shared/messages.ts";
import type { Action } from "../shared/types.ts";
import { askButton } from "./ask.ts";

export interface ActionsOptions {
	channel: Channel<CardRequests>;
	taskId(): string;
	/** An order went out, or came back with what went wrong. */
	onOrder(order: Action): void;
	onTrouble(order: Action, text: string): void;
	/** The text of "Copy details". */
	details(): string;
}

export function cardActions({ channel, taskId, onOrder, onTrouble, details }: ActionsOptions) {
	/** A busy kernel gets to it later: an order waits for its answer as long as the card is there. */
	async function order(action: Action): Promise<void> {
		onOrder(action);
		try {
			await channel.ask(action, { task_id: taskId() }, { timeout: Infinity });
		} catch (error) {
			if (!channel.signal.aborted) onTrouble(action, (error as Error).message);
		}
	}
	const cancel = askButton({
		...{ label: said.cancel, question: said.cancel_question, yes: said.cancel_yes, no: said.cancel_no },
		onYes: () => void order("cancel"),
	});
	const runAgain = askButton({
		...{ label: said.run_again, question: said.run_again_question, yes: said.run_again_yes, no: said.run_again_no },
		onYes: () => void order("run_again"),
	});
	const buttons = {
		reconnect: plainButton(said.reconnect, () => void order("reconnect")),
		resume: plainButton(said.resume, () => void order("resume")),
		fetch_again: plainButton(said.fetch_again, () => void order("fetch_again")),
		save_all: plainButton(said.save_all, () => void order("save_all")),
	};
	const copy = plainButton(said.copy_details, async () => {
		try {
			await navigator.clipboard.writeText(details());
			copy.textContent = said.copied;
		} catch {
			copy.textContent = said.copy_refused; // by the browser, the frame, or a page without https
		}
	});
	return {
		cancel: cancel.node,
		run_again: runAgain.node,
		...buttons,
		copy,
		/** Show what applies. */
		update(actions: ReadonlySet<Action>, { cancelling, watched }: { cancelling: boolean; watched: boolean }): void {
			cancel.update({ shown: actions.has("cancel") || (cancelling && watched), disabled: cancelling });
			runAgain.update({ shown: actions.has("run_again") });
			for (const [action, node] of Object.entries(buttons)) node.hidden = !actions.has(action as Action);
		},
	};
}
