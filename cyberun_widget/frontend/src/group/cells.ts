// All points as the kernel told them last: a snapshot from the trait, kept up to date by pushes. One a model.
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

	/** Follow the model until the function that it returns is called. Whoever comes later follows along. */
	follow(): () => void {
		if (this.#followed) return () => undefined;
		this.#followed = true;
		const adopt = () => this.#adopt();
		this.model.on("change:_cells", adopt);
		const deaf = onPush(this.model as never, {
			cells: ({ sequence, cells }) => {
				// What the snapshot holds already doesn't come again; what was missed is all asked for anew.
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

	/** Look whether as many pushes came as the kernel has sent: those before the model was ready did not. */
	check(sent: number): void {
		if (sent > this.#sequence) this.lost();
	}

	/** Called when pushes are missing; a view has a channel to ask with. */
	lost: () => void = () => undefined;

	at(index: number): Cell {
		return this.#cells[index] ?? BLANK;
	}

	/** `listener` gets the indices that changed. Returns what ends it. */
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
 * The widget's one store. anywidget hands a model of its own to `initialize` and to each view; the widget's layout is
 * one object for all of them.
 */
export function cellsOf(model: GroupModel): Cells {
	const layout: unknown = model.get("layout" as never);
	const key = typeof layout === "object" && layout ? layout : model;
	let cells = stores.get(key);
	if (!cells) stores.set(key, (cells = new Cells(model)));
	return cells;
}
