// The waveform of a sound, to see its loudness and to seek by click. The player's slider is for the keyboard.
import { el } from "../shared/dom.ts";

const BARS = 160;
const MAX = 24_000_000; // bytes: larger files take too much memory when decoded

/**
 * @param {AudioBuffer} sound
 * @returns {number[]} the loudness of each bar, in [0, 1]
 */
function peaks(sound) {
	const samples = sound.getChannelData(0);
	const width = Math.max(1, Math.floor(samples.length / BARS));
	const bars = Array.from({ length: BARS }, (_, bar) => {
		let top = 0;
		const end = Math.min(samples.length, (bar + 1) * width);
		const step = Math.max(1, Math.floor(width / 400));
		for (let i = bar * width; i < end; i += step) top = Math.max(top, Math.abs(samples[i] ?? 0));
		return top;
	});
	const loudest = Math.max(...bars, 1e-6);
	return bars.map((bar) => bar / loudest);
}

/**
 * @param {Blob} blob
 * @param {HTMLAudioElement} player
 * @param {import("../shared/life.ts").Life} life
 * @returns {Promise<HTMLElement | null>} null if it can't be drawn
 */
export async function waveform(blob, player, life) {
	if (blob.size > MAX || typeof OfflineAudioContext === "undefined") return null;
	let sound;
	try {
		sound = await new OfflineAudioContext(1, 1, 22_050).decodeAudioData(await blob.arrayBuffer());
	} catch (error) {
		if (error instanceof DOMException) return null; // the player may still be able to play it
		throw error;
	}
	const bars = peaks(sound).map((height) => {
		const bar = el("i");
		bar.style.height = `${Math.max(3, height * 100)}%`;
		return bar;
	});
	const node = el("div", { class: "cy-v-wave", "aria-hidden": "true" }, ...bars);
	const show = () => {
		const at = player.duration > 0 ? (player.currentTime / player.duration) * BARS : 0;
		bars.forEach((bar, index) => bar.classList.toggle("cy-v-played", index < at));
	};
	player.addEventListener("timeupdate", show, { signal: life.signal });
	player.addEventListener("seeked", show, { signal: life.signal });
	node.addEventListener(
		"click",
		(event) => {
			const box = node.getBoundingClientRect();
			player.currentTime = ((event.clientX - box.left) / box.width) * player.duration;
		},
		{ signal: life.signal },
	);
	return node;
}
