// Adds a script's style sheets to the document or shadow root it works in.

const TOKENS = [
	...["bg", "fg", "muted", "faint", "line", "sunk", "track", "accent", "accent-soft", "ok", "ok-soft", "bad", "bad-soft"],
	...["warn", "warn-soft", "focus", "font", "mono", "radius", "s1", "s2", "s3", "s4", "s5"],
];

/** One sheet per text, shared by all widgets. */
const sheets = new Map<string, CSSStyleSheet>();

/**
 * Apply a style sheet to a node's root. Call it once the node is in the document: before that, its root is not the
 * shadow root that will contain it.
 */
export function adopt(node: Node, css: string): void {
	const root = node.getRootNode();
	const home = root instanceof Document || root instanceof ShadowRoot ? root : document;
	let sheet = sheets.get(css);
	if (!sheet) {
		sheet = new CSSStyleSheet();
		sheet.replaceSync(css);
		sheets.set(css, sheet);
	}
	if (!home.adoptedStyleSheets.includes(sheet)) home.adoptedStyleSheets = [...home.adoptedStyleSheets, sheet];
}

/** A dialog is outside the widget, where the host's theme may not apply: copy the widget's tokens to it. */
export function lendTokens(from: HTMLElement, to: HTMLElement): void {
	const style = getComputedStyle(from);
	for (const token of TOKENS) {
		const value = style.getPropertyValue(`--cy-${token}`);
		if (value !== "") to.style.setProperty(`--cy-${token}`, value);
	}
	to.style.colorScheme = style.colorScheme;
}
