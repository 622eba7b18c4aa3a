// The vocabulary that the page and the kernel share. A bundle carries only the sections it uses.
import { card, connection, stage, stage_state, status } from "../../../support/words.json";

/** A status's name, and the sentence for what the task does in it. @type {Record<string, {name: string, doing: string} | undefined>} */
export const STATUS = status;
/** A stage's name, the word for being in it, its usual share of the time. @type {Record<string, {name: string, doing: string, share: number} | undefined>} */
export const STAGE = stage;
export const CONNECTION = /** @type {typeof connection & Record<string, string>} */ (connection);
export const STAGE_STATE = /** @type {Record<string, string>} */ (stage_state);
export { card };

/** Fill the {blanks} of a text. @param {string} text @param {Record<string, string | number>} values */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => `${values[name]}`);
