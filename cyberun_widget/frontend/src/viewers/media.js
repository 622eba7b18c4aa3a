// Video and audio, in the browser's players.
import { mediaSource, posterSource } from "../shared/blobs.ts";
import { el } from "../shared/dom.ts";
import { loadBytes } from "./loading.js";
import { waveform } from "./waveform.js";

const AUTO = 24_000_000; // bytes: larger files wait for a click
const LOOP = 20; // seconds: shorter videos loop, as turntables and animations should

/** @typedef {import("../shared/types.ts").Env} Env */

/**
 * @param {HTMLMediaElement} player
 * @param {Env} env
 * @returns {Promise<void>} resolves when its duration is known and it can play
 */
function ready(player, { life }) {
	return new Promise((resolve, reject) => {
		const options = { once: true, signal: life.signal };
		player.addEventListener("loadedmetadata", () => resolve(), options);
		player.addEventListener(
			"error",
			() => {
				reject(
					new Error(
						said.viewers.media_broken,
					),
				);
			},
			options,
		);
	});
}

/** @param {HTMLMediaElement} player @param {Env} env stops playback and frees the decoder at the end */
function release(player, { life }) {
	life.onEnd(() => {
		player.pause();
		player.removeAttribute("src");
		player.load();
	});
}

/**
 * Play a short video in a card, muted, while it is in view, unless the user pauses it or has requested reduced motion.
 * @param {HTMLVideoElement} player
 * @param {import("../shared/life.ts").Life} life
 */
function playInView(player, life) {
	const { signal } = life;
	const calm = matchMedia("(prefers-reduced-motion: reduce)");
	let seen = false;
	let stopped = false; // by the user
	let ours = false; // the next pause event is caused by this module
	const follow = () => {
		if (!seen || calm.matches) {
			ours ||= !player.paused;
			player.pause();
		} else if (!stopped) player.play().catch(() => undefined); // refused by the browser: the user can press Play
	};
	const sight = new IntersectionObserver(
		(entries) => {
			seen = entries.at(-1)?.isIntersecting ?? seen;
			follow();
		},
		{ threshold: 0.5 },
	);
	player.muted = true;
	player.addEventListener(
		"pause",
		() => {
			stopped = !ours;
			ours = false;
		},
		{ signal },
	);
	player.addEventListener("play", () => (stopped = false), { signal });
	calm.addEventListener("change", follow, { signal });
	sight.observe(player);
	life.onEnd(() => sight.disconnect());
}

/** @param {Env} env @returns {import("../shared/types.ts").View} */
export function videoView(env) {
	const { artifact, life, full } = env;
	const poster = posterSource(artifact, life);
	const player = el("video", {
		class: "cy-v-video",
		controls: true,
		playsinline: true,
		preload: "metadata",
		"aria-label": artifact.name,
		poster,
	});
	release(player, env);
	const node = loadBytes(
		env,
		async (blob) => {
			const known = ready(player, env);
			player.src = mediaSource(blob, artifact.mime, life);
			await known;
			player.loop = player.duration <= LOOP;
			player.style.setProperty("--cy-ratio", String(player.videoWidth / player.videoHeight || 1));
			player.style.setProperty("--cy-natural", `${player.videoWidth}px`);
			if (!full && player.loop) playInView(player, life);
			return player;
		},
		full ? undefined : { label: said.viewers.load_video, over: AUTO },
	);
	if (!full && poster) node.style.backgroundImage = `url("${poster}")`;
	node.classList.add("cy-v-media");
	return { node };
}

/** @param {Env} env @returns {import("../shared/types.ts").View} */
export function audioView(env) {
	const { artifact, life, full } = env;
	const player = el("audio", { class: "cy-v-audio", controls: true, preload: "metadata", "aria-label": artifact.name });
	release(player, env);
	const node = loadBytes(
		env,
		async (blob) => {
			const known = ready(player, env);
			player.src = mediaSource(blob, artifact.mime, life);
			await known;
			return el("div", { class: "cy-v-sound" }, await waveform(blob, player, life), player);
		},
		full ? undefined : { label: said.viewers.load_audio, over: AUTO },
	);
	return { node };
}
