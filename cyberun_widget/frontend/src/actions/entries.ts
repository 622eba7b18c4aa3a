// The entries of the menu "More". To add one, write it in its own module and list it in ENTRIES.
import { copyText } from "../shared/dom.ts";
import type { Card } from "../shared/types.ts";
import { details } from "./copying.ts";
import { editRun } from "./editing.ts";
import { notifyMe } from "./notify_me.ts";

export interface Entry {
	/** The entry's current label. */
	label(card: Card): string;
	/** Whether it applies now; always, if omitted. */
	applies?(card: Card): boolean;
	/** For an entry that toggles: whether it is on. */
	checked?(card: Card): boolean;
	/** Do it. A returned text is shown briefly in the menu; an error is shown on the card. */
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

/** A one-line card may have no room for the button. */
const saveAll: Entry = {
	label: () => said.save_all,
	applies: ({ traits }) => traits().density === "compact" && Boolean(traits()._facts.actions?.includes("save_all")),
	run: ({ order }) => order("save_all"),
};

/** In menu order. */
export const ENTRIES: readonly Entry[] = [editRun, notifyMe, saveAll, copyId, copyDetails];
