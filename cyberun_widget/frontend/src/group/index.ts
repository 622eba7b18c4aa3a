// The sheet of a sweep, as anywidget loads it. Python owns every trait; the page draws them and sends requests.
import { inbox } from "../card/inbox.ts";
import { onPush } from "../shared/channel.ts";
import { acceptModule } from "../shared/modules.ts";
import { cellsOf } from "./cells.ts";
import type { GroupModel } from "./types.ts";
import { showGroup } from "./view.ts";

/** Once a group: take what the kernel sends unasked, also while no view is shown. */
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

/** Once a view. */
const render = ({ model, el }: { model: GroupModel; el: HTMLElement }): (() => void) => showGroup(model, el);

export default { initialize, render };
