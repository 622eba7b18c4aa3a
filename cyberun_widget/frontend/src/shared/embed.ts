// A widget embedded in another: the view of another model, made by the host's widget manager.
import { el } from "./dom.ts";
import { fill } from "./words.ts";

export interface WidgetManager {
	get_model(id: string): Promise<unknown>;
	create_view(model: unknown, options?: object): Promise<ChildView>;
}
interface ChildView {
	el: HTMLElement;
	remove(): void;
}
export interface Embedded {
	node: HTMLElement;
	remove(): void;
}

/** Show the model with this id. Without a widget manager (marimo), show a line that says where to find it. */
export function embed(model: { widget_manager?: WidgetManager }, id: string, signal: AbortSignal): Embedded {
	const node = el("div", { class: "cy-embedded" });
	let view: ChildView | null = null;
	let gone = false;
	const remove = () => {
		gone = true;
		view?.remove();
		view = null;
		node.remove();
		signal.removeEventListener("abort", remove);
	};
	signal.addEventListener("abort", remove, { once: true });
	void show().catch((error: Error) => {
		if (!gone) node.replaceChildren(el("p", { class: "cy-hint", text: fill(said.not_embedded, { cause: error.message }) }));
	});
	return { node, remove };

	async function show(): Promise<void> {
		const manager = model.widget_manager;
		if (!manager) throw new Error("this notebook shows no widget inside another. Evaluate it in a cell of its own.");
		const made = await manager.create_view(await manager.get_model(id));
		if (gone) made.remove();
		else node.append((view = made).el);
	}
}
