// Results side by side, as anywidget loads it. What shows them comes once a page, with the module `comparison`.
import type { CompareModel } from "./types.ts";
import { showComparison } from "./view.ts";

/** Once a view. */
const render = ({ model, el }: { model: CompareModel; el: HTMLElement }): (() => void) => showComparison(model, el);

export default { render };
