// One view of a sheet: its parts, and what keeps them up to date.
import { announcer } from "../card/announcer.ts";
import { Channel, onPush } from "../shared/channel.ts";
import { el, setAttributes, setText } from "../shared/dom.ts";
import { watchSight } from "../shared/sight.ts";
import { many } from "../shared/units.ts";
import { arrange, compareValues, firstRoles, flows, matcher, valueOf, withRole, type View } from "./arrange.ts";
import { axesBar } from "./axes.ts";
import { bar } from "./bar.ts";
import { cellsOf } from "./cells.ts";
import type { CellLook } from "./cell.ts";
import { compare } from "./compare.ts";
import { detailPanel } from "./detail.ts";
import type { GroupRequests } from "../shared/messages.ts";
import { sheet } from "./sheet.ts";
import { thumbnails } from "./thumbnails.ts";
import { tools, type Choice } from "./tools.ts";
import type { GroupModel, Traits } from "./types.ts";

const TRAITS: readonly (keyof Traits)[] = ["counts", "progress", "selected", "rejected", "reference", "_layout", "_facts"];
const SMALLEST = 64; // CSS px of a cell
const LARGEST = 176;
const USUAL = 112; // of a cell in a wrapped sheet
const GAP = 4;
const SCROLLBAR = 14;
const TYPING = 150; // ms

/** Draw a sheet into `parent` until the function that it returns is called. */
export function showGroup(model: GroupModel, parent: HTMLElement): () => void {
	const life = new AbortController();
	const { signal } = life;
	const channel = new Channel<GroupRequests>(model as never, signal);
	const cells = cellsOf(model);
	cells.lost = () => void channel.ask("sync", {}, { timeout: Infinity }).catch(() => undefined);
	const root = el("div", { class: "cyberun-group", role: "group", tabindex: -1 });
	const note = el("p", { class: "cy-g-note", role: "alert" });
	const live = announcer(signal);

	let layout = model.get("_layout");
	const view: View = { ...{ sort: "", descending: false, filter: "", status: "", hideRejected: false }, roles: firstRoles(layout.axes), page: layout.axes.map(() => 0) };
	const choice: Choice = { output: "", colour: "" };
	let width = 0;
	let trouble = "";
	let extent: [number, number] = [0, 0];
	let comparing = false;
	let placing = false;
	let drawing = false;

	// --- what a cell shows --------------------------------------------------------------------------------------------

	const measured = () => (choice.output.startsWith("metric:") ? choice.output.slice(7) : "");
	const outputKey = () => (measured() ? "" : choice.output);
	const hasPicture = (point: number) =>
		cells.at(point).outputs.some(({ key, shown }) => shown && (outputKey() === "" || key === outputKey()));
	const pinned = () => model.get("reference");
	const pictures = thumbnails(channel, outputKey, pinned, (point) => {
		if (point === pinned()) drawAll();
		else table.update([point]);
		drawDetail();
	});
	let matches = matcher(layout, "");
	const passes = (point: number) => {
		const cell = cells.at(point);
		return (!view.status || cell.status === view.status) && matches(point, cell);
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
			reference: comparing && reference !== null ? pictures.get(reference) : "",
			number: metric ? cell.metrics[metric] : undefined,
			heat: heatOf(point),
			starred: model.get("selected").includes(point),
			rejected: model.get("rejected").includes(point),
			pinned: reference === point,
			open: panel.point === point,
			dim: !passes(point),
		};
	}
	let captions = false;

	// --- the parts ----------------------------------------------------------------------------------------------------

	const tell = (text: string) => {
		trouble = text;
		drawSoon();
	};
	const order = (work: Promise<unknown>) => void work.catch((error: Error) => !signal.aborted && tell(error.message));
	const mark = (point: number, kind: "star" | "reject" | "none") => order(channel.ask("mark", { points: [point], mark: kind }));
	const pin = (point: number | null) => order(channel.ask("pin", { points: point === null ? [] : [point] }));
	async function copy(point: number | null): Promise<void> {
		try {
			const { code } = await channel.ask("code", { points: point === null ? [] : [point] });
			await navigator.clipboard.writeText(code);
			tell("Copied.");
		} catch (error) {
			if (!signal.aborted) tell(`Not copied: ${(error as Error).message}`);
		}
	}

	const top = bar({ channel, tell, onCopy: () => void copy(null), onCompare: toggleCompare });
	const axes = axesBar({
		signal,
		onMove(axis, role) {
			view.roles = withRole(view.roles, axis, role);
			live.say(`${layout.axes[axis]?.title} makes the ${role}`, "");
			place();
		},
		onPage(axis, step) {
			view.page[axis] = step;
			place();
		},
		onGrow: (axis, values) => order(channel.ask("extend", { axis: layout.axes[axis]?.names[0] ?? "", values }, { timeout: Infinity }).then(({ added }) => tell(added ? `${many(added, "point")} added.` : "All of these are there already."))),
	});
	let typing: ReturnType<typeof setTimeout> | undefined;
	const toolbar = tools({
		signal,
		onView(change) {
			Object.assign(view, change);
			if (change.filter === undefined) return place();
			clearTimeout(typing);
			typing = setTimeout(() => {
				matches = matcher(layout, view.filter);
				place();
			}, TYPING);
		},
		onChoice(change) {
			Object.assign(choice, change);
			if (change.output !== undefined) pictures.forget();
			measure();
			drawAll();
			pictures.look(table.seen, hasPicture);
		},
	});
	const table = sheet({
		look,
		signal,
		onOpen: open,
		onKey(point, key) {
			const starred = model.get("selected").includes(point);
			const rejected = model.get("rejected").includes(point);
			if (key === "s") mark(point, starred ? "none" : "star");
			else if (key === "x") mark(point, rejected ? "none" : "reject");
			else if (key === "r") pin(pinned() === point ? null : point);
			else if (key === "c") toggleCompare();
			else if (versus.on && (key === "+" || key === "=")) versus.zoom(1.5);
			else if (versus.on && key === "-") versus.zoom(1 / 1.5);
			else if (versus.on && key === "0") versus.reset();
			else return false;
			return true;
		},
		onSight(seen) {
			pictures.look(seen, hasPicture);
			lookSoon();
		},
	});
	const panel = detailPanel({
		...{ channel, root, tell },
		sweep: () => model.get("_facts").sweep,
		onStep: (by) => {
			const next = panel.point === null ? null : table.step(panel.point, by);
			if (next !== null) open(next);
		},
		onClose: close,
		onMark: mark,
		onPin: pin,
		onCopy: (point) => void copy(point),
	});
	const versus = compare({ root, signal, onUnpin: () => pin(null) });
	versus.attach(table.node);
	versus.attach(panel.stage);
	const problem = el("p", { class: "cy-g-problem" });
	const foot = el("div", { class: "cy-foot" });
	root.append(
		el(
			"div",
			{ class: "cy-card" },
			...[top.head, top.progress, top.counts, problem, top.gate, axes.node, toolbar.node, versus.node],
			el("div", { class: "cy-g-body" }, table.node, panel.node),
			...[note, foot],
		),
		live.node,
	);

	// --- acting -------------------------------------------------------------------------------------------------------

	function open(point: number): void {
		const before = panel.point;
		panel.open(point);
		table.update([point, ...(before === null ? [] : [before])]);
		pictures.look(new Set([...table.seen, point]), hasPicture);
		draw();
		measureWidth();
	}

	function close(): void {
		const before = panel.point;
		panel.close();
		if (before !== null) {
			table.update([before]);
			table.focus(before);
		}
		draw();
		measureWidth();
	}

	/** Without a reference, the open point is one, else the first that has a picture. */
	function toggleCompare(): void {
		comparing = !comparing;
		if (comparing && pinned() === null) {
			const first = panel.point ?? layout.places.findIndex((_, point) => hasPicture(point));
			if (first >= 0) pin(first);
		}
		drawAll();
		draw();
	}

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

	/** Put every cell in its place. */
	function place(): void {
		const rejected = new Set(view.hideRejected ? model.get("rejected") : []);
		const across = Math.max(1, Math.floor((width - 60) / (USUAL + GAP)));
		const by = (point: number) => valueOf(layout, cells.at(point), point, view.sort);
		const wrapped = flows(layout.axes, view);
		const keep = (point: number) => passes(point) && !rejected.has(point);
		const grid = arrange(layout, view, across, keep, (a, b) => compareValues(by(a), by(b), view.descending));
		captions = grid.captions;
		const head = Math.round(7.2 * Math.min(22, Math.max(5, ...grid.rows.map((name) => name.length)))) + 12;
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
		drawDetail();
	}

	function drawDetail(): void {
		const point = panel.point;
		if (point === null) return;
		const { picture, reference, ...seen } = look(point);
		panel.update({ ...seen, picture, reference: comparing && pinned() !== point ? reference : "" });
	}

	function draw(): void {
		if (signal.aborted) return;
		const [counts, progress, facts] = [model.get("counts"), model.get("progress"), model.get("_facts")];
		setAttributes(root, {
			"data-status": facts.status,
			"data-total": facts.total,
			"data-done": facts.done,
			"data-detail": panel.point !== null && "true",
			"aria-label": `Sweep ${facts.title}`,
		});
		const failed = layout.places.flatMap((_, point) => (cells.at(point).status === "failed" ? [point] : []));
		top.update({ counts, progress, _facts: facts }, comparing, failed);
		axes.update(layout, view.roles, view.page);
		const shown = view.filter || view.status ? layout.places.filter((_, point) => passes(point)).length : -1;
		toolbar.update(layout, facts, Object.keys(counts), model.get("rejected").length, shown < 0 ? "" : `${shown} of ${facts.total}`);
		const reference = pinned();
		versus.update(comparing && reference !== null, reference === null ? "" : (layout.labels[reference] ?? ""));
		setText(problem, facts.problem ? `${facts.problem}${facts.retry_in ? ` Trying again in ${Math.ceil(facts.retry_in)} s.` : ""}` : "");
		setText(note, trouble);
		const fixed = Object.entries(layout.fixed).map(([name, value]) => `${name} ${value}`).join(" · ");
		setText(foot, [fixed, facts.saved].filter(Boolean).join("   "));
		live.say(`${facts.title}: ${facts.done} of ${facts.total} done`, "");
		drawDetail();
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

	// --- what the kernel tells ----------------------------------------------------------------------------------------

	const changes: Partial<Record<keyof Traits, () => void>> = {
		_layout() {
			layout = model.get("_layout");
			const roles = firstRoles(layout.axes);
			if (view.roles.length !== roles.length) view.roles = roles.map((role, axis) => view.roles[axis] ?? role);
			if (new Set(view.roles.filter((role) => role !== "pages")).size !== view.roles.filter((role) => role !== "pages").length) view.roles = roles;
			view.page = layout.axes.map((_, axis) => view.page[axis] ?? 0);
			matches = matcher(layout, view.filter);
			placeSoon();
		},
		selected: drawAll,
		rejected: () => (view.hideRejected ? placeSoon() : drawAll()),
		reference() {
			if (pinned() !== null) comparing = true;
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
		else table.update(changed.filter((point) => table.seen.has(point) || point === panel.point));
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
	return () => {
		unwatch();
		life.abort();
		deaf();
		unlisten();
		resized.disconnect();
		clearTimeout(looking);
		clearTimeout(typing);
		for (const [name, heard] of handlers) model.off(`change:${name}`, heard);
		panel.close();
		pictures.close();
		root.remove();
	};
}
