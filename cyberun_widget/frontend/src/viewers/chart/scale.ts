// Maps values to pixels: ranges, ticks, labels, and paths reduced to screen resolution. Pure.
import type { Series } from "./series.ts";

export interface Scale {
	log: boolean;
	/** Values at both ends. */
	low: number;
	high: number;
	/** Pixels there. */
	start: number;
	end: number;
}

/** The pixel of a value; NaN if a logarithmic scale has none. */
export function place({ log, low, high, start, end }: Scale, value: number): number {
	const share = log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
	return value <= 0 && log ? Number.NaN : start + share * (end - start);
}

/** The value at a pixel. */
export function valueOf({ log, low, high, start, end }: Scale, pixel: number): number {
	const share = (pixel - start) / (end - start);
	return log ? low * (high / low) ** share : low + share * (high - low);
}

/** The smallest and largest drawable value, null if there is none. */
export function extent(lines: readonly Series[], log: boolean): { low: number; high: number } | null {
	let [low, high] = [Infinity, -Infinity];
	for (const { values } of lines) {
		for (const value of values) {
			if (!Number.isFinite(value) || (log && value <= 0)) continue;
			if (value < low) low = value;
			if (value > high) high = value;
		}
	}
	return low <= high ? { low, high } : null;
}

/** A range with a margin, also for a constant line. */
export function padded({ low, high }: { low: number; high: number }, log: boolean): { low: number; high: number } {
	if (log) {
		const room = low === high ? 3 : (high / low) ** 0.05;
		return { low: low / room, high: high * room };
	}
	if (low === high) {
		const room = Math.abs(low) / 10 || 1;
		return { low: low - room, high: high + room };
	}
	const room = (high - low) * 0.06;
	const next = low - room;
	return { low: low >= 0 && next < 0 ? 0 : next, high: high + room }; // a loss is never negative
}

/** 1, 2 or 5 times a power of ten, not below `least`. */
function niceStep(least: number): number {
	const power = 10 ** Math.floor(Math.log10(least));
	const step = [1, 2, 5, 10].find((digit) => digit * power >= least * (1 - 1e-9)) ?? 10;
	return step * power;
}

/** Round values within a range, at most `most`. `whole`: only integers. */
export function ticks(low: number, high: number, most: number, whole = false): number[] {
	if (!(high > low) || most < 1) return [];
	let step = niceStep((high - low) / most);
	if (whole) step = Math.max(1, Math.round(step));
	const first = Math.ceil(low / step - 1e-9);
	const last = Math.floor(high / step + 1e-9);
	return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** Round values of a logarithmic range: powers of ten, with more values if these are few, fewer if they are many. */
export function logTicks(low: number, high: number, most: number): number[] {
	const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
	const decades = last - first + 1;
	if (decades < 1 || (decades < 2 && high / low < 5)) return ticks(low, high, most);
	const every = Math.ceil(decades / most);
	const digits = 3 * decades <= most ? [1, 2, 5] : [1];
	const found: number[] = [];
	for (let power = first - 1; power <= last; power += 1) {
		if ((power - first) % every) continue;
		for (const digit of digits) {
			const value = Number(`${digit}e${power}`);
			if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) found.push(value);
		}
	}
	return found;
}

/** A tick's label: only as many digits as needed to distinguish it, or a power of ten instead of many zeros. */
export function tickLabel(value: number, all: readonly number[]): string {
	if (value === 0) return "0";
	const size = Math.max(...all.map(Math.abs));
	if (size >= 1e7 || size < 1e-4 || Math.abs(value) < 1e-5) return short(value.toExponential(3));
	const decimals = Math.max(0, ...all.map((each) => (String(Number(each.toPrecision(9))).split(".")[1] ?? "").length));
	const own = (String(Number(value.toPrecision(9))).split(".")[1] ?? "").length;
	const even = size < 100 * Math.min(...all.filter(Boolean).map(Math.abs)); // not those of a logarithmic axis
	return value.toLocaleString("en-US", { minimumFractionDigits: even ? Math.min(decimals, 6) : own, maximumFractionDigits: 6 });
}

/** A value as shown at the cursor, with six digits. */
export function valueLabel(value: number): string {
	if (Number.isNaN(value)) return "NaN";
	if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
	if (Number.isInteger(value) && Math.abs(value) < 1e12) return value.toLocaleString("en-US").replace("-", "−");
	const size = Math.abs(value);
	if (size >= 1e9 || size < 1e-4) return short(value.toExponential(4));
	return Number(value.toPrecision(6)).toLocaleString("en-US", { maximumFractionDigits: 10 }).replace("-", "−");
}

/** 1.500e-7 -> 1.5e−7 */
const short = (text: string) => text.replace(/\.?0+e/, "e").replace("e+", "e").replaceAll("-", "−");

/**
 * The path of a line, "" if nothing can be drawn. For each column of pixels, only the first, lowest, highest and last
 * point are kept. Undrawable values break the line; an isolated point becomes a dot.
 */
export function linePath({ rows, values }: Series, x: Float64Array, across: Scale, up: Scale): string {
	const runs: string[] = [];
	let run: string[] = [];
	let column = Number.NaN;
	let [lowest, highest, last, lastX] = [0, 0, 0, 0];
	let many = 0;
	const point = (px: number, py: number) => run.push(`${round(px)} ${round(py)}`);
	const flush = () => {
		if (many > 2) {
			if (lowest !== last) point(lastX, lowest);
			if (highest !== last) point(lastX, highest);
		}
		if (many > 1) point(lastX, last);
		many = 0;
	};
	const end = () => {
		flush();
		if (run.length === 1) runs.push(`M${run[0]}h0.01`);
		else if (run.length) runs.push(`M${run.join("L")}`);
		run = [];
		column = Number.NaN;
	};
	for (let i = 0; i < values.length; i += 1) {
		const px = place(across, x[rows[i] ?? 0] ?? 0);
		const py = place(up, values[i] ?? Number.NaN);
		if (!Number.isFinite(py)) {
			end();
			continue;
		}
		if (Math.floor(px) !== column) {
			flush();
			column = Math.floor(px);
			point(px, py);
			[lowest, highest] = [py, py];
		}
		many += 1;
		[lowest, highest, last, lastX] = [Math.max(lowest, py), Math.min(highest, py), py, px];
	}
	end();
	return runs.join("");
}

/** The pixels, without duplicates, where a line is NaN or infinite. */
export function brokenAt({ rows, values }: Series, x: Float64Array, across: Scale): number[] {
	const found = new Set<number>();
	values.forEach((value, i) => {
		if (!Number.isFinite(value)) found.add(Math.round(place(across, x[rows[i] ?? 0] ?? 0)));
	});
	return [...found];
}

const round = (pixel: number) => Math.round(pixel * 10) / 10;
