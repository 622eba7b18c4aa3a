// What the kernel tells of a form. Types only.
import type { WidgetManager } from "../shared/embed.ts";
import type { Model } from "../shared/types.ts";

export type Value = string | number | boolean | null | { file: string };

/** One field, see form/field.py. Labels and help are foreign text. */
export interface FieldSpec {
	key: string;
	control: "text" | "number" | "integer" | "seed" | "boolean" | "select" | "file" | "other";
	type: string;
	label: string;
	help: string;
	required: boolean;
	default: Value;
	minimum: number | null;
	maximum: number | null;
	step: number | null;
	slider: boolean;
	options: [Value, string][];
	accept: string;
	multiline: boolean;
}

/** The traits of a WorkflowForm. The page reads them and never sets one. */
export interface FormTraits {
	values: Record<string, Value>;
	errors: Record<string, string>;
	valid: boolean;
	/** References to the cards' models, the newest first. */
	tasks: string[];
	_fields: FieldSpec[];
	_workflow: { slug: string; name: string; description: string };
	/** Seconds of rest before a live run starts; null while there are none. */
	_live: number | null;
	/** What went wrong with a live run. */
	_problem: string;
	/** The reference of the comparison that is shown. */
	_comparison: string | null;
	/** Changes of this form's pages that are in `values`: page -> number of its latest one. */
	_seen: Record<string, number>;
	_beat: number;
}

/** anywidget's model, with the host's manager of all widgets; marimo has none. */
export interface FormModel extends Model<FormTraits> {
	widget_manager?: WidgetManager;
}
