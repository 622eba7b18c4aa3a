// The lines of the menu "More". To add one, write it in a module of its own and name it in ENTRIES.
import { copyText } from "../shared/dom.ts";
import type { Card } from "../shared/types.ts";
import { details } from "./copying.ts";
import { editRun } from "./editing.ts";
import { notifyMe } from "./notify_me.ts";

export interface Entry {
	/** What it does, as the menu says it now. */
	label(card: Card): string;
	/** Whether it applies now; it always does where this is left out. */
	applies?(card: Card): boolean;
	/** Of a line that is switched on and off: whether it is on. */
	checked?(card: Card): boolean;
	/** Do it. Words that come back stand in the menu for a moment; what is thrown is shown on the card. */
	run(card: Card): Promise<string | void> | string | void;
}

const copied = async (text: string, { root }: Card) => ((await copyText(text, root)) ? said.copied : said.copy_refused);

const copyId: Entry = {
	label: () => said.copy_id,
	run: (card) => copied(card.traits().task_id, card),
};
const copyDetails: Entry = {
	label: () => said.copy_details,
	run: async (card) => copied(await details(card), card),
};

/** Where a card is one line, there may be no room for its button. */
const saveAll: Entry = {
	label: () => said.save_all,
	applies: ({ traits }) => traits().density === "compact" && Boolean(traits()._facts.actions?.includes("save_all")),
	run: ({ order }) => order("save_all"),
};

/** In the order in which they stand in the menu. */
export const ENTRIES: readonly Entry[] = [editRun, notifyMe, saveAll, copyId, copyDetails];
