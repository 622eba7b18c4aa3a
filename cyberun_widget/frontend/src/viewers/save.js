// The button that keeps a file, and says so when it could not.
import { button } from "../shared/dom.ts";
import { reason } from "./loading.js";

/**
 * @param {() => string} key of the artifact that is meant when the button is pressed
 * @param {import("../shared/types.ts").Ctx} ctx
 * @param {import("../shared/life.ts").Life} life
 */
export function saveButton(key, ctx, life) {
	const node = button(
		"Save",
		async () => {
			const words = node.querySelector("span");
			try {
				await ctx.save(key());
			} catch (error) {
				if (words) words.textContent = "Not saved";
				node.title = reason(error);
				life.later(() => {
					if (words) words.textContent = "Save";
					node.title = "";
				}, 5000);
			}
		},
		{ icon: "down", signal: life.signal },
	);
	return node;
}
