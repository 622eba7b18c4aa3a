// What the kernel tells of a list. Types only.
import type { WidgetManager } from "../shared/embed.ts";
import type { Model } from "../shared/types.ts";

export interface Column {
	name: string;
	/** "text" sorts as people do (item 2 before item 10), "time" holds ISO 8601, "seconds" a number. */
	kind: "text" | "status" | "time" | "seconds" | "id";
}
export type Cell = string | number | null;

/** The traits of a list. Names and cells are foreign text. */
export interface ListTraits {
	_title: string;
	_columns: Column[];
	_rows: Cell[][];
	/** What a row's button does: "Open the form". */
	_verb: string;
	/** Row -> reference of the widget that is open below it. */
	_opened: Record<string, string>;
}
export interface ListModel extends Model<ListTraits> {
	widget_manager?: WidgetManager;
}
