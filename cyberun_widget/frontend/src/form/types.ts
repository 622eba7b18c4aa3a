// The state of a form sent by the kernel. Types only.
import type { WidgetManager } from "../shared/embed.ts";
import type { Model } from "../shared/types.ts";

export type Value = string | number | boolean | null | { file: string };

/** One field, see form/field.py. Labels and help are untrusted text. */
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
	/** References to the cards' models, newest first. */
	tasks: string[];
	_fields: FieldSpec[];
	_workflow: { slug: string; name: string; description: string };
	/** Seconds without a change before a live run starts; null if live runs are off. */
	_live: number | null;
	/** The error of a live run. */
	_problem: string;
	/** The reference to the comparison shown. */
	_comparison: string | null;
	/** Changes included in `values`: page -> number of its latest change. */
	_seen: Record<string, number>;
	_beat: number;
}

/** anywidget's model, with the host's widget manager; marimo has none. */
export interface FormModel extends Model<FormTraits> {
	widget_manager?: WidgetManager;
}
