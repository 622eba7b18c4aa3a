// The drawing at one size: axes, grid, lines, and a cursor that moves without redrawing the rest.
import { brokenAt, extent, linePath, logTicks, padded, place, tickLabel, ticks, type Scale } from "./scale.ts";
import { valueAt, type Series } from "./series.ts";

const SVG = "http://www.w3.org/2000/svg";
const TOP = 10; // pixels above the first panel
const BOTTOM = 38; // below the last one: ticks and the axis' name
const GAP = 16; // between panels
const RIGHT = 14;
const DIGIT = 6.4; // a digit's width at 11 px
const TICK_X = 76; // pixels a tick needs, across
const TICK_Y = 34; // and up

export interface Line {
	line: Series;
	/** Attributes that give the line its colour. */
	look: { class: string };
}

export interface PlotOptions {
	x: Float64Array;
	axis: string;
	log: boolean;
	/** CSS pixels. */
	width: number;
	height: number;
	/** Lines by the vertical axis they share. */
	panels: Line[][];
}

export interface Plot {
	node: SVGSVGElement;
	across: Scale;
	/** Move the cursor to a row, or hide it. */
	cursor(row: number | null): void;
}

function shape(tag: string, attributes: Record<string, string | number>, text = ""): SVGElement {
	const node = document.createElementNS(SVG, tag);
	for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
	if (text) node.textContent = text;
	return node;
}

/** One panel's scale and ticks; linear if it has no value above zero. */
function vertical(lines: Line[], log: boolean, top: number, bottom: number): { up: Scale; at: number[] } {
	const series = lines.map(({ line }) => line);
	const positive = log ? extent(series, true) : null;
	const range = padded(positive ?? extent(series, false) ?? { low: 0, high: 1 }, positive !== null);
	const up = { log: positive !== null, ...range, start: bottom, end: top };
	const most = Math.max(3, Math.floor((bottom - top) / TICK_Y));
	return { up, at: (up.log ? logTicks : ticks)(up.low, up.high, most) };
}

export function plot({ x, axis, log, width, height, panels }: PlotOptions): Plot {
	const node = document.createElementNS(SVG, "svg");
	node.setAttribute("width", String(width));
	node.setAttribute("height", String(height));
	node.setAttribute("aria-hidden", "true");
	const room = Math.max(20, (height - TOP - BOTTOM - GAP * Math.max(0, panels.length - 1)) / Math.max(1, panels.length));
	const made = panels.map((lines, index) => {
		const top = TOP + index * (room + GAP);
		const { up, at } = vertical(lines, log, top, top + room);
		return { lines, up, at, labels: at.map((value) => tickLabel(value, at)) };
	});
	const left = 14 + DIGIT * Math.max(2, ...made.flatMap(({ labels }) => labels.map(({ length }) => length)));
	const across: Scale = { log: false, low: x[0] ?? 0, high: x.at(-1) ?? 1, start: left, end: width - RIGHT };
	const base = TOP + made.length * (room + GAP) - GAP;

	const most = Math.max(1, Math.floor((across.end - across.start) / TICK_X));
	const xs = ticks(across.low, across.high, most, x.every(Number.isInteger));
	for (const value of xs) {
		const px = place(across, value);
		node.append(shape("line", { class: "cy-v-tick", x1: px, x2: px, y1: base, y2: base + 4 }));
		node.append(shape("text", { x: px, y: base + 16, "text-anchor": "middle" }, tickLabel(value, xs)));
	}
	node.append(shape("text", { class: "cy-v-axis", x: (across.start + across.end) / 2, y: base + 32, "text-anchor": "middle" }, axis));

	for (const { lines, up, at, labels } of made) {
		at.forEach((value, index) => {
			const py = place(up, value);
			node.append(shape("line", { class: "cy-v-grid", x1: across.start, x2: across.end, y1: py, y2: py }));
			node.append(shape("text", { x: across.start - 8, y: py + 4, "text-anchor": "end" }, labels[index]));
		});
		node.append(shape("line", { class: "cy-v-tick", x1: across.start, x2: across.end, y1: up.start, y2: up.start }));
		for (const { line, look } of lines) {
			node.append(shape("path", { ...look, d: linePath(line, x, across, up) }));
			const broken = brokenAt(line, x, across).map((px) => `M${px} ${up.end}v6`);
			if (broken.length) node.append(shape("path", { class: "cy-v-broken", d: broken.join("") }));
		}
	}

	const pointer = shape("g", { class: "cy-v-cursor" });
	node.append(pointer);
	return {
		node,
		across,
		cursor(row) {
			pointer.replaceChildren();
			if (row === null || !made.length) return;
			const px = place(across, x[row] ?? 0);
			pointer.append(shape("line", { x1: px, x2: px, y1: TOP, y2: base }));
			for (const { lines, up } of made) {
				for (const { line, look } of lines) {
					const py = place(up, valueAt(line, row) ?? Number.NaN);
					if (Number.isFinite(py)) pointer.append(shape("circle", { ...look, cx: px, cy: py, r: 3.5 }));
				}
			}
		},
	};
}
