// Results side by side: anywidget's entry point. The module `comparison`, sent once per page, draws them.
import type { CompareModel } from "./types.ts";
import { showComparison } from "./view.ts";

/** Called once per view. */
const render = ({ model, el }: { model: CompareModel; el: HTMLElement }): (() => void) => showComparison(model, el);

export default { render };
