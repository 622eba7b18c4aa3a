// One point beside the reference, at full size: pictures, videos with a shared clock, models with a shared camera.
import { store } from "../files/store.ts";
import type { GroupView } from "../group/controls.ts";
import type { Detail } from "../group/types.ts";
import type { Channel } from "../shared/channel.ts";
import { el } from "../shared/dom.ts";
import { Life } from "../shared/life.ts";
import type { CompareRequests, GroupRequests } from "../shared/messages.ts";
import { adopt } from "../shared/style.ts";
import type { Artifact } from "../shared/types.ts";
import type { Mode } from "./compare.ts";
import { fill } from "../shared/words.ts";

type Comparison = typeof import("../comparison/index.ts");
const SEEN: readonly string[] = ["image", "video", "model"]; // kinds compared visually

export interface Side {
	point: number;
	label: string;
	/** Changes whenever the point's files do. */
	task: string | null;
	/** Null until they are known. */
	files: readonly Artifact[] | null;
}
export interface Pair {
	own: Side;
	reference: Side;
	/** The file's key, "" for the first file that both have. */
	output: string;
	mode: Mode;
}

export interface PointComparison {
	node: HTMLElement;
	/** Null removes it. Redraws only if something changed. */
	update(pair: Pair | null): void;
}

/** `load` gets a module of the package, sent once per page. */
export function pointComparison(channel: Channel<GroupRequests>, root: HTMLElement, load: GroupView["load"]): PointComparison {
	const stage = el("div", { class: "cy-g-stage" });
	const node = el("div", { class: "cy-g-against", role: "group", hidden: true }, stage);
	let life = new Life(channel.signal);
	let told = "";

	/** The file's bytes, from the page's store or the kernel. */
	function read({ point, task }: Side, artifact: Artifact): Promise<Blob> {
		const ofPoint = {
			signal: life.signal,
			ask: (type: "read", fields: object, more?: object) => channel.ask(type, { ...fields, point } as never, more),
		} as unknown as Channel<Pick<CompareRequests, "read">>;
		return store.read(ofPoint, `${task}`, artifact, { signal: life.signal });
	}

	async function filesOf({ point, files }: Side, signal: AbortSignal): Promise<readonly Artifact[]> {
		return files ?? ((await channel.ask("detail", { point }, { signal, timeout: Infinity })).detail as Detail).files;
	}

	async function made({ own, reference, output, mode }: Pair, current: Life): Promise<HTMLElement> {
		const [mine, other] = await Promise.all([filesOf(own, current.signal), filesOf(reference, current.signal)]);
		const both = mine.flatMap((file) => {
			const twin = other.find(({ key, kind }) => key === file.key && kind === file.kind);
			return twin && SEEN.includes(file.kind) && (!output || file.key === output) ? [[twin, file] as const] : [];
		});
		const [pair] = both;
		if (!pair) return el("p", { class: "cyc-hint", text: said.sweep.nothing_common });
		const { css, ...comparison } = await load<Comparison>("comparison");
		if (current.ended) return stage;
		adopt(root, css);
		const sides = await Promise.all(
			[reference, own].map(async (side, index) => {
				const artifact = pair[index] as Artifact;
				return { artifact, label: index ? side.label : fill(said.sweep.reference_name, { name: side.label }), file: await read(side, artifact) };
			}),
		);
		return comparison.compareFiles(sides, mode, () => load("three"), current);
	}

	async function draw(pair: Pair): Promise<void> {
		const current = life;
		stage.setAttribute("aria-busy", "true");
		try {
			const shown = await made(pair, current);
			if (!current.ended) stage.replaceChildren(shown);
		} catch (error) {
			if (!current.ended) stage.replaceChildren(el("p", { class: "cyc-hint", role: "alert", text: (error as Error).message }));
		} finally {
			if (!current.ended) stage.removeAttribute("aria-busy");
		}
	}

	return {
		node,
		update(pair) {
			const state = pair ? JSON.stringify(pair) : "";
			if (state === told) return;
			told = state;
			life.end();
			life = new Life(channel.signal);
			node.hidden = !pair;
			if (!pair) return stage.replaceChildren();
			node.ariaLabel = fill(said.sweep.pair_name, { own: pair.own.label, reference: pair.reference.label });
			void draw(pair);
		},
	};
}
