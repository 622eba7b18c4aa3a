// The state of a list sent by the kernel. Types only.
import type { WidgetManager } from "../shared/embed.ts";
import type { Model } from "../shared/types.ts";

export interface Column {
	name: string;
	/** "text" sorts naturally (item 2 before item 10), "time" is ISO 8601, "seconds" a number. */
	kind: "text" | "status" | "time" | "seconds" | "id";
}
export type Cell = string | number | null;

/** The traits of a list. Names and cells are untrusted text. */
export interface ListTraits {
	_title: string;
	_columns: Column[];
	_rows: Cell[][];
	/** The label of a row's button: "Open the form". */
	_verb: string;
	/** Row -> reference to the widget open below it. */
	_opened: Record<string, string>;
}
export interface ListModel extends Model<ListTraits> {
	widget_manager?: WidgetManager;
}
