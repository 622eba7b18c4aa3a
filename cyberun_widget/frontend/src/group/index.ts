// The sheet of a sweep: anywidget's entry point. Python owns all traits; the page draws them and sends requests.
import { inbox } from "../card/inbox.ts";
import { onPush } from "../shared/channel.ts";
import { acceptModule } from "../shared/modules.ts";
import { cellsOf } from "./cells.ts";
import type { GroupModel } from "./types.ts";
import { showGroup } from "./view.ts";

/** Called once per group: receives unsolicited messages from the kernel, even while no view is shown. */
function initialize({ model }: { model: GroupModel }): () => void {
	const unfollow = cellsOf(model).follow();
	const deaf = onPush(model as never, {
		module: ({ name, revision }, [script]) => acceptModule(name, revision, script),
		chunk: (chunk, buffers) => inbox.early.push(["", chunk, buffers]),
	});
	return () => {
		unfollow();
		deaf();
	};
}

/** Called once per view. */
const render = ({ model, el }: { model: GroupModel; el: HTMLElement }): (() => void) => showGroup(model, el);

export default { initialize, render };
