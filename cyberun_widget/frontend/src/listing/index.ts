// A list of tasks or workflows, as anywidget loads it.
import type { ListModel } from "./types.ts";
import { showList } from "./view.ts";

/** Once a view. */
const render = ({ model, el }: { model: ListModel; el: HTMLElement }): (() => void) => showList(model, el);

export default { render };
