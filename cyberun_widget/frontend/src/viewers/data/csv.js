// Parses values separated by commas or another character into rows. Pure.

/**
 * The most frequent separator of the first line, outside quotes.
 * @param {string} text
 * @returns {string}
 */
export function separator(text) {
	const line = (text.split(/\r?\n/, 1)[0] ?? "").replace(/"[^"]*"/g, "");
	const counts = [",", "\t", ";", "|"].map((mark) => /** @type {const} */ ([mark, line.split(mark).length]));
	return counts.reduce((best, each) => (each[1] > best[1] ? each : best))[0];
}

/**
 * RFC 4180, but with any separator and any line ending.
 * @param {string} text
 * @param {string} mark the separator
 * @returns {string[][]} rows of cells, without empty lines
 */
export function parseRows(text, mark) {
	/** @type {string[][]} */
	const rows = [];
	/** @type {string[]} */
	let row = [];
	let cell = "";
	let quoted = false;
	const endRow = () => {
		row.push(cell);
		cell = "";
		if (row.length > 1 || row[0] !== "") rows.push(row);
		row = [];
	};
	for (let i = text.charCodeAt(0) === 0xfeff ? 1 : 0; i < text.length; i += 1) {
		const char = text[i] ?? "";
		if (quoted) {
			if (char !== '"') cell += char;
			else if (text[i + 1] === '"') cell += text[(i += 1)];
			else quoted = false;
		} else if (char === '"' && cell === "") quoted = true;
		else if (char === mark) {
			row.push(cell);
			cell = "";
		} else if (char === "\n" || char === "\r") {
			if (char === "\r" && text[i + 1] === "\n") i += 1;
			endRow();
		} else cell += char;
	}
	endRow();
	return rows;
}
