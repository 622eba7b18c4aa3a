// Downloads one file to the computer that shows the page. The kernel's copy is on the kernel's disk.
import { button } from "../../shared/dom.ts";
import type { Life } from "../../shared/life.ts";
import type { Ctx } from "../../shared/types.ts";
import { reason } from "../loading.js";

const SHOWN = 5_000; // ms for which a failure is shown on the button

/** `key`: returns the key of the artifact to download when the button is pressed. */
export function downloadButton(key: () => string, ctx: Ctx, life: Life): HTMLButtonElement {
	const node = button(said.viewers.download, () => void download(), { icon: "down", title: said.viewers.download_hint, signal: life.signal });
	const tell = (text: string, hint: string) => {
		const label = node.querySelector("span");
		if (label) label.textContent = text;
		node.title = hint;
	};
	async function download(): Promise<void> {
		try {
			await ctx.save(key());
		} catch (error) {
			if (life.ended) return;
			tell(said.viewers.not_downloaded, reason(error));
			life.later(() => tell(said.viewers.download, said.viewers.download_hint), SHOWN);
		}
	}
	return node;
}
