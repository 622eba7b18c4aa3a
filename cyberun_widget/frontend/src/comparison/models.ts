// Models side by side with a shared camera: rotating one rotates all.
import { el, setText } from "../shared/dom.ts";
import type { Life } from "../shared/life.ts";
import type { Pose } from "../three/camera.js";
import type { ModelView } from "../three/index.js";

type Three = typeof import("../three/index.js");

export interface Model {
	file: Blob;
	name: string;
	label: string;
}

/** Show the models. Each has its own WebGL context, released with `life`. */
export function compareModels(models: readonly Model[], three: Three, life: Life): HTMLElement {
	const views: ModelView[] = [];
	let leading: ModelView | null = null; // the view whose camera the others follow
	const frames = models.map((model) => {
		const host = el("div", { class: "cyc-stage cyc-model" });
		const caption = el("figcaption", { dir: "auto", text: model.label });
		void show(model, host, caption);
		return el("figure", { class: "cyc-frame" }, host, caption);
	});
	const node = el("div", { class: "cyc-side" }, ...frames);
	node.style.setProperty("--cyc-columns", String(Math.min(models.length, 3)));
	return node;

	async function show({ file, name, label }: Model, host: HTMLElement, caption: HTMLElement): Promise<void> {
		try {
			await new Promise(requestAnimationFrame); // drawing needs a size
			const view: ModelView = await three.show(host, file, {
				...{ name: `${name}, ${label}`, signal: life.signal },
				onPose: (pose) => followAll(view, pose),
				onError: (error) => setText(caption, `${label}: ${error.message}`),
			});
			if (life.ended) return;
			for (const event of ["pointerdown", "keydown", "wheel"] as const) {
				view.canvas.addEventListener(event, () => (leading = view), { capture: true, passive: true, signal: life.signal });
			}
			views.push(view);
		} catch (error) {
			if (!life.ended) setText(caption, `${label}: ${(error as Error).message}`);
		}
	}
	function followAll(view: ModelView, pose: Pose): void {
		if (view !== leading) return; // it only follows the leading view
		for (const other of views) if (other !== view) other.follow(pose);
	}
}
