// Numbers as people read them.

/** @param {number | null | undefined} count @returns {string} "" where it is not known */
export function bytes(count) {
	if (count === null || count === undefined) return "";
	if (count < 1000) return `${count} B`;
	const units = ["KB", "MB", "GB", "TB"];
	let value = count / 1000;
	let unit = 0;
	while (value >= 999.5 && unit < units.length - 1) {
		value /= 1000;
		unit += 1;
	}
	return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** @param {number | null | undefined} seconds */
export function duration(seconds) {
	if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "";
	const whole = Math.round(seconds);
	const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
	const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
	return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** @param {number} value */
export const count = (value) => value.toLocaleString("en-US");

/** @param {number} value @param {string} noun in the plural */
export const many = (value, noun) => `${count(value)} ${value === 1 ? noun.replace(/s$/, "") : noun}`;

/** What is worth saying in a line about a file. @param {import("./types.js").Artifact} artifact */
export function facts(artifact) {
	const { width, height, size, group } = artifact;
	return [width && height ? `${width} × ${height}` : "", duration(artifact.duration), bytes(size), group ?? ""]
		.filter(Boolean)
		.join(" · ");
}
