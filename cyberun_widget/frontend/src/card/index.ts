// The live card of one task: anywidget's entry point. Python owns all traits; the page draws them and sends requests.
import { onPush } from "../shared/channel.ts";
import { acceptModule } from "../shared/modules.ts";
import { page } from "../shared/page.ts";
import { isOver } from "../shared/words.ts";
import type { Model } from "../shared/types.ts";
import { inbox } from "./inbox.ts";
import { showCard } from "./view.ts";

/** Called once per card: receives unsolicited messages from the kernel, even while no view is shown. */
function initialize({ model }: { model: Model }): () => void {
	if (!isOver(model.get("status"))) page.going.add(model.get("task_id"));
	return onPush(model, {
		beat: ({ process }) => page.heard.set(process, performance.now()),
		module: ({ name, revision }, [script]) => acceptModule(name, revision, script),
		chunk: (chunk, buffers) => {
			const task = model.get("task_id");
			if (inbox.receive) inbox.receive(task, chunk, buffers);
			else inbox.early.push([task, chunk, buffers]);
		},
	});
}

/** Called once per view. */
const render = ({ model, el }: { model: Model; el: HTMLElement }): (() => void) => showCard(model, el);

export default { initialize, render };
