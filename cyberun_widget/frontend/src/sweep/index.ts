// The module `sweep`: the controls of a sheet. Sent once per page, after the sheet's first paint.
import type { Controls, Desk } from "../group/controls.ts";
import { withRole } from "../group/arrange.ts";
import { adopt } from "../shared/style.ts";
import { many } from "../shared/units.ts";
import { axesBar } from "./axes.ts";
import { compare } from "./compare.ts";
import { detailPanel } from "./detail.ts";
import { compareValues, matcher, valueOf } from "./filter.ts";
import { gate } from "./start_panel.ts";
import { lines } from "./lines.ts";
import css from "./sweep.css";
import { tools } from "./tools.ts";
import { fill } from "../shared/words.ts";

const TYPING = 150; // ms
const patient = { timeout: Infinity };

/** Add the controls to one view of a sheet. They are removed by its signal. */
export function attach(desk: Desk): Controls {
	const { model, channel, root, signal, cells, table, pictures, view, choice, tell } = desk;
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

	const wait = gate((count) => order(channel.ask("start", { count }, patient)));
	const axes = axesBar({
		signal,
		onMove(axis, role) {
			view.roles = withRole(view.roles, axis, role);
			desk.announce(fill(said.sweep.axis_moved, { axis: desk.layout().axes[axis]?.title ?? "", role }));
			desk.place();
		},
		onPage(axis, step) {
			view.page[axis] = step;
			desk.place();
		},
		onGrow: (axis, values) =>
			order(
				channel
					.ask("extend", { axis: desk.layout().axes[axis]?.names[0] ?? "", values }, patient)
					.then(({ added }) => tell(added ? fill(said.sweep.added, { points: many(added, "point") }) : said.sweep.added_none)),
			),
	});
	const toolbar = tools({
		signal,
		onView(change) {
			Object.assign(view, change);
			const by = (point: number) => valueOf(desk.layout(), cells.at(point), point, view.sort);
			desk.order = view.sort ? (a, b) => compareValues(by(a), by(b), view.descending) : null;
			if (change.filter === undefined) return desk.place();
			clearTimeout(typing);
			typing = setTimeout(() => {
				relaid();
				desk.place();
			}, TYPING);
		},
		onChoice(change) {
			Object.assign(choice, change);
			if (change.output !== undefined) pictures.forget();
			desk.measure();
			desk.drawAll();
			pictures.look(table.seen, desk.hasPicture);
		},
	});
	const rows = lines({
		...{ sweep, at: (point) => cells.at(point), starred: (point) => model.get("selected").includes(point) },
		onRetry: (points) => order(channel.ask("retry", { points }, patient)),
		onCancel: (points) => order(channel.ask("cancel", { points }, patient)),
		onStar: (points, on) => mark(points, on ? "star" : "none"),
	});
	const panel = detailPanel({
		...{ desk, sweep },
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
	desk.shelf.append(wait.node, axes.node, toolbar.node, rows.node, versus.node);
	desk.body.append(panel.node);

	function relaid(): void {
		desk.matches = view.filter ? matcher(desk.layout(), view.filter) : null;
	}

	function open(point: number): void {
		const before = panel.point;
		panel.open(point);
		table.update([point, ...(before === null ? [] : [before])]);
		desk.draw();
		desk.measureWidth();
	}

	function close(): void {
		const before = panel.point;
		panel.close();
		if (before !== null && !signal.aborted) {
			table.update([before]);
			table.focus(before);
		}
		desk.draw();
		desk.measureWidth();
	}

	/** Without a reference, use the open point, else the first with a picture. */
	function toggleCompare(): void {
		comparing = !comparing;
		if (comparing && desk.pinned() === null) {
			const first = panel.point ?? desk.layout().places.findIndex((_, point) => desk.hasPicture(point));
			if (first >= 0) pin(first);
		}
		desk.drawAll();
		desk.draw();
	}

	function showPoint(): void {
		const point = panel.point;
		if (point === null) return;
		const other = desk.pinned();
		const name = (at: number) => desk.layout().labels[at] ?? String(at);
		const shared = { output: choice.output.startsWith("metric:") ? "" : choice.output, mode: versus.mode };
		const reference = comparing && other !== null && other !== point ? { point: other, label: name(other), task: cells.at(other).task, ...shared } : null;
		panel.update({ ...desk.look(point), against: reference });
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
			else if (key === "r") pin(desk.pinned() === point ? null : point);
			else if (key === "c") toggleCompare();
			else if (versus.on && moves[key]) moves[key]();
			else return false;
			return true;
		},
		pinned() {
			if (desk.pinned() !== null) comparing = true;
		},
		update() {
			const [layout, facts, reference] = [desk.layout(), model.get("_facts"), desk.pinned()];
			wait.update(facts);
			axes.update(layout, view.roles, view.page);
			const shown = view.filter || view.status ? layout.places.filter((_, point) => desk.passes(point)).length : -1;
			toolbar.update(layout, facts, Object.keys(model.get("counts")), model.get("rejected").length, shown < 0 ? "" : fill(said.sweep.found, { count: shown, total: facts.total }));
			versus.update(comparing && reference !== null, reference === null ? "" : (layout.labels[reference] ?? ""));
			rows.update();
			showPoint();
		},
	};
}
