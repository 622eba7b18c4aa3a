// Makes pictures of models without one, for tiles and the strip: automatically, one at a time, when the page is idle.
// The kernel keeps them, so that the saved notebook has them too.
import { el } from "../shared/dom.ts";
import { Life } from "../shared/life.ts";
import type { Artifact, Ctx } from "../shared/types.ts";

const MOST = 64_000_000; // bytes; larger models are drawn only when opened
const IDLE = 4_000; // maximum ms to wait for the page to be idle
const SIZE = { width: "512px", height: "384px" };

/** One WebGL context at a time for all cards of the page: browsers limit their number. */
let last: Promise<unknown> = Promise.resolve();
let webgl: boolean | undefined;

/** Whether WebGL is available; checked once, before requesting the large 3D module. Leaves no context behind. */
function supported(): boolean {
	if (webgl === undefined) {
		const context = document.createElement("canvas").getContext("webgl2");
		context?.getExtension("WEBGL_lose_context")?.loseContext();
		webgl = context !== null;
	}
	return webgl;
}

/** Resolves when the page is idle, or at the signal. */
function idle(life: Life): Promise<void> {
	return new Promise((resolve) => {
		life.onEnd(resolve);
		if (typeof requestIdleCallback === "undefined") return life.later(resolve, IDLE / 10); // Safari
		const waiting = requestIdleCallback(() => resolve(), { timeout: IDLE });
		life.onEnd(() => cancelIdleCallback(waiting));
	});
}

/**
 * Make a picture of a visible model and pass it to `ctx.poster`. Rejects with the reason the model can't be drawn.
 * @param signal cancels the request, even while it is being carried out
 */
export async function still(artifact: Artifact, ctx: Ctx, signal: AbortSignal): Promise<void> {
	if (artifact.poster || (artifact.size ?? Infinity) > MOST || signal.aborted || !supported()) return;
	const turn = last.then(() => make(artifact, ctx, signal));
	last = turn.catch(() => undefined); // the caller gets the error
	await turn;
}

async function make({ key, name }: Artifact, ctx: Ctx, signal: AbortSignal): Promise<void> {
	const life = new Life(signal);
	const host = el("div", { "aria-hidden": "true", inert: true });
	Object.assign(host.style, { ...SIZE, position: "fixed", insetInlineStart: "-2000px", top: "0", visibility: "hidden" });
	life.onEnd(() => host.remove());
	try {
		await idle(life);
		if (life.ended) return;
		const three = (await ctx.load("three")) as typeof import("../three/index.js");
		const blob = await ctx.bytes(key, { signal: life.signal });
		document.body.append(host);
		const options = { name, signal: life.signal, background: "" };
		await three.show(host, blob, { ...options, onPoster: (picture: Blob) => life.ended || ctx.poster(key, picture) });
	} catch (error) {
		if (!life.ended) throw error;
	} finally {
		life.end(); // also ends the view and its context
	}
}
