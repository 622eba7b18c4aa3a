// Measures how much two pictures differ.
import { percent } from "../shared/units.ts";
import { fill } from "../shared/words.ts";

const SIDE = 256; // pixels; enough for a mean, and fast

/** The mean difference of two pictures in [0, 1], over all colours and pixels, at a reduced size. */
export function meanDifference(a: CanvasImageSource, b: CanvasImageSource): number {
	const [first, second] = [pixels(a), pixels(b)];
	let sum = 0;
	for (let i = 0; i < first.length; i += 4) {
		for (let channel = 0; channel < 3; channel += 1) {
			sum += Math.abs((first[i + channel] ?? 0) - (second[i + channel] ?? 0));
		}
	}
	return sum / ((first.length / 4) * 3 * 255);
}

function pixels(source: CanvasImageSource): Uint8ClampedArray {
	const canvas = document.createElement("canvas");
	canvas.width = canvas.height = SIDE;
	const context = canvas.getContext("2d", { willReadFrequently: true });
	if (!context) throw new Error("This browser can’t compare pixels.");
	context.drawImage(source, 0, 0, SIDE, SIDE);
	return context.getImageData(0, 0, SIDE, SIDE).data;
}

export function differenceWords(share: number): string {
	if (share === 0) return said.comparison.same;
	return share < 0.01 ? fill(said.comparison.little, { percent: percent(0.01) }) : fill(said.comparison.mean, { percent: percent(share) });
}
