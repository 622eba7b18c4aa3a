// The form of one workflow: anywidget's entry point. Python owns all traits; the page draws them and sends requests.
import type { FormModel } from "./types.ts";
import { showForm } from "./view.ts";

/** Called once per view. */
const render = ({ model, el }: { model: FormModel; el: HTMLElement }): (() => void) => showForm(model, el);

export default { render };
