// The module `sweep`: the controls of a sheet. Sent once per page, after the sheet's first paint.
import type { Controls, GroupView } from "../group/controls.ts";
import { withRole } from "../group/arrange.ts";
import { adopt } from "../shared/style.ts";
import { many } from "../shared/units.ts";
import { axesBar } from "./axes.ts";
import { compare } from "./compare.ts";
import { detailPanel } from "./detail.ts";
import { compareValues, matcher, valueOf } from "./filter.ts";
import { startPanel } from "./start_panel.ts";
import { lines } from "./lines.ts";
import css from "./sweep.css";
import { tools } from "./tools.ts";
import { fill } from "../shared/words.ts";

const TYPING = 150; // ms
const patient = { timeout: Infinity };

/** Add the controls to one view of a sheet. They are removed by its signal. */
export function attach(group: GroupView): Controls {
	const { model, channel, root, signal, cells, table, pictures, view, choice, tell } = group;
	let comparing = false;
	let typing: ReturnType<typeof setTimeout> | undefined;
	signal.addEventListener("abort", () => clearTimeout(typing));
	adopt(root, css);

	const order = (work: Promise<unknown>) => void work.catch((error: Error) => !signal.aborted && tell(error.message));
	const mark = (points: number[], kind: "star" | "reject" | "none") => order(channel.ask("mark", { points, mark: kind }));
	const pin = (point: number | null) => order(channel.ask("pin", { points: point === null ? [] : [point] }));
	const sweep = () => model.get("_facts").sweep;
	async function copy(point: number | null): Promise<void> {
		try {
			const { code } = await channel.ask("code", { points: point === null ? [] : [point] });
			await navigator.clipboard.writeText(code);
			tell(said.sweep.copied);
		} catch (error) {
			if (!signal.aborted) tell(fill(said.sweep.not_copied, { cause: (error as Error).message }));
		}
	}

	const start = startPanel((count) => order(channel.ask("start", { count }, patient)));
	const axes = axesBar({
		signal,
		onMove(axis, role) {
			view.roles = withRole(view.roles, axis, role);
			group.announce(fill(said.sweep.axis_moved, { axis: group.layout().axes[axis]?.title ?? "", role }));
			group.place();
		},
		onPage(axis, step) {
			view.page[axis] = step;
			group.place();
		},
		onGrow: (axis, values) =>
			order(
				channel
					.ask("extend", { axis: group.layout().axes[axis]?.names[0] ?? "", values }, patient)
					.then(({ added }) => tell(added ? fill(said.sweep.added, { points: many(added, "point") }) : said.sweep.added_none)),
			),
	});
	const toolbar = tools({
		signal,
		onView(change) {
			Object.assign(view, change);
			const by = (point: number) => valueOf(group.layout(), cells.at(point), point, view.sort);
			group.order = view.sort ? (a, b) => compareValues(by(a), by(b), view.descending) : null;
			if (change.filter === undefined) return group.place();
			clearTimeout(typing);
			typing = setTimeout(() => {
				relaid();
				group.place();
			}, TYPING);
		},
		onChoice(change) {
			Object.assign(choice, change);
			if (change.output !== undefined) pictures.forget();
			group.measure();
			group.drawAll();
			pictures.look(table.seen, group.hasPicture);
		},
	});
	const rows = lines({
		...{ sweep, at: (point) => cells.at(point), starred: (point) => model.get("selected").includes(point) },
		onRetry: (points) => order(channel.ask("retry", { points }, patient)),
		onCancel: (points) => order(channel.ask("cancel", { points }, patient)),
		onStar: (points, on) => mark(points, on ? "star" : "none"),
	});
	const panel = detailPanel({
		...{ group, sweep },
		onStep: (by) => {
			const next = panel.point === null ? null : table.step(panel.point, by);
			if (next !== null) open(next);
		},
		onClose: close,
		onMark: (point, kind) => mark([point], kind),
		onPin: pin,
		onCopy: (point) => void copy(point),
	});
	const versus = compare({ root, signal, onUnpin: () => pin(null), onMode: showPoint });
	versus.attach(table.node);
	group.shelf.append(start.node, axes.node, toolbar.node, rows.node, versus.node);
	group.body.append(panel.node);

	function relaid(): void {
		group.matches = view.filter ? matcher(group.layout(), view.filter) : null;
	}

	function open(point: number): void {
		const before = panel.point;
		panel.open(point);
		table.update([point, ...(before === null ? [] : [before])]);
		group.draw();
		group.measureWidth();
	}

	function close(): void {
		const before = panel.point;
		panel.close();
		if (before !== null && !signal.aborted) {
			table.update([before]);
			table.focus(before);
		}
		group.draw();
		group.measureWidth();
	}

	/** Without a reference, use the open point, else the first with a picture. */
	function toggleCompare(): void {
		comparing = !comparing;
		if (comparing && group.pinned() === null) {
			const first = panel.point ?? group.layout().places.findIndex((_, point) => group.hasPicture(point));
			if (first >= 0) pin(first);
		}
		group.drawAll();
		group.draw();
	}

	function showPoint(): void {
		const point = panel.point;
		if (point === null) return;
		const other = group.pinned();
		const name = (at: number) => group.layout().labels[at] ?? String(at);
		const shared = { output: choice.output.startsWith("metric:") ? "" : choice.output, mode: versus.mode };
		const reference = comparing && other !== null && other !== point ? { point: other, label: name(other), task: cells.at(other).task, ...shared } : null;
		panel.update({ ...group.look(point), against: reference });
	}

	const moves: Record<string, () => void> = {
		"+": () => versus.zoom(1.5),
		"=": () => versus.zoom(1.5),
		"-": () => versus.zoom(1 / 1.5),
		"0": () => versus.reset(),
	};

	return {
		open,
		close,
		relaid,
		toggleCompare,
		copy,
		get point() {
			return panel.point;
		},
		get comparing() {
			return comparing;
		},
		line: rows.open,
		key(point, key) {
			const has = (name: "selected" | "rejected") => model.get(name).includes(point);
			if (key === "s") mark([point], has("selected") ? "none" : "star");
			else if (key === "x") mark([point], has("rejected") ? "none" : "reject");
			else if (key === "r") pin(group.pinned() === point ? null : point);
			else if (key === "c") toggleCompare();
			else if (versus.on && moves[key]) moves[key]();
			else return false;
			return true;
		},
		pinned() {
			if (group.pinned() !== null) comparing = true;
		},
		update() {
			const [layout, facts, reference] = [group.layout(), model.get("_facts"), group.pinned()];
			start.update(facts);
			axes.update(layout, view.roles, view.page);
			const shown = view.filter || view.status ? layout.places.filter((_, point) => group.passes(point)).length : -1;
			toolbar.update(layout, facts, Object.keys(model.get("counts")), model.get("rejected").length, shown < 0 ? "" : fill(said.sweep.found, { count: shown, total: facts.total }));
			versus.update(comparing && reference !== null, reference === null ? "" : (layout.labels[reference] ?? ""));
			rows.update();
			showPoint();
		},
	};
}
