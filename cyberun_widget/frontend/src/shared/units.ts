// Formats numbers for display: sizes, durations, estimates, percentages, counts, speeds.
// The counterpart of cyberun_widget/support/units.py; tests/support/units.json has the expected output of both.

import type { Artifact } from "./types.ts";

const SIZES = ["B", "kB", "MB", "GB", "TB"];
const MINUTE = 60;
const HOUR = 3600;

/** One decimal below 100, none from 100 up. */
function rounded(n: number): number {
	const tenths = Math.floor(10 * n + 0.5) / 10;
	return tenths < 100 ? tenths : Math.floor(n + 0.5);
}

/** Bytes in decimal units: 812 B, 65.5 kB, 1.2 GB; "" if unknown. */
export function dataSize(n: number | null | undefined): string {
	if (n === null || n === undefined) return "";
	let unit = 0;
	while (unit < SIZES.length - 1 && rounded(n / 1000 ** unit) >= 1000) unit += 1;
	return `${unit ? rounded(n / 1000 ** unit) : Math.floor(n)} ${SIZES[unit]}`;
}

/** How much of a file was received: "3.1 MB of 12 MB". */
export const dataSizeOf = (received: number, total: number | null | undefined): string =>
	total ? `${dataSize(received)} of ${dataSize(total)}` : dataSize(received);

/** A duration for a running clock or a column: 0:14, 8:10, 1:02:03. */
export function clock(seconds: number): string {
	const whole = Math.max(0, Math.floor(seconds));
	const two = (n: number) => String(n).padStart(2, "0");
	const [hours, minutes, rest] = [Math.floor(whole / HOUR), Math.floor(whole / MINUTE) % 60, whole % 60];
	return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** A duration for use in a sentence: 0.4 s, 20 s; from one minute up as in `clock`: 1:51. */
export function span(seconds: number): string {
	if (seconds < 1) return `${Math.max(1, Math.floor(10 * seconds + 0.5)) / 10} s`;
	return seconds < MINUTE ? `${Math.floor(seconds)} s` : clock(seconds);
}

/** The duration of a video or sound: 0.4 s, 0:14, 1:02:03. */
export const playingTime = (seconds: number): string => (seconds < 1 ? span(seconds) : clock(seconds));

/** A suitably rounded estimate: about 26 s left, about 1.5 h left. */
export function timeLeft(seconds: number): string {
	if (seconds < 5) return "a few seconds left";
	if (seconds < 1.5 * MINUTE) return `about ${Math.floor(seconds + 0.5)} s left`;
	if (seconds < 1.5 * HOUR) return `about ${Math.floor(seconds / MINUTE + 0.5)} min left`;
	return `about ${Math.floor((10 * seconds) / HOUR + 0.5) / 10} h left`;
}

/** A fraction of 1 as a percentage, such as 35%. Rounded down, so that 100% means complete. */
export const percent = (fraction: number): string => `${Math.floor(100 * fraction + 1e-6)}%`;

/** An integer with thousands separators: 12,480. */
export const count = (n: number): string => Math.floor(n).toLocaleString("en-US");

/** A count with its noun, passed in the singular: 1 file, 1,200 entries. */
export const many = (n: number, noun: string): string =>
	`${count(n)} ${n === 1 ? noun : `${noun.replace(/y$/, "ie")}s`}`;

/** The dimensions of a picture: 1024 × 512. */
export const pixels = (width: number, height: number): string =>
	`${Math.floor(width)} × ${Math.floor(height)}`;

/** Steps per second in two digits: 0.5 s/step, 2.1 steps/s, 48 steps/s. */
export function speed(steps: number): string {
	if (steps < 1) return `${rounded(1 / steps)} s/step`;
	return `${steps < 10 ? Math.floor(10 * steps + 0.5) / 10 : Math.floor(steps + 0.5)} steps/s`;
}

/** The facts for a file's line. */
export function facts({ width, height, duration, size, group }: Artifact): string {
	const extent = width && height && pixels(width, height);
	return [extent, duration && playingTime(duration), dataSize(size), group].filter(Boolean).join(" · ");
}
