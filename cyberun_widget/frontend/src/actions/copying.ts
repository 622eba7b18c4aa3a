// The whole story of a task as text, to be pasted into an issue.
import { copyText, plainButton } from "../shared/dom.ts";
import type { Card } from "../shared/types.ts";

const PATIENCE = 2_000; // ms for the kernel's answer: a browser lets a click copy for a few seconds only
const SHOWN = 1_600; // ms that "Copied" stands

/** The kernel's own report; while it is busy or gone, what the page knows. */
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
export function copiesDetails(card: Card): HTMLButtonElement {
	let back: ReturnType<typeof setTimeout> | undefined;
	const button = plainButton(said.copy_details, async () => {
		button.textContent = (await copyText(await details(card), card.root)) ? said.copied : said.copy_refused;
		clearTimeout(back);
		back = setTimeout(() => (button.textContent = said.copy_details), SHOWN);
	});
	card.signal.addEventListener("abort", () => clearTimeout(back));
	return button;
}
