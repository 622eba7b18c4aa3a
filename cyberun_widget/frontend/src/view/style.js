// The viewers' styles come with them, into whichever document or shadow root they are used in.
import base from "./css/base.css";
import buttons from "./css/buttons.css";
import dialog from "./css/dialog.css";
import loading from "./css/loading.css";
import pictures from "./css/pictures.css";
import players from "./css/players.css";
import model from "./css/model.css";
import panes from "./css/panes.css";
import text from "./css/text.css";
import table from "./css/table.css";
import inline from "./css/inline.css";
import hosts from "./css/hosts.css";

const css = [base, buttons, dialog, loading, pictures, players, model, panes, text, table, inline, hosts].join("\n");

const TOKENS = [
	"bg",
	"fg",
	"muted",
	"faint",
	"line",
	"sunk",
	"accent",
	"accent-soft",
	"ok",
	"ok-soft",
	"bad",
	"bad-soft",
	"warn",
	"warn-soft",
	"focus",
	"font",
	"mono",
	"radius",
	"s1",
	"s2",
	"s3",
	"s4",
	"s5",
];

/** @type {CSSStyleSheet | undefined} */
let sheet;

/** @param {Node} root a document or a shadow root; anything else means the document */
export function adopt(root) {
	const home = root instanceof Document || root instanceof ShadowRoot ? root : document;
	if (!sheet) {
		sheet = new CSSStyleSheet();
		sheet.replaceSync(css);
	}
	if (!home.adoptedStyleSheets.includes(sheet)) home.adoptedStyleSheets = [...home.adoptedStyleSheets, sheet];
}

/**
 * A dialog stands outside the card, where the host's theme may not reach: it takes the card's tokens along.
 * @param {HTMLElement} from
 * @param {HTMLElement} to
 */
export function lendTokens(from, to) {
	const style = getComputedStyle(from);
	for (const token of TOKENS) {
		const value = style.getPropertyValue(`--cy-${token}`);
		if (value !== "") to.style.setProperty(`--cy-${token}`, value);
	}
	to.style.colorScheme = style.colorScheme;
}
