// Modules of the package that are too large to be part of each widget. The kernel sends them once per page.
import revisions from "cyberun:revisions";
import type { Channel } from "./channel.ts";
import type { WidgetRequests } from "./messages.ts";
import { page, type ModuleSlot } from "./page.ts";
import type { Bytes } from "./types.ts";

const PATIENCE = 3_000; // ms a view waits for another view's request, whose kernel may be gone

/** Load a module by its folder's name. A failed load can be tried again. */
export async function loadModule<T>(name: string, channel: Channel<WidgetRequests>): Promise<T> {
	const revision = revisions[name] ?? "";
	const slot = slotOf(name, revision);
	if (!slot.arrived) {
		const wait = slot.asked ? PATIENCE : 0;
		slot.asked = true;
		await Promise.race([slot.arrival, pause(wait, channel.signal)]);
	}
	if (!slot.arrived) {
		// A busy kernel answers when its cell has finished.
		const asked = channel.ask("module", { name, revision }, { timeout: Infinity });
		await Promise.race([slot.arrival, asked.then(({ buffers }) => acceptModule(name, revision, buffers[0]))]);
	}
	return (await slot.arrival) as T;
}

/** Add a module that the kernel sent, requested or not. */
export function acceptModule(name: string, revision: string, script: Bytes | undefined): void {
	const slot = slotOf(name, revision);
	if (!script || slot.arrived) return;
	slot.arrived = true;
	const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
	const module = import(url).finally(() => URL.revokeObjectURL(url));
	module.catch(() => page.modules.delete(keyOf(name, revision))); // so that the next attempt requests it again
	slot.arrive(module);
}

/** Widgets of another release, from another kernel, never get this release's code. */
const keyOf = (name: string, revision: string) => `${name}@${revision}`;

function slotOf(name: string, revision: string): ModuleSlot {
	const key = keyOf(name, revision);
	let slot = page.modules.get(key);
	if (!slot) {
		const { promise, resolve } = Promise.withResolvers<unknown>();
		slot = { arrival: promise, arrive: resolve, arrived: false, asked: false };
		page.modules.set(key, slot);
	}
	return slot;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const timer = setTimeout(resolve, ms);
		signal.addEventListener("abort", () => clearTimeout(timer));
	});
}
