// The vocabulary that the page and the kernel share. The texts of its section `card` are `said`, see build.d.ts.
import { connection, stage, stage_state, status } from "../../../support/words.json";

/** A status's name, and the sentence for what the task does in it. */
export const STATUS: Readonly<Record<string, { name: string; doing: string }>> = status;
/** Whether a task in this status has ended. */
export const isOver = (status: string): boolean => /^(completed|failed|cancelled)$/.test(status);
/** A stage's name, the word for being in it, its usual share of the time. */
export const STAGE: Readonly<Record<string, { name: string; doing: string; share: number }>> = stage;
export const CONNECTION: typeof connection & Readonly<Record<string, string>> = connection;
export const STAGE_STATE: Readonly<Record<string, string>> = stage_state;

/** Fill the {blanks} of a text. */
export const fill = (text: string, values: Record<string, string | number>): string =>
	text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
