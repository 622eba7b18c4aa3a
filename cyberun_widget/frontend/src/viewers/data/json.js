// JSON as a tree with search and keyboard navigation; all of it or one value can be copied.
import { copyButton, copyText, el, icon } from "../../shared/dom.ts";
import { many } from "../../shared/units.ts";
import { loadBytes } from "../loading.js";
import { searchBox } from "./search.js";
import { textBody } from "./text.js";
import { children, describe, find, isBranch, Tree } from "./tree.js";

const AUTO = 1_000_000; // bytes: in a card, larger files wait for a click
const TREE_MAX = 64_000_000; // bytes: larger files are shown as text

/** @typedef {import("../../shared/types.ts").Env} Env @typedef {import("./tree.js").Row} Row */

/** @param {Row} row @param {boolean} chosen */
function drawRow(row, chosen) {
	const { value, label, depth, open, position, size } = row;
	const branch = isBranch(value);
	const node = el("div", {
		class: "cy-v-node",
		role: "treeitem",
		tabindex: chosen ? 0 : -1,
		"aria-level": depth + 1,
		"aria-posinset": position,
		"aria-setsize": size,
		"aria-expanded": branch ? String(open) : null,
		"aria-selected": String(chosen),
	});
	node.style.setProperty("--cy-depth", String(depth));
	node.append(branch ? icon("chevron") : el("span", { class: "cy-v-icon" }));
	if (label !== null) node.append(el("span", { class: row.key === null ? "cy-v-faint" : "cy-v-key", text: label }));
	if (row.key !== null) node.append(el("span", { class: "cy-v-faint", text: ": " }));
	node.append(el("span", { class: `cy-v-value cy-v-${describe(value).type}`, text: describe(value).text }));
	return node;
}

/**
 * @param {unknown} data
 * @param {Env} env
 * @returns {HTMLElement}
 */
function treeNode(data, env) {
	const { life } = env;
	const { signal } = life;
	const tree = new Tree(data);
	const list = el("div", { class: "cy-v-tree", role: "tree", "aria-label": env.artifact.name });
	/** @type {Row | undefined} */
	let chosen = tree.rows[0];
	/** @type {Map<Row, HTMLElement>} */
	let nodes = new Map();
	const draw = () => {
		nodes = new Map(tree.rows.map((row) => [row, nodes.get(row) ?? drawRow(row, row === chosen)]));
		list.replaceChildren(...nodes.values());
	};
	const refresh = (/** @type {Row} */ row) => {
		nodes.delete(row);
		draw();
	};
	const choose = (/** @type {Row | undefined} */ row, focus = true) => {
		if (!row) return;
		const before = chosen;
		chosen = row;
		for (const [each, on] of /** @type {const} */ ([
			[before, false],
			[row, true],
		])) {
			const node = each && nodes.get(each);
			node?.setAttribute("aria-selected", String(on));
			if (node) node.tabIndex = on ? 0 : -1;
		}
		const node = nodes.get(row);
		if (focus) node?.focus({ preventScroll: true });
		node?.scrollIntoView({ block: "nearest" });
	};
	const toggle = (/** @type {Row} */ row, open = !row.open) => {
		if (!tree.set(row, open)) return;
		refresh(row);
		choose(row);
	};
	const rowOf = (/** @type {EventTarget | null} */ target) =>
		tree.rows[
			target instanceof Element ? [...list.children].indexOf(/** @type {Element} */ (target.closest(".cy-v-node"))) : -1
		];
	list.addEventListener(
		"click",
		(event) => {
			const row = rowOf(event.target);
			if (!row || !getSelection()?.isCollapsed) return;
			choose(row);
			if (isBranch(row.value)) toggle(row);
		},
		{ signal },
	);
	list.addEventListener(
		"keydown",
		(event) => {
			if (!chosen || event.altKey) return;
			if (event.ctrlKey || event.metaKey) {
				if (event.key === "c" && getSelection()?.isCollapsed)
					void copyText(JSON.stringify(chosen.value, null, 2) ?? "", list);
				return;
			}
			const at = tree.rows.indexOf(chosen);
			const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: tree.rows.length - 1 };
			const to = moves[/** @type {keyof typeof moves} */ (event.key)];
			if (to !== undefined) choose(tree.rows[to]);
			else if (event.key === "ArrowRight") chosen.open ? choose(tree.rows[at + 1]) : toggle(chosen, true);
			else if (event.key === "ArrowLeft") chosen.open ? toggle(chosen, false) : choose(tree.parent(chosen));
			else if (event.key === "Enter" || event.key === " ") toggle(chosen);
			else return;
			event.preventDefault();
			event.stopPropagation();
		},
		{ signal },
	);
	draw();

	/** @type {import("./tree.js").Path[]} */
	let found = [];
	let current = -1;
	const search = searchBox({
		label: said.viewers.find_json,
		life,
		onSearch: (words) => {
			found = find(data, words);
			current = -1;
			for (const node of nodes.values()) node.classList.remove("cy-v-found");
			return found.length;
		},
		onStep: (by) => {
			current = (current + by + found.length) % found.length;
			const row = tree.reveal(found[current] ?? []);
			nodes = new Map();
			draw();
			choose(row, false);
			if (row) nodes.get(row)?.classList.add("cy-v-found");
			return current + 1;
		},
	});
	const amount = isBranch(data) ? many(children(data).length, Array.isArray(data) ? "item" : "entry") : "";
	const bar = el(
		"div",
		{ class: "cy-v-subbar" },
		search,
		el("span", { class: "cy-v-muted", text: amount }),
		copyButton(said.viewers.copy_all, () => JSON.stringify(data, null, 2), life),
	);
	return el("div", { class: "cy-v-pane" }, bar, list);
}

/** @param {Env} env @returns {import("../../shared/types.ts").View} */
export function jsonView(env) {
	const show = async (/** @type {Blob} */ blob) => {
		if (blob.size > TREE_MAX)
			return textBody(await blob.slice(0, TREE_MAX).text(), env, said.viewers.json_large);
		const text = await blob.text();
		try {
			return treeNode(JSON.parse(text), env);
		} catch (error) {
			if (!(error instanceof SyntaxError)) throw error;
			return textBody(text, env, said.viewers.json_broken);
		}
	};
	return { node: loadBytes(env, show, env.full ? undefined : { label: said.viewers.show, over: AUTO }) };
}
