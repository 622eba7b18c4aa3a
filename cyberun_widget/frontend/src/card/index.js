/**
 * The live card of one task. Python owns every trait; the page draws them and sends requests.
 * What artifacts need beyond their posters (bytes, saving, viewers) is in files.js, asked for then.
 */

import * as units from "../shared/units.js";
import { card as said, CONNECTION, fill, STAGE, STAGE_STATE, STATUS } from "../shared/words.js";

/** @typedef {Cyberun.Card} Card */
/** @typedef {Cyberun.Model} Model */
/** @typedef {Cyberun.Stage} Stage */
/** @typedef {() => void} Undo */

const KEY = Symbol.for("cyberun-widget");
const world = /** @type {{[KEY]?: Cyberun.Page}} */ (globalThis);
/** Modules and files belong to the page, not to a card: twenty cards load a viewer once. */
const page = /** @type {Cyberun.Page} */ (world[KEY] ??= { modules: new Map(), inbox: [] });

const TRAITS = /** @type {(keyof Cyberun.Traits)[]} */ (
	"task_id status progress stage message current_node step_current step_total error output connection elapsed eta stages artifacts density _facts _beat".split(" "));
/** The texts and their elements; a bdi finds the direction of foreign words. */
const PARTS = "title:bdi id pill percent:strong steps node:bdi message:bdi labels:bdi time eta note:bdi cause:strong rest summary:summary pre:pre link problem:bdi facts tail";
const now = () => performance.now() / 1000;
/** @param {string | null} iso */
const daytime = (iso) => {
	const t = new Date(iso ?? "");
	return !+t ? "" : Date.now() - +t > 864e5 ? t.toLocaleString() : t.toLocaleTimeString([], { timeStyle: "short" });
};
/** @param {number[]} numbers */
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
/** @param {unknown[]} parts */
const dots = (...parts) => parts.filter(Boolean).join(" · ");

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {string} [name] @param {(Node | string)[]} kids
 */
function h(tag, name, ...kids) {
	const node = document.createElement(tag);
	if (name) node.className = name;
	node.append(...kids);
	return node;
}
/** Text; an element without any is hidden, an unchanged one not touched. @param {HTMLElement} node @param {string} text */
function put(node, text) {
	if (node.textContent !== text) node.textContent = text;
	if (node.hidden === !!text) node.hidden = !text;
}
/** @param {Element} node @param {Record<string, unknown>} values */
function set(node, values) {
	for (const [name, value] of Object.entries(values)) {
		if (value == null || value === false) node.removeAttribute(name);
		else if (node.getAttribute(name) !== `${value}`) node.setAttribute(name, `${value}`);
	}
}

/** A module's place. @param {string} name */
function slot(name) {
	const s = page.modules.get(name) ?? { ...Promise.withResolvers(), here: false };
	page.modules.set(name, s);
	return s;
}
/** @param {string} name @param {Cyberun.Bytes[]} buffers */
function accept(name, [js]) {
	const s = slot(name);
	if (s.here || !js) return;
	const url = URL.createObjectURL(new Blob([js], { type: "text/javascript" }));
	s.here = true;
	s.resolve(import(url).finally(() => URL.revokeObjectURL(url)));
}

/** The bar: one length, or one for each stage, as long as the stage takes. */
function rail() {
	const bar = h("div", "cy-track");
	const list = h("ol", "cy-stages");
	const node = h("div", "cy-rail", bar, list);
	let before = 0;
	set(bar, { role: "progressbar", "aria-label": said.progress, "aria-valuemin": 0, "aria-valuemax": 100 });

	/** How long each stage takes: its seconds where they are known, else its usual share. @param {Stage[]} stages */
	function lengths(stages) {
		const usual = stages.map((s) => STAGE[s.name]?.share ?? 0.1);
		const known = stages.map((s) => (s.seconds ?? 0) / (s.state === "running" ? Math.max(0.1, s.progress ?? 1) : 1));
		const scale = (sum(known) || 1) / (sum(usual.filter((_, i) => known[i])) || 1);
		const long = usual.map((u, i) => known[i] || u * scale);
		return long.map((n) => Math.max(0.04, n / Math.max(...long)).toFixed(2));
	}
	/** @param {Stage[]} stages @param {number} progress @param {string} words @param {boolean} wait @param {number} drift */
	function update(stages, progress, words, wait, drift) {
		/** @type {Stage[]} */
		const all = stages.length ? stages : [{ name: "", state: "running", seconds: null, progress }];
		if (bar.children.length !== all.length || list.children.length !== stages.length) {
			bar.replaceChildren(...all.map(() => h("i", "", h("b"))));
			list.replaceChildren(...stages.map(() => h("li", "", h("bdi"), h("span"))));
		}
		set(bar, { "aria-valuenow": Math.round(100 * progress), "aria-valuetext": words });
		node.style.gridTemplateColumns = lengths(all).map((n) => `minmax(min-content, ${n}fr)`).join(" ");
		const again = progress < before; // started over: jump, don't run backwards
		before = progress;
		all.forEach(({ name, state, seconds, progress: own }, i) => {
			const seg = bar.children[i], item = list.children[i];
			const fill = /** @type {HTMLElement} */ (seg.firstChild);
			const runs = state === "running";
			const part = state === "done" ? 1 : /pending|skipped/.test(state) ? 0 : (own ?? 0);
			set(seg, { "data-state": state, "data-wait": wait || (runs && own == null) });
			fill.style.transition = again ? "none" : "";
			fill.style.width = `${(100 * part).toFixed(1)}%`;
			if (!item) return;
			set(item, { "data-state": state, "aria-current": runs && "step" });
			put(/** @type {HTMLElement} */ (item.firstChild), STAGE[name]?.name ?? name);
			put(/** @type {HTMLElement} */ (item.lastChild), dots(/failed|skipped/.test(state) && STAGE_STATE[state],
				seconds != null && units.clock(seconds + (runs ? drift : 0)), runs && own != null && units.percent(own)));
		});
	}
	return { node, update };
}

/** One artifact: poster, name and size. files.js adds what can be done with it. @param {Card} card @returns {Cyberun.Tile} */
function tile(card) {
	const img = h("img"), glyph = h("span", "cy-glyph"), media = h("div", "cy-media", img, glyph), name = h("bdi", "cy-name"), meta = h("span", "cy-meta");
	const node = h("figure", "cy-tile", media, h("figcaption", "cy-cap", h("span", "cy-words", name, meta)));
	let poster = "";
	/** @type {Cyberun.Tile} */
	const t = {
		node, media, img, note: "", full: false,
		show(blob) {
			URL.revokeObjectURL(img.src);
			img.src = URL.createObjectURL(blob);
		},
		update(a) {
			const { kind, state, size } = (t.artifact = a);
			set(node, { "data-artifact": a.key, "data-kind": kind, "data-state": state });
			img.alt = a.name;
			name.title = dots(a.name, a.group);
			put(name, a.name);
			if (a.width && a.height) media.style.aspectRatio = `${a.width} / ${a.height}`;
			put(glyph, kind === "model" ? "3D" : (/\.(\w{1,5})$/.exec(a.name)?.[1] ?? kind));
			put(meta, t.note || (state === "failed" ? a.error || said.file_failed
				: state === "downloading" ? units.dataSizeOf(a.received, size)
				: dots(state === "waiting" && said.file_waiting, a.duration ? units.playingTime(a.duration) : a.width && a.height && units.pixels(a.width, a.height), units.dataSize(size))));
			const mark = `${a.poster?.byteLength} ${a.poster_mime}`;
			if (a.poster && !t.full && mark !== poster) t.show(new Blob([a.poster], { type: a.poster_mime }));
			poster = mark;
			card.files()?.update(t);
		},
		remove() {
			card.files()?.drop(t);
			URL.revokeObjectURL(img.src);
			node.remove();
		},
	};
	return t;
}

/** @param {Card} card */
function gallery(card) {
	const node = h("div", "cy-gallery");
	/** @type {Map<string, HTMLElement>} */
	const labels = new Map();
	/** @param {Cyberun.Artifact[]} all */
	function update(all) {
		/** @type {HTMLElement[]} */
		const want = [];
		const groups = [...new Set(all.map((a) => a.group))];
		for (const group of groups) {
			const label = labels.get(group) ?? h("bdi", "cy-label", group);
			labels.set(group, label);
			if (group && groups[1] && all.length > 2 * groups.length) want.push(label);
			for (const a of all.filter((a) => a.group === group)) {
				const t = card.tiles.get(a.key) ?? tile(card);
				card.tiles.set(a.key, t);
				t.update(a);
				want.push(t.node);
			}
		}
		for (const [key, t] of card.tiles) if (!want.includes(t.node)) (t.remove(), card.tiles.delete(key));
		want.forEach((w, i) => node.children[i] === w || node.insertBefore(w, node.children[i] ?? null));
		while (node.children.length > want.length) node.lastChild?.remove();
	}
	return { node, update };
}

/**
 * All the card says, from the traits.
 * @param {Cyberun.Traits} traits @param {number} silent seconds since the kernel's last sign @param {number} asked seconds since Cancel was pressed
 * @param {string} trouble
 */
function speak(traits, silent, asked, trouble) {
	const { status, connection, progress, stage, elapsed, output, step_total, artifacts: all, _facts: f } = traits;
	const title = f.title || said.untitled;
	const done = status === "completed", failed = status === "failed", running = status === "running";
	const ended = done || failed || status === "cancelled";
	const lost = connection === "error" && !ended;
	const watched = !ended && !lost && !f.stopped;
	const dead = watched && silent > 30;
	const drift = dead || !watched ? 0 : silent;
	const waits = status === "waiting" && watched;
	const { name: words, doing } = STATUS[status] ?? { name: status, doing: "" };
	const steps = step_total ? fill(said.step, { current: units.count(traits.step_current ?? 0), total: units.count(step_total) }) : "";
	const still = !ended && !progress && !(running && steps);
	const percent = units.percent(progress);
	const ahead = (traits.eta ?? 0) - drift;
	const eta = running && watched && !dead && ahead > 0 ? units.timeLeft(ahead) : "";
	const cancelling = !ended && (f.cancel || (asked > 1 ? "queued" : asked >= 0 && "requested"));
	const d = f.download, fetching = d && d.done < d.total;
	const pill = lost ? said.lost : cancelling ? said.cancelling : (running && (STAGE[stage]?.doing || stage)) || words;
	const error = failed || lost ? traits.error || said.no_error : "";
	const cut = (error + "\n").search(/(?<=[.!?])\s|\n/);
	const retry = Math.ceil((f.retry_in ?? 0) - drift), news = Math.floor((f.news ?? 0) + drift), speed = running && watched && !dead && f.speed;
	const size = sum(all.map((a) => a.size ?? 0));
	const labels = waits ? (f.labels ?? []).join(", ") : "";
	return {
		watched, dead, drift, lost, cancelling,
		wait: still && watched && !dead,
		value: dots(pill, !still && percent, steps),
		speech: dead ? said.dead_aloud : `${title}: ${pill}${error && `. ${error}`}`,
		news: running && watched && !dead ? dots(percent, eta) : "",
		text: {
			title,
			id: traits.task_id,
			pill,
			percent: still || ended ? "" : percent,
			steps: done ? "" : steps,
			node: traits.stages.length ? "" : failed ? f.failed_at : watched ? f.node || traits.current_node : "",
			message: fetching ? fill(said.fetching, { done: units.count(d.done), files: units.many(d.total, "file") }) + (d.size ? ` · ${units.dataSizeOf(d.received, d.size)}` : "")
				: watched ? traits.message || (labels ? said.labels : running && !still ? "" : doing)
				: status === "cancelled" && progress ? fill(said.stopped_at, { percent })
				: done && !all.length && output == null ? said.no_files : "",
			labels,
			time: !ended && elapsed ? fill(doing && !running ? said.waiting : said.elapsed, { time: units.clock(elapsed + drift) }) : "",
			eta,
			note: dead ? fill(said.dead, { time: units.span(silent) })
				: trouble || (cancelling === "queued" ? said.cancel_queued
				: cancelling ? said.cancel_requested
				: ended ? "" : f.stopped ? said.paused
				: f.note || (waits ? `${f.created ? `${fill(said.since, { time: daytime(f.created) })} ` : ""}${said.waiting_hint}` : "")),
			cause: error.slice(0, cut),
			rest: error.slice(cut).trim(),
			pre: error ? f.details : ended && output != null && !all.length ? JSON.stringify(output, null, 2) : "",
			summary: error ? said.details : said.output,
			link: ended ? "" : f.stopped ? CONNECTION.stopped : dead ? CONNECTION.dead
				: connection === "reconnecting" && retry > 0 ? fill(CONNECTION.reconnecting_in, { seconds: retry }) : (CONNECTION[connection] ?? ""),
			problem: watched && !dead ? dots(connection !== "live" && f.problem?.text, news >= 10 && fill(said.last_update, { time: units.span(news) })) : "",
			facts: dots(ended && fill(done ? said.completed_in : failed ? said.failed_after : said.cancelled_after, { time: units.span(elapsed) }), f.gpu, f.attempt > 1 && fill(said.attempt, { number: f.attempt })),
			tail: dots(all.length && units.many(all.length, "file"), size && units.dataSize(size), f.saved,
				speed && units.speed(speed)),
		},
	};
}

/** @param {{model: Model}} context @returns {Undo} */
function initialize({ model }) {
	const message = (/** @type {Cyberun.Message} */ m, /** @type {Cyberun.Bytes[]} */ buffers) => {
		if (m.type === "module") accept(m.name, buffers);
		else if (page.receive) page.receive(model.get("task_id"), m, buffers);
		else if (m.type === "chunk") page.inbox.push([model.get("task_id"), m, buffers]);
	};
	model.on("msg:custom", message);
	return () => model.off("msg:custom", message);
}

/** @param {{model: Model, el: HTMLElement}} context @returns {Undo} */
function render({ model, el }) {
	const life = new AbortController();
	let asked = Infinity, timer = 0, anchor = now(), synced = anchor, beat = NaN, trouble = "", spoken = "", spokenAt = -9, queued = false;

	/** @param {string} words @param {Undo} click */
	const button = (words, click) => {
		const b = h("button", "cy-btn", words);
		b.onclick = () => b.ariaDisabled !== "true" && click();
		return b;
	};
	/** @param {string} words @param {string} type */
	const request = (words, type) => button(words, () => {
		if (type === "cancel") asked = now();
		trouble = "";
		const other = model.get("_facts").actions?.find((/** @type {string} */ word) => /^re|again$/.test(word));
		model.send({ type: (type === "retry" && other) || type });
		draw();
	});
	const cancel = request("Cancel", "cancel"), retry = request("Retry", "retry"), save = request("Save all", "save_all");
	const copy = button("Copy details", async () => {
		const story = [root.ariaLabel, model.get("task_id"), model.get("_facts").failed_at, model.get("error"), n.pre.textContent].filter(Boolean).join("\n");
		const good = await navigator.clipboard?.writeText(story).then(() => true, () => false);
		copy.textContent = good ? "Copied" : "Not allowed here";
	});
	/** @type {Record<string, HTMLElement>} */
	const n = {};
	for (const [name, tag] of PARTS.split(" ").map((part) => part.split(":"))) n[name] = h(/** @type {"b"} */ (tag ?? "span"), `cy-${name}`);
	const bar = rail(), live = h("div", "cy-live");
	const root = h("div", "cyberun-task");
	root.role = "group";
	root.tabIndex = -1;
	live.role = "status";
	set(n.pre, { tabindex: 0, role: "region", "aria-label": said.details });

	/** @type {Cyberun.Files | undefined} */
	let files;
	/** @type {Promise<void> | undefined} */
	let coming;
	/** @type {Card} */
	const card = {
		model, signal: life.signal, root, tiles: new Map(),
		slot,
		files() {
			if (!coming) {
				const { here, promise } = slot("files");
				if (!here) model.send({ type: "module", name: "files" });
				coming = promise.then((m) => {
					if (!life.signal.aborted) files = m.attach(card, page);
					later();
				}, (e) => card.tell(`The viewers can’t be loaded: ${e.message}`));
			}
			return files;
		},
		tell(text) {
			trouble = text;
			later();
		},
	};
	const pictures = gallery(card);

	function draw() {
		if (life.signal.aborted) return;
		const traits = /** @type {Cyberun.Traits} */ (/** @type {unknown} */ (Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]))));
		const { task_id, status, density, _facts: facts, artifacts } = traits;
		if (beat !== (beat = traits._beat)) anchor = synced = now();
		if (facts.cancel) asked = Infinity;
		const silent = now() - anchor;
		const s = speak(traits, silent, now() - asked, trouble);
		if (s.watched && now() - synced > 15) {
			synced = now();
			model.send({ type: "sync" });
		}
		set(root, {
			"data-task-id": task_id, "data-status": status, "data-connection": traits.connection, "data-density": density,
			"data-dead": s.dead || facts.stopped, "aria-label": `${said.untitled} ${facts.title || task_id}`,
		});
		for (const [name, text] of Object.entries(s.text)) put(n[name], text);
		n.title.title = facts.title;
		set(n.note, { "data-warn": !!(s.dead || trouble || facts.note) });

		const focus = root.querySelector(":focus");
		cancel.hidden = !s.watched;
		set(cancel, { "aria-disabled": s.cancelling && "true" });
		retry.hidden = !(facts.can_retry || s.lost || facts.actions?.some((word) => /^re|again$/.test(word)));
		save.hidden = !artifacts.length;
		if (focus?.closest("[hidden]")) root.focus({ preventScroll: true });

		bar.update(density === "compact" ? [] : traits.stages, status === "completed" ? 1 : traits.progress, s.value, s.wait, s.drift);
		pictures.update(artifacts);

		if (now() - spokenAt > (s.speech === spoken ? 30 : 2)) {
			spoken = s.speech;
			spokenAt = now();
			put(live, s.news ? `${spoken}, ${s.news}` : spoken);
		}
		if (!s.watched) timer = (clearInterval(timer), 0);
		else timer ||= setInterval(draw, 500);
	}
	const later = () => {
		if (!queued) queueMicrotask(() => ((queued = false), draw()));
		queued = true;
	};
	const answer = (/** @type {Cyberun.Message} */ m) => {
		if (m.type !== "failed" || m.id) return;
		asked = Infinity;
		card.tell(m.text);
	};
	const events = TRAITS.map((name) => `change:${name}`);
	root.append(
		h("div", "cy-card",
			h("div", "cy-head", n.title, n.id, h("div", "cy-acts", n.pill, cancel, retry, save)),
			bar.node,
			h("div", "cy-row", n.percent, n.steps, n.node, n.message, n.labels, h("span", "cy-when", n.time, n.eta)),
			n.note,
			h("div", "cy-panel", h("bdi", "cy-why", n.cause, " ", n.rest), copy, h("details", "cy-fold", n.summary, n.pre)),
			pictures.node,
			h("div", "cy-foot", n.link, n.problem, n.facts, n.tail)),
		live);
	el.append(root);
	model.on("msg:custom", answer);
	for (const event of events) model.on(event, later);
	draw();
	return () => {
		life.abort();
		clearInterval(timer);
		model.off("msg:custom", answer);
		for (const event of events) model.off(event, later);
		card.tiles.forEach((t) => t.remove());
		files?.close();
		root.remove();
	};
}

export default { initialize, render };
