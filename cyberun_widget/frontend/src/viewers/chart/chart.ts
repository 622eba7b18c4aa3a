// A line chart: panels with a common axis, a legend that toggles lines, a cursor moved by pointer or keys.
import { button, el, OWN_KEYS } from "../../shared/dom.ts";
import type { Life } from "../../shared/life.ts";
import { count } from "../../shared/units.ts";
import { fill } from "../../shared/words.ts";
import { plot, type Plot } from "./plot.ts";
import { isAxisName, nearestRow, valueAt, type Chart, type Series } from "./series.ts";
import { place, valueLabel, valueOf } from "./scale.ts";

const COLOURS = 8; // in chart.css
const LINES = 24; // maximum lines drawn; a text says how many are left out
const LEAP = 10; // a page key moves by 1/LEAP of the width

export interface ChartOptions {
	/** Of the file. */
	name: string;
	life: Life;
	/** Number of panels open at first. */
	panels: number;
	/** Further buttons for the bar. */
	tools?: HTMLElement[];
}

export interface ChartPane {
	node: HTMLElement;
	/** The container of the legend and the buttons. */
	bar: HTMLElement;
	/** The parts of the bar that only the chart uses. */
	controls: HTMLElement[];
	stage: HTMLElement;
}

export function chartPane(chart: Chart, { name, life, panels, tools = [] }: ChartOptions): ChartPane {
	const { signal } = life;
	const { x } = chart;
	const series = chart.series.slice(0, LINES);
	const axis = chart.axis || said.viewers.chart_row;
	const groups = chart.panels.map((lines) => lines.filter((line) => line < LINES)).filter(({ length }) => length);
	const told = groups.map((lines) => lines.filter((line) => !isAxisName(series[line]?.name ?? ""))).filter(({ length }) => length);
	const shown = new Set((told.length ? told : groups).slice(0, panels).flat());
	let log = false;
	let row = x.length - 1;
	let pointed = false;
	let drawn: Plot | null = null;
	let frame = 0;

	const readout = el("div", { class: "cy-v-readout", "aria-hidden": "true" });
	const stage = el("div", {
		...{ class: "cy-v-plot", tabindex: 0, role: "slider", ...OWN_KEYS },
		...{ "aria-orientation": "horizontal", "aria-valuemin": 1, "aria-valuenow": 1, "aria-valuemax": x.length },
		"aria-label": `${name}: ${fill(said.viewers.chart_name, { lines: series.map((line) => line.name).join(", "), axis })}`,
		"aria-description": said.viewers.chart_hint,
	});
	const legend = el("div", { class: "cy-v-legend" });
	series.forEach((line, index) => {
		const toggle = button(line.name || "–", () => flip(index, toggle), { signal, class: "cy-v-line-name" });
		toggle.ariaLabel = toggle.title = fill(said.viewers.chart_line, { name: line.name || "–" });
		toggle.setAttribute("aria-pressed", String(shown.has(index)));
		toggle.prepend(el("i", { ...lineAttributes(index), "aria-hidden": "true" }));
		legend.append(toggle);
	});
	const scale = button(
		said.viewers.chart_log,
		() => {
			log = !log;
			scale.setAttribute("aria-pressed", String(log));
			redraw();
		},
		{ signal, class: "cy-v-log" },
	);
	scale.setAttribute("aria-pressed", "false");
	scale.hidden = !series.some(({ values }) => values.some((value) => value > 0));
	const rest = chart.series.length - series.length;
	const most = rest > 0 && el("p", { class: "cy-v-note", text: fill(said.viewers.chart_most, { count: LINES, all: count(chart.series.length) }) });
	const bar = el("div", { class: "cy-v-subbar" }, legend, scale, ...tools);
	const node = el("div", { class: "cy-v-pane cy-v-chart" }, bar, most, stage);

	function flip(index: number, toggle: HTMLElement): void {
		if (!shown.delete(index)) shown.add(index);
		toggle.setAttribute("aria-pressed", String(shown.has(index)));
		redraw();
	}

	function redraw(): void {
		frame ||= requestAnimationFrame(() => {
			frame = 0;
			const { clientWidth: width, clientHeight: height } = stage;
			if (life.ended || width < 40 || height < 40) return;
			const open = groups.map((lines) => lines.filter((line) => shown.has(line))).filter(({ length }) => length);
			drawn = plot({ x, axis, log, width, height, panels: open.map((lines) => lines.map((line) => ({ line: series[line] as Series, look: lineAttributes(line) }))) });
			stage.replaceChildren(drawn.node, readout);
			stage.classList.toggle("cy-v-bare-plot", !open.length);
			point();
		});
	}

	/** Show the values at the cursor. */
	function point(): void {
		const values = series.flatMap((line, index) => {
			const value = shown.has(index) ? valueAt(line, row) : undefined;
			return value === undefined ? [] : [{ name: line.name, index, text: valueLabel(value) }];
		});
		const at = `${axis} ${valueLabel(x[row] ?? 0)}`;
		stage.setAttribute("aria-valuenow", String(row + 1));
		stage.setAttribute("aria-valuetext", [at, ...values.map(({ name: label, text }) => `${label} ${text}`)].join(", "));
		readout.hidden = !pointed;
		drawn?.cursor(pointed ? row : null);
		if (!pointed || !drawn) return;
		const head = el("strong", { text: at });
		const rows = values.map(({ name: label, index, text }) =>
			el("div", {}, el("i", lineAttributes(index)), el("span", { text: label }), el("b", { text })));
		readout.replaceChildren(head, ...rows);
		const px = place(drawn.across, x[row] ?? 0);
		const left = px > (drawn.across.start + drawn.across.end) / 2;
		readout.style.insetInlineStart = left ? "" : `${px + 12}px`;
		readout.style.insetInlineEnd = left ? `${stage.clientWidth - px + 12}px` : "";
	}

	function go(to: number): void {
		row = Math.max(0, Math.min(x.length - 1, to));
		pointed = true;
		point();
	}

	/** The row that many pixels away, at least the next one. */
	function step(pixels: number): number {
		if (!drawn) return row;
		const next = nearestRow(x, valueOf(drawn.across, place(drawn.across, x[row] ?? 0) + pixels));
		return pixels > 0 ? Math.max(next, row + 1) : Math.min(next, row - 1);
	}

	stage.addEventListener(
		"keydown",
		(event) => {
			if (event.ctrlKey || event.metaKey || event.altKey) return;
			const wide = drawn ? drawn.across.end - drawn.across.start : 0;
			const by: Record<string, () => number> = {
				ArrowRight: () => (event.shiftKey ? row + 1 : step(1)),
				ArrowLeft: () => (event.shiftKey ? row - 1 : step(-1)),
				PageDown: () => step(wide / LEAP),
				PageUp: () => step(-wide / LEAP),
				Home: () => 0,
				End: () => x.length - 1,
			};
			const to = by[event.key];
			if (!to) return;
			event.preventDefault();
			event.stopPropagation();
			go(to());
		},
		{ signal },
	);
	const follow = (event: PointerEvent) => {
		if (drawn) go(nearestRow(x, valueOf(drawn.across, event.clientX - stage.getBoundingClientRect().left)));
	};
	const leave = () => {
		pointed = stage.matches(":focus-visible");
		point();
	};
	stage.addEventListener("pointermove", follow, { signal });
	stage.addEventListener("pointerdown", follow, { signal });
	stage.addEventListener("pointerleave", leave, { signal });
	stage.addEventListener("blur", leave, { signal });
	stage.addEventListener("focus", leave, { signal });
	const sized = new ResizeObserver(redraw);
	sized.observe(stage);
	life.onEnd(() => {
		sized.disconnect();
		cancelAnimationFrame(frame);
	});
	return { node, bar, controls: [legend, scale], stage };
}

/** A line's colour; once the palette is used up, lines are dashed. */
const lineAttributes = (index: number) => ({ class: `cy-v-series cy-v-series-${index % COLOURS}${index < COLOURS ? "" : " cy-v-dashed"}` });
