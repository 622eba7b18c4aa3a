// Display texts shared by the page and the kernel. Those of the section `card` are in `said`, see build.d.ts.
import { connection, stage, stage_state, status } from "../../../support/words.json";

/** A status's display name, and the sentence that describes a task in it. */
export const STATUS: Readonly<Record<string, { name: string; doing: string }>> = status;
/** Whether a task in this status has ended. */
export const isOver = (status: string): boolean => /^(completed|failed|cancelled)$/.test(status);
/** A stage's display name, the phrase for being in it, its usual share of the time. */
export const STAGE: Readonly<Record<string, { name: string; doing: string; share: number }>> = stage;
export const CONNECTION: typeof connection & Readonly<Record<string, string>> = connection;
export const STAGE_STATE: Readonly<Record<string, string>> = stage_state;

/** Fill in the {blanks} of a text. */
export const fill = (text: string, values: Record<string, string | number>): string =>
	text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));

/** A text as a list of nodes: its {blanks} are elements. */
export const fillNodes = (text: string, nodes: Record<string, Node>): (string | Node)[] =>
	text.split(/\{(\w+)\}/).map((part, index) => (index % 2 ? (nodes[part] ?? part) : part));
