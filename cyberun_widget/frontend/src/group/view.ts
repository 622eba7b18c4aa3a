// One view of a sheet: the first paint. The module `sweep` adds the controls.
import { announcer } from "../card/announcer.ts";
import { inbox } from "../card/inbox.ts";
import { Channel, onPush } from "../shared/channel.ts";
import { el, setAttributes, setText } from "../shared/dom.ts";
import type { GroupRequests } from "../shared/messages.ts";
import { loadModule } from "../shared/modules.ts";
import { watchSight } from "../shared/sight.ts";
import { arrange, firstRoles, flows, type View } from "./arrange.ts";
import { bar } from "./bar.ts";
import type { CellLook } from "./cell.ts";
import { cellsOf } from "./cells.ts";
import type { Choice, Controls, GroupView, SweepModule } from "./controls.ts";
import { sheet } from "./sheet.ts";
import { thumbnails } from "./thumbnails.ts";
import type { GroupModel, Traits } from "./types.ts";
import { count } from "../shared/units.ts";
import { fill } from "../shared/words.ts";

const TRAITS: readonly (keyof Traits)[] = ["counts", "progress", "selected", "rejected", "reference", "_layout", "_facts"];
const SMALLEST = 64; // CSS px of a cell
const LARGEST = 176;
const USUAL = 112; // of a cell in a wrapped sheet
const GAP = 4;
const SCROLLBAR = 14;

/** Draw a sheet into `parent` until the returned function is called. */
export function showGroup(model: GroupModel, parent: HTMLElement): () => void {
	const life = new AbortController();
	const { signal } = life;
	const channel = new Channel<GroupRequests>(model as never, signal);
	const cells = cellsOf(model);
	const unfollow = cells.follow();
	let asking = false;
	cells.lost = () => {
		if (asking) return;
		asking = true;
		const over = () => (asking = false);
		channel.ask("sync", {}, { timeout: Infinity }).then(over, over);
	};
	const root = el("div", { class: "cyberun-group", role: "group", tabindex: -1 });
	const note = el("p", { class: "cy-g-note", role: "alert" });
	const live = announcer(signal);

	let layout = model.get("_layout");
	const view: View = { ...{ sort: "", descending: false, filter: "", status: "", hideRejected: false }, roles: firstRoles(layout.axes), page: layout.axes.map(() => 0) };
	const choice: Choice = { output: "", colour: "" };
	let width = 0;
	let trouble = "";
	let extent: [number, number] = [0, 0];
	let placing = false;
	let drawing = false;
	let captions = false;
	let controls: Controls | null = null;

	// --- what a cell shows --------------------------------------------------------------------------------------------

	const measured = () => (choice.output.startsWith("metric:") ? choice.output.slice(7) : "");
	const outputKey = () => (measured() ? "" : choice.output);
	const hasPicture = (point: number) =>
		cells.at(point).outputs.some(({ key, shown }) => shown && (outputKey() === "" || key === outputKey()));
	const pinned = () => model.get("reference");
	const pictures = thumbnails(channel, outputKey, pinned, (point) => {
		if (point === pinned()) drawAll();
		else table.update([point]);
	});
	const passes = (point: number) => {
		const cell = cells.at(point);
		return (!view.status || cell.status === view.status) && (!group.matches || group.matches(point, cell));
	};

	function heatOf(point: number): number | null {
		const value = choice.colour ? cells.at(point).metrics[choice.colour] : undefined;
		if (value === undefined) return null;
		const [low, high] = extent;
		return high > low ? (value - low) / (high - low) : 0.5;
	}

	function look(point: number): CellLook {
		const cell = cells.at(point);
		const metric = measured();
		const reference = pinned();
		return {
			...{ cell, label: layout.labels[point] ?? String(point) },
			caption: captions ? (layout.labels[point] ?? "") : "",
			picture: pictures.get(point),
			reference: controls?.comparing && reference !== null ? pictures.get(reference) : "",
			number: metric ? cell.metrics[metric] : undefined,
			heat: heatOf(point),
			starred: model.get("selected").includes(point),
			rejected: model.get("rejected").includes(point),
			pinned: reference === point,
			open: controls?.point === point,
			dim: !passes(point),
		};
	}

	// --- the parts ----------------------------------------------------------------------------------------------------

	const tell = (text: string) => {
		trouble = text;
		drawSoon();
	};
	/** Call `act` once the controls are loaded. If loading fails, the next click tries again. */
	function withControls(act: (controls: Controls) => void): void {
		if (controls) return act(controls);
		loadModule<SweepModule>("sweep", channel as never).then(
			({ attach }) => {
				if (signal.aborted) return;
				controls ??= attach(group);
				act(controls);
				draw();
			},
			(error: Error) => !signal.aborted && tell(error.message),
		);
	}
	const top = bar({
		...{ channel, tell },
		onCopy: () => withControls((to) => void to.copy(null)),
		onCompare: () => withControls((to) => to.toggleCompare()),
	});
	const table = sheet({
		look,
		signal,
		onOpen: (point) => withControls((to) => to.open(point)),
		onLine: (points, name) => withControls((to) => to.line(points, name)),
		onKey: (point, key) => controls?.key(point, key) ?? false,
		onSight(seen) {
			pictures.look(seen, hasPicture);
			lookSoon();
		},
	});
	const problem = el("p", { class: "cy-g-problem" });
	const foot = el("div", { class: "cy-foot" });
	const shelf = el("div", { class: "cy-g-shelf" });
	const body = el("div", { class: "cy-g-body" }, table.node);
	root.append(el("div", { class: "cy-card" }, ...[top.head, top.progress, top.counts, problem, shelf, body, note, foot]), live.node);
	const group: GroupView = {
		load: (name) => loadModule(name, channel as never),
		...{ model, channel, root, signal, inbox, cells, table, pictures, view, choice, shelf, body, matches: null, order: null },
		...{ layout: () => layout, pinned, passes, hasPicture, look, tell, place, placeSoon, draw, drawAll, measure, measureWidth },
		announce: (text) => live.say(text, ""),
	};

	let looking: ReturnType<typeof setTimeout> | undefined;
	function lookSoon(): void {
		looking ??= setTimeout(() => {
			looking = undefined;
			channel.ask("look", { points: [...table.seen] }, { timeout: Infinity }).catch(() => undefined); // it only saves work
		}, 500);
	}

	// --- drawing ------------------------------------------------------------------------------------------------------

	function measure(): void {
		const values = layout.places.flatMap((_, point) => cells.at(point).metrics[choice.colour] ?? []);
		extent = values.length ? [Math.min(...values), Math.max(...values)] : [0, 0];
	}

	/** Lay out all cells. */
	function place(): void {
		const rejected = new Set(view.hideRejected ? model.get("rejected") : []);
		const across = Math.max(1, Math.floor((width - 60) / (USUAL + GAP)));
		const wrapped = flows(layout.axes, view);
		const keep = (point: number) => passes(point) && !rejected.has(point);
		const grid = arrange(layout, view, across, keep, group.order);
		captions = grid.captions;
		const head = Math.round(7.2 * Math.min(22, Math.max(5, ...grid.rows.map((name) => name.length)))) + 20;
		const room = width - head - SCROLLBAR - GAP * (grid.columns.length + 1);
		const size = wrapped ? USUAL : Math.floor(room / Math.max(1, grid.columns.length));
		root.style.setProperty("--cy-cell", `${Math.max(SMALLEST, Math.min(LARGEST, size))}px`);
		root.style.setProperty("--cy-head", `${head}px`);
		const title = (role: string) => layout.axes[view.roles.indexOf(role as "rows")]?.title ?? "";
		table.place(grid, wrapped ? { rows: "", columns: "" } : { rows: title("rows"), columns: title("columns") });
		table.update();
		draw();
	}

	function placeSoon(): void {
		if (placing) return;
		placing = true;
		requestAnimationFrame(() => {
			placing = false;
			if (!signal.aborted) place();
		});
	}

	function drawAll(): void {
		table.update();
		controls?.update();
	}

	function draw(): void {
		if (signal.aborted) return;
		const [counts, progress, facts] = [model.get("counts"), model.get("progress"), model.get("_facts")];
		setAttributes(root, {
			"data-status": facts.status,
			"data-total": facts.total,
			"data-done": facts.done,
			"data-detail": (controls?.point ?? null) !== null && "true",
			"aria-label": fill(said.sweep.name, { title: facts.title }),
		});
		const failed = layout.places.flatMap((_, point) => (cells.at(point).status === "failed" ? [point] : []));
		top.update({ counts, progress, _facts: facts }, controls?.comparing ?? false, failed);
		setText(problem, [facts.problem, facts.problem && facts.retry_in && fill(said.sweep.retrying_in, { seconds: Math.ceil(facts.retry_in) })].filter(Boolean).join(" "));
		setText(note, trouble);
		const fixed = Object.entries(layout.fixed).map(([name, value]) => `${name} ${value}`).join(" · ");
		setText(foot, [fixed, facts.saved].filter(Boolean).join("   "));
		live.say(`${facts.title}: ${fill(said.sweep.done, { done: count(facts.done), total: count(facts.total) })}`, "");
		controls?.update();
	}
	function drawSoon(): void {
		if (drawing) return;
		drawing = true;
		queueMicrotask(() => {
			drawing = false;
			draw();
		});
	}

	function measureWidth(): void {
		requestAnimationFrame(() => {
			const now = table.node.parentElement ? table.node.clientWidth : 0;
			if (!signal.aborted && now && Math.abs(now - width) > 1) {
				width = now;
				place();
			}
		});
	}

	// --- updates from the kernel --------------------------------------------------------------------------------------

	const changes: Partial<Record<keyof Traits, () => void>> = {
		_layout() {
			layout = model.get("_layout");
			const roles = firstRoles(layout.axes);
			if (view.roles.length !== roles.length) view.roles = roles.map((role, axis) => view.roles[axis] ?? role);
			if (new Set(view.roles.filter((role) => role !== "pages")).size !== view.roles.filter((role) => role !== "pages").length) view.roles = roles;
			view.page = layout.axes.map((_, axis) => view.page[axis] ?? 0);
			controls?.relaid();
			placeSoon();
		},
		_facts: () => cells.check(model.get("_facts").sequence),
		selected: drawAll,
		rejected: () => (view.hideRejected ? placeSoon() : drawAll()),
		reference() {
			controls?.pinned();
			pictures.look(table.seen, hasPicture);
			drawAll();
		},
	};
	const handlers = TRAITS.map((name) => {
		const heard = () => {
			changes[name]?.();
			drawSoon();
		};
		model.on(`change:${name}`, heard);
		return [name, heard] as const;
	});
	const deaf = onPush(model as never, { problem: ({ text }) => tell(text) });
	const unlisten = cells.listen((changed) => {
		pictures.forget(changed.filter((point) => pictures.get(point) !== "" && !hasPicture(point)));
		measure();
		const sorted = view.sort === "seconds" || view.sort === "status" || (view.sort && model.get("_facts").metrics.includes(view.sort));
		if (sorted || view.status) placeSoon();
		else table.update(changed.filter((point) => table.seen.has(point) || point === controls?.point));
		pictures.look(table.seen, hasPicture);
		drawSoon();
	});
	parent.append(root);
	const resized = new ResizeObserver(measureWidth);
	resized.observe(table.node);
	const unwatch = watchSight(root, channel as never);
	width = table.node.clientWidth || 640;
	measure();
	place();
	cells.check(model.get("_facts").sequence);
	if (pinned() === null) withControls(() => undefined);
	else withControls((to) => to.pinned());
	return () => {
		unwatch();
		life.abort();
		deaf();
		unlisten();
		unfollow();
		resized.disconnect();
		clearTimeout(looking);
		for (const [name, heard] of handlers) model.off(`change:${name}`, heard);
		controls?.close();
		pictures.close();
		root.remove();
	};
}
