// A list of tasks or workflows: anywidget's entry point.
import type { ListModel } from "./types.ts";
import { showList } from "./view.ts";

/** Called once per view. */
const render = ({ model, el }: { model: ListModel; el: HTMLElement }): (() => void) => showList(model, el);

export default { render };
