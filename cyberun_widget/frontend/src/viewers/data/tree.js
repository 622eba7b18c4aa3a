// A JSON value as the rows of a tree. Rows are created when their parent is opened; long lists open in ranges. Pure.

const PART = 100; // entries: longer lists open in ranges of this size
const SHORT = 12; // entries: top-level branches up to this size are open at first
const FOUND_MAX = 1000;
const TEXT_MAX = 400; // maximum characters of a string in a row

/** A range of entries of a longer list. */
class Range {
	/** @param {Entry[]} entries */
	constructor(entries) {
		this.entries = entries;
	}
}

/**
 * @typedef {[key: string | number, value: unknown]} Entry
 * @typedef {(string | number)[]} Path
 * @typedef {object} Row
 * @property {string | null} label
 * @property {string | number | null} key null for the root and for ranges
 * @property {unknown} value
 * @property {number} depth
 * @property {boolean} open
 * @property {number} position among its siblings, from 1
 * @property {number} size number of siblings, including itself
 */

/** @param {unknown} value @returns {Entry[]} */
function entries(value) {
	if (value instanceof Range) return value.entries;
	if (Array.isArray(value)) return value.map((item, index) => [index, item]);
	return value !== null && typeof value === "object" ? Object.entries(value) : [];
}

/** @param {unknown} value @returns {Entry[]} the children of a branch: its entries, or ranges of them */
export function children(value) {
	const all = entries(value);
	if (all.length <= PART || value instanceof Range) return all;
	let width = PART;
	while (all.length / width > PART) width *= PART;
	return Array.from({ length: Math.ceil(all.length / width) }, (_, index) => {
		const part = all.slice(index * width, (index + 1) * width);
		return [`${index * width} … ${index * width + part.length - 1}`, new Range(part)];
	});
}

/** @param {unknown} value whether it can be opened */
export function isBranch(value) {
	return value !== null && typeof value === "object" && entries(value).length > 0;
}

/** @param {unknown} value @returns {{text: string, type: "string" | "number" | "literal" | "branch"}} */
export function describe(value) {
	if (value instanceof Range) return { text: "", type: "branch" };
	if (Array.isArray(value)) return { text: value.length ? `[ ${value.length} ]` : "[]", type: "branch" };
	if (value !== null && typeof value === "object") {
		const size = Object.keys(value).length;
		return { text: size ? `{ ${size} }` : "{}", type: "branch" };
	}
	if (typeof value === "string") {
		const cut = value.length > TEXT_MAX ? `${value.slice(0, TEXT_MAX)}…` : value;
		return { text: JSON.stringify(cut), type: "string" };
	}
	return { text: String(value), type: typeof value === "number" ? "number" : "literal" };
}

/** The visible rows, in order. */
export class Tree {
	/** @param {unknown} data */
	constructor(data) {
		/** @type {Row[]} */
		this.rows = [{ label: null, key: null, value: data, depth: 0, open: false, position: 1, size: 1 }];
		this.set(/** @type {Row} */ (this.rows[0]), true);
		for (const row of this.rows.slice(1, 1 + PART)) if (entries(row.value).length <= SHORT) this.set(row, true);
	}

	/**
	 * Open or close a row.
	 * @param {Row} row
	 * @param {boolean} open
	 * @returns {boolean} whether anything changed
	 */
	set(row, open) {
		const at = this.rows.indexOf(row);
		if (at < 0 || row.open === open || !isBranch(row.value)) return false;
		row.open = open;
		if (!open) {
			let end = at + 1;
			while (end < this.rows.length && /** @type {Row} */ (this.rows[end]).depth > row.depth) end += 1;
			this.rows.splice(at + 1, end - at - 1);
			return true;
		}
		const all = children(row.value);
		const fresh = all.map(([key, value], index) => ({
			label: String(key),
			key: value instanceof Range ? null : key,
			value,
			depth: row.depth + 1,
			open: false,
			position: index + 1,
			size: all.length,
		}));
		this.rows = [...this.rows.slice(0, at + 1), ...fresh, ...this.rows.slice(at + 1)];
		return true;
	}

	/** @param {Row} row @returns {Row | undefined} */
	parent(row) {
		const at = this.rows.indexOf(row);
		return this.rows.slice(0, at).findLast((above) => above.depth === row.depth - 1);
	}

	/** Open all ancestors of a value. @param {Path} path @returns {Row | undefined} its row */
	reveal(path) {
		/** @type {Row | undefined} */
		let row = this.rows[0];
		for (const key of path) {
			row = row && this.child(row, key);
			if (!row) return undefined;
		}
		return row;
	}

	/** @param {Row} row @param {string | number} key @returns {Row | undefined} */
	child(row, key) {
		this.set(row, true);
		const at = this.rows.indexOf(row);
		for (let i = at + 1; i < this.rows.length; i += 1) {
			const below = /** @type {Row} */ (this.rows[i]);
			if (below.depth <= row.depth) return undefined;
			if (below.depth > row.depth + 1) continue;
			if (below.value instanceof Range) {
				if (holds(below.value, key)) return this.child(below, key);
			} else if (below.key === key) return below;
		}
		return undefined;
	}
}

/** @param {Range} range @param {string | number} key @returns {boolean} */
function holds(range, key) {
	return range.entries.some(([each, value]) => each === key || (value instanceof Range && holds(value, key)));
}

/**
 * Find text in keys and plain values, ignoring case.
 * @param {unknown} data
 * @param {string} words
 * @returns {Path[]} the first 1,000, in tree order
 */
export function find(data, words) {
	/** @type {Path[]} */
	const found = [];
	const wanted = words.toLowerCase();
	if (wanted === "") return found;
	/** @type {{value: unknown, path: Path}[]} */
	const stack = [{ value: data, path: [] }];
	for (let next = stack.pop(); next && found.length < FOUND_MAX; next = stack.pop()) {
		const { value, path } = next;
		const key = path.at(-1);
		const plain = value === null || typeof value !== "object";
		if (
			(typeof key === "string" && key.toLowerCase().includes(wanted)) ||
			(plain && String(value).toLowerCase().includes(wanted))
		) {
			found.push(path);
		}
		if (!plain)
			for (const [each, below] of entries(value).reverse()) stack.push({ value: below, path: [...path, each] });
	}
	return found;
}
