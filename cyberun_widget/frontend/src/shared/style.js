// Style sheets that come with a script, into whichever document or shadow root it works in.

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

/** One sheet for each text, however many cards ask for it. @type {Map<string, CSSStyleSheet>} */
const sheets = new Map();

/**
 * Put a style sheet to use where a node stands.
 * @param {Node} root a document or a shadow root; anything else means the document
 * @param {string} css
 */
export function adopt(root, css) {
	const home = root instanceof Document || root instanceof ShadowRoot ? root : document;
	let sheet = sheets.get(css);
	if (!sheet) {
		sheet = new CSSStyleSheet();
		sheet.replaceSync(css);
		sheets.set(css, sheet);
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
