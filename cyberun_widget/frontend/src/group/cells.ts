// The latest state of all points: a snapshot from the trait, updated by pushes. One store per model.
import { onPush } from "../shared/channel.ts";
import type { Cell, GroupModel } from "./types.ts";

type Heard = (changed: readonly number[]) => void;

const BLANK: Cell = {
	...{ status: "planned", percent: 0, error: "", task: null, seconds: 0, gpu: "", metrics: {}, outputs: [], attempt: 1 },
};

export class Cells {
	#cells: Cell[] = [];
	#sequence = -1;
	#followed = false;
	#listeners = new Set<Heard>();

	constructor(private readonly model: GroupModel) {
		this.#adopt();
	}

	/** Follow the model until the returned function is called. Later callers share the same subscription. */
	follow(): () => void {
		if (this.#followed) return () => undefined;
		this.#followed = true;
		const adopt = () => this.#adopt();
		this.model.on("change:_cells", adopt);
		const deaf = onPush(this.model as never, {
			cells: ({ sequence, cells }) => {
				// Changes in the snapshot aren't sent again; if pushes were missed, request all cells.
				if (sequence <= this.#sequence) return;
				if (sequence !== this.#sequence + 1) this.lost();
				this.#sequence = sequence;
				const changed = cells as [index: number, cell: Cell][];
				for (const [index, cell] of changed) this.#cells[index] = cell;
				this.#tell(changed.map(([index]) => index));
			},
		});
		return () => {
			this.#followed = false;
			this.model.off("change:_cells", adopt);
			deaf();
		};
	}

	/** Check that all pushes sent by the kernel have arrived: those sent before the model was ready have not. */
	check(sent: number): void {
		if (sent > this.#sequence) this.lost();
	}

	/** Called when pushes are missing; set by a view, which has a channel. */
	lost: () => void = () => undefined;

	at(index: number): Cell {
		return this.#cells[index] ?? BLANK;
	}

	/** `listener` receives the changed indices. Returns a function that unsubscribes it. */
	listen(listener: Heard): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	#adopt(): void {
		const { sequence, cells } = this.model.get("_cells") ?? { sequence: 0, cells: [] };
		if (sequence < this.#sequence) return;
		this.#sequence = sequence;
		this.#cells = [...cells];
		this.#tell(cells.map((_, index) => index));
	}

	#tell(changed: readonly number[]): void {
		for (const listener of this.#listeners) listener(changed);
	}
}

const stores = new WeakMap<object, Cells>();

/**
 * The store of a widget. anywidget passes a different model object to `initialize` and to each view, but the widget's
 * layout is the same object for all of them.
 */
export function cellsOf(model: GroupModel): Cells {
	const layout: unknown = model.get("layout" as never);
	const key = typeof layout === "object" && layout ? layout : model;
	let cells = stores.get(key);
	if (!cells) stores.set(key, (cells = new Cells(model)));
	return cells;
}
