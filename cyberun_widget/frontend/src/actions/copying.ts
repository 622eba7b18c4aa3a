// Copies a task's diagnostics as text, to be pasted into an issue.
import { copyText, el, plainButton } from "../shared/dom.ts";
import type { Card } from "../shared/types.ts";

const PATIENCE = 2_000; // ms to wait for the kernel: a browser allows copying for only a few seconds after a click
const SHOWN = 1_600; // ms for which "Copied" is shown

/** The kernel's report; if it is busy or gone, a report from the page's own data. */
export async function details({ channel, root, traits }: Card): Promise<string> {
	const { task_id: task, error, output, status, _facts: facts } = traits();
	try {
		const { text } = await channel.ask("diagnostics", {}, { timeout: PATIENCE });
		return text;
	} catch {
		const cause = error?.includes(facts.details) ? error : [error, facts.details].filter(Boolean).join("\n");
		const shown = error ? cause : output && JSON.stringify(output, null, 2);
		const times = [facts.created, facts.started, facts.ended].filter(Boolean).join(", ");
		return [root.ariaLabel, task, status, facts.failed_at, facts.gpu, times, shown].filter(Boolean).join("\n");
	}
}

/** The button beside an error. */
export const copiesDetails = (card: Card) =>
	copies(plainButton(said.copy_details, () => undefined), () => details(card), card, (button, done) => {
		button.textContent = done === null ? said.copy_details : done ? said.copied : said.copy_refused;
	});

/** The button beside the id. */
export const copiesId = (card: Card) =>
	copies(el("button", { type: "button", class: "cy-icon cy-copy-id" }), () => card.traits().task_id, card, (button, done) => {
		button.ariaLabel = button.title = done === null ? said.copy_id : done ? said.id_copied : said.copy_refused;
		button.toggleAttribute("data-done", done === true);
	});

/** Make a button copy, and show the outcome briefly. `say` is called with null to restore the usual label. */
function copies(
	button: HTMLButtonElement,
	text: () => string | Promise<string>,
	{ root, signal }: Card,
	say: (button: HTMLButtonElement, done: boolean | null) => void,
): HTMLButtonElement {
	let back: ReturnType<typeof setTimeout> | undefined;
	button.onclick = async () => {
		say(button, await copyText(await text(), root));
		clearTimeout(back);
		if (!signal.aborted) back = setTimeout(() => say(button, null), SHOWN);
	};
	signal.addEventListener("abort", () => clearTimeout(back));
	say(button, null);
	return button;
}
