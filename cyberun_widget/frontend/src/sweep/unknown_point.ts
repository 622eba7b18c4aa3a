// Settles a point in doubt: shows the tasks that may belong to it, and lets the user decide.
import { askButton } from "../card/ask.ts";
import type { Candidate, Detail } from "../group/types.ts";
import { statusName } from "../group/words.ts";
import type { Channel } from "../shared/channel.ts";
import { el, plainButton } from "../shared/dom.ts";
import type { GroupRequests } from "../shared/messages.ts";
import { daytime, dots } from "../shared/text.ts";
import { many } from "../shared/units.ts";
import { fill } from "../shared/words.ts";

const OFFERED = 6; // candidates shown

export interface UnknownPoint {
	node: HTMLElement;
	/** Show the state of a point, and search for its task if not done yet. `signal`: aborted when the point is closed. */
	show(point: number, detail: Detail, signal: AbortSignal): void;
	update(unknown: boolean): void;
	clear(): void;
}

export function unknownPoint(channel: Channel<GroupRequests>, request: (work: Promise<unknown>) => void, tell: (text: string) => void): UnknownPoint {
	let point: number | null = null;
	let turn: AbortSignal = channel.signal;
	const sendAgain = askButton({
		label: said.sweep.send_again,
		question: said.sweep.send_again_question,
		...{ yes: said.sweep.send_again_yes, no: said.run_again_no },
		onYes: () => point !== null && request(channel.ask("send_again", { point })),
	});
	const list = el("div", { class: "cy-g-candidates" });
	const search = plainButton(said.sweep.search, () => point !== null && void seek(point));
	const node = el(
		"div",
		{ class: "cy-g-settle", hidden: true },
		el("p", { text: said.sweep.doubt }),
		...[search, list, sendAgain.node],
	);

	async function seek(at: number): Promise<void> {
		const signal = turn;
		search.disabled = true;
		try {
			const { candidates, advice } = await channel.ask("candidates", { point: at }, { signal, timeout: Infinity });
			if (at === point) offer(at, candidates as Candidate[], advice);
		} catch (error) {
			if (!signal.aborted) tell((error as Error).message);
		} finally {
			search.disabled = false;
		}
	}

	function offer(at: number, candidates: Candidate[], advice: string): void {
		list.replaceChildren(
			el("p", { text: advice }),
			...candidates.slice(0, OFFERED).map(({ task, status, created, same, others }) => {
				const button = plainButton(said.sweep.attach_this, () => request(channel.ask("attach", { point: at, task })));
				button.ariaLabel = fill(said.sweep.attach_name, { task });
				const fits = others ? fill(said.sweep.or_of, { points: many(others, "other point") }) : same && said.sweep.same_parameters;
				const told = dots(`…${task.slice(-8)}`, statusName(status).toLowerCase(), daytime(created), fits);
				return el("div", { class: "cy-g-candidate" }, el("code", { text: told }), button);
			}),
		);
	}

	return {
		node,
		show(at, { status, candidates, advice }, signal) {
			[point, turn] = [at, signal];
			if (status !== "unknown") list.replaceChildren();
			else if (advice) offer(at, candidates, advice);
			else void seek(at);
		},
		update(unknown) {
			node.hidden = !unknown;
			sendAgain.update({ shown: unknown });
		},
		clear() {
			point = null;
			search.disabled = false;
			list.replaceChildren();
		},
	};
}
