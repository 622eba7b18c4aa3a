// The form of one workflow, as anywidget loads it. Python owns every trait; the page draws them and sends requests.
import type { FormModel } from "./types.ts";
import { showForm } from "./view.ts";

/** Once a view. */
const render = ({ model, el }: { model: FormModel; el: HTMLElement }): (() => void) => showForm(model, el);

export default { render };
