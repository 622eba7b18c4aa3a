/**
 * What a card's artifacts can do: their bytes, saved or shown; viewers in place and full size.
 * Asked for once a page, when the first card has an artifact.
 */

/** @typedef {Cyberun.Card} Card */
/** @typedef {Cyberun.Tile} Tile */

import { adopt } from "../shared/style.js";
import { dataSize, percent } from "../shared/units.js";
import css from "./files.css";

/** One message's worth of a file. */
const CHUNK = 2 ** 20;
/** Bytes of files kept in the page for a second look. */
const KEPT = 128e6;
/** Pictures up to this size replace their poster unasked. */
const SMALL = 4e6;

/** @param {Cyberun.Page} page @returns {Cyberun.Store} */
function open(page) {
	if (page.store) return page.store;
	page.store = { blobs: new Map(), reads: new Map(), queues: new Map(), pushes: new Map(), next: 1 };
	page.receive = (task, message, buffers) => receive(/** @type {Cyberun.Store} */ (page.store), task, message, buffers);
	for (const early of page.inbox.splice(0)) page.receive(...early);
	return page.store;
}

/**
 * Remember a whole file, forget the least recently used, and settle whoever waits for it.
 * @param {Cyberun.Store} store @param {string} name @param {Blob} blob
 */
function keep(store, name, blob) {
	store.blobs.delete(name);
	store.blobs.set(name, blob);
	let sum = 0;
	for (const b of store.blobs.values()) sum += b.size;
	for (const [old, b] of store.blobs) {
		if (sum <= KEPT || old === name) break;
		store.blobs.delete(old);
		sum -= b.size;
	}
	for (const read of [...store.reads.values()]) if (read.name === name) read.done(blob);
	return blob;
}

/** @param {Cyberun.Store} store @param {string} task @param {Cyberun.Message} message @param {Cyberun.Bytes[]} buffers */
function receive(store, task, message, buffers) {
	const data = buffers?.[0];
	if (message.type === "failed" && message.id) store.reads.get(message.id)?.fail(message.text);
	else if (message.type === "preview" && message.id) store.reads.get(message.id)?.told?.(message.preview);
	else if (message.type === "chunk" && message.id && data) store.reads.get(message.id)?.chunk(message, data);
	else if (message.type === "chunk" && data) push(store, `${task}/${message.key}`, message, data);
}

/** A piece nobody asked for: the kernel sends results ahead, for when it is too busy to answer. @param {Cyberun.Store} store @param {string} name @param {Cyberun.Message} message @param {Cyberun.Bytes} data */
function push(store, name, { offset, total, mime }, data) {
	/** @type {Cyberun.Bytes[]} */
	const parts = offset ? (store.pushes.get(name) ?? []) : [];
	if (parts.reduce((n, p) => n + p.byteLength, 0) !== offset) return;
	store.pushes.set(name, [...parts, data]);
	if (offset + data.byteLength < total) return;
	store.pushes.delete(name);
	keep(store, name, new Blob([...parts, data], { type: mime }));
}

/**
 * The bytes of one file, piece by piece; two who want the same file share one transfer.
 * @param {Cyberun.Store} store @param {Cyberun.Model} model @param {string} key
 * @param {Cyberun.ReadOptions} options @returns {Promise<Blob>}
 */
function read(store, model, key, { signal, onProgress }) {
	const name = `${model.get("task_id")}/${key}`;
	const turn = (store.queues.get(name) ?? Promise.resolve()).then(() => {
		signal?.throwIfAborted();
		const kept = store.blobs.get(name);
		return kept ? keep(store, name, kept) : transfer(store, model, key, name, signal, onProgress);
	});
	const settled = turn.then(() => {}, () => {});
	store.queues.set(name, settled);
	void settled.then(() => store.queues.get(name) === settled && store.queues.delete(name));
	return turn;
}

/**
 * @param {Cyberun.Store} store @param {Cyberun.Model} model @param {string} key @param {string} name
 * @param {AbortSignal} [signal] @param {Cyberun.ReadOptions["onProgress"]} [onProgress] @returns {Promise<Blob>}
 */
function transfer(store, model, key, name, signal, onProgress) {
	return new Promise((resolve, reject) => {
		const id = store.next++;
		/** @type {Cyberun.Bytes[]} */
		const parts = [];
		let got = 0;
		const ask = () => model.send({ type: "read", id, key, offset: got, length: CHUNK });
		const end = () => {
			store.reads.delete(id);
			signal?.removeEventListener("abort", stop);
		};
		const stop = () => (end(), reject(signal?.reason));
		const fail = (/** @type {string} */ text) => (end(), reject(new Error(text)));
		signal?.addEventListener("abort", stop);
		store.reads.set(id, {
			name,
			fail,
			done: (blob) => (end(), resolve(blob)),
			chunk({ offset, total, mime }, data) {
				if (offset !== got) return;
				parts.push(data);
				got += data.byteLength;
				onProgress?.(got, total);
				if (got >= total) keep(store, name, new Blob(parts, { type: mime }));
				else if (data.byteLength) ask();
				else fail("The file ended early.");
			},
		});
		ask();
	});
}

/**
 * What the kernel can tell of a file that a browser can't read: a table's head, an archive's listing.
 * @param {Cyberun.Store} store @param {Cyberun.Model} model @param {string} key @param {AbortSignal} signal @returns {Promise<unknown>}
 */
function preview(store, model, key, signal) {
	return new Promise((resolve, reject) => {
		const id = store.next++;
		const end = () => {
			store.reads.delete(id);
			signal.removeEventListener("abort", stop);
		};
		const stop = () => (end(), reject(signal.reason));
		signal.addEventListener("abort", stop);
		store.reads.set(id, {
			name: "",
			chunk() {},
			done() {},
			told: (value) => (end(), resolve(value)),
			fail: (text) => (end(), reject(new Error(text))),
		});
		model.send({ type: "preview", id, key });
	});
}

/** @template {keyof HTMLElementTagNameMap} K @param {K} tag @param {string} name */
function h(tag, name) {
	const node = document.createElement(tag);
	node.className = name;
	return node;
}

/** Work on artifacts for one view of a card. @param {Card} card @param {Cyberun.Page} page @returns {Cyberun.Files} */
export function attach(card, page) {
	const { model, root, signal } = card;
	const store = open(page);
	adopt(root.getRootNode(), css);
	const asked = new Set();
	/** @type {Map<Tile, ReturnType<typeof controls>>} */
	const dressed = new Map();
	/** @type {WeakMap<Element, Tile>} */
	const tiles = new WeakMap();
	/** Three pictures at a time, so that what the user clicks is not last in a long line. @type {Promise<unknown>[]} */
	const lanes = [Promise.resolve(), Promise.resolve(), Promise.resolve()];
	let lane = 0;
	/** @type {{close(): void} | null} */
	let dialog = null;

	const sight = new IntersectionObserver((entries) => {
		for (const { isIntersecting, target } of entries) {
			const tile = isIntersecting && tiles.get(target);
			if (!tile) continue;
			sight.unobserve(target);
			const c = dressed.get(tile);
			if (c) c.seen = true;
			void show(tile);
		}
	}, { rootMargin: "200px" });

	/** @type {Cyberun.Ctx} */
	const ctx = {
		root,
		signal,
		bytes: (key, options = {}) => read(store, model, key, { signal, ...options }),
		async load(name) {
			const slot = card.slot(name);
			if (!slot.here && !asked.has(name)) model.send({ type: "module", name });
			asked.add(name);
			try {
				return await slot.promise;
			} catch (error) {
				page.modules.delete(name); // so that the next try asks again
				throw error;
			} finally {
				asked.delete(name);
			}
		},
		preview: (key, options = {}) => preview(store, model, key, options.signal ?? signal),
		open: (key) => void enlarge(key),
		poster(key, blob) {
			const tile = card.tiles.get(key);
			tile?.show(blob);
			void blob.arrayBuffer().then((bytes) => model.send({ type: "poster", key }, undefined, [bytes]));
		},
		async save(key) {
			const name = card.tiles.get(key)?.artifact?.name ?? "file";
			const blob = await ctx.bytes(key, {
				onProgress: (got, total) => got < total && note(key, `Saving, ${percent(got / total)}`),
			});
			note(key, "");
			const link = document.createElement("a");
			link.href = URL.createObjectURL(blob);
			link.download = name;
			link.click();
			setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser reads it after the click
		},
	};

	/** @param {string} key @param {string} text */
	function note(key, text) {
		const tile = card.tiles.get(key);
		if (!tile?.artifact || signal.aborted) return;
		tile.note = text;
		tile.update(tile.artifact);
	}

	/** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
	function queue(work) {
		lane = (lane + 1) % lanes.length;
		const next = lanes[lane].then(work);
		lanes[lane] = next.catch(() => {});
		return next;
	}

	/** The buttons of one tile. @param {Tile} tile */
	function controls(tile) {
		const open = h("button", "cy-open"), host = h("div", "cy-host"), act = h("button", "cy-btn"), bar = h("div", "cy-got"), save = h("button", "cy-icon");
		const key = () => tile.artifact?.key ?? "";
		open.ariaHasPopup = "dialog";
		open.onclick = () => enlarge(key());
		act.onclick = () => model.send({ type: "fetch", key: key() });
		save.onclick = () => ctx.save(key()).catch((error) => note(key(), `Not saved: ${error.message}`));
		open.append(...tile.media.childNodes);
		tile.media.append(open, host, act, bar);
		tile.node.querySelector(".cy-cap")?.append(save);
		tiles.set(tile.node, tile);
		sight.observe(tile.node);
		return { open, host, act, bar, save, seen: false, busy: false, mounted: /** @type {{destroy(): void} | null} */ (null) };
	}

	/** In sight and there: fetch the picture itself, or have its viewer drawn in place. @param {Tile} tile */
	async function show(tile) {
		const c = dressed.get(tile);
		const a = tile.artifact;
		if (!c?.seen || !a || c.busy || tile.full || c.mounted || a.state !== "ready" || root.dataset.density === "compact") return;
		c.busy = true;
		try {
			if (a.kind === "image") await sharpen(tile, a);
			else if (a.kind !== "model") {
				const { mount } = /** @type {Cyberun.ViewModule} */ (await ctx.load("viewers"));
				if (signal.aborted || !dressed.has(tile)) return;
				c.mounted = mount(c.host, a, ctx);
				c.open.hidden = true;
				tile.node.dataset.mounted = "";
				const caption = tile.node.lastElementChild;
				if (a.kind !== "video" && caption) tile.node.prepend(caption); // a document's name stands above it
			} else await ctx.load("viewers");
		} catch (error) {
			if (!signal.aborted && !a.poster) note(a.key, `Can’t be shown: ${/** @type {Error} */ (error).message}`);
		} finally {
			c.busy = false;
		}
	}

	/** Only bytes that decode take the place of a poster. @param {Tile} tile @param {Cyberun.Artifact} a */
	async function sharpen(tile, a) {
		const size = a.size ?? 0;
		if (size > SMALL) await ctx.load("viewers");
		if (size > 4 * SMALL && a.poster) return;
		const blob = await queue(() => ctx.bytes(a.key));
		const vector = a.mime === "image/svg+xml";
		// A blob's URL opened in a tab of its own would run an SVG's scripts as the notebook; a data URL runs as nobody.
		const url = vector ? `data:image/svg+xml,${encodeURIComponent(await blob.text())}` : URL.createObjectURL(blob);
		const probe = new Image();
		probe.src = url;
		const good = await probe.decode().then(() => true, () => false);
		if (!vector) URL.revokeObjectURL(url);
		tile.full = true;
		if (good && vector && !signal.aborted) tile.img.src = url;
		else if (good && !signal.aborted) tile.show(blob);
		else if (!a.poster) note(a.key, "The browser can’t draw this picture.");
	}

	/** @param {string} key */
	async function enlarge(key) {
		const wait = setTimeout(() => card.tell("Opens as soon as the kernel answers."), 2000);
		const stop = () => clearTimeout(wait);
		signal.addEventListener("abort", stop);
		try {
			const view = /** @type {Cyberun.ViewModule} */ (await ctx.load("viewers"));
			card.tell("");
			if (signal.aborted) return;
			dialog?.close();
			dialog = view.open(model.get("artifacts").filter((a) => a.state === "ready"), key, ctx);
		} catch (error) {
			card.tell(`The viewer can’t be loaded: ${/** @type {Error} */ (error).message}`);
		} finally {
			stop();
			signal.removeEventListener("abort", stop);
		}
	}

	return {
		update(tile) {
			const a = tile.artifact;
			if (!a) return;
			const c = dressed.get(tile) ?? controls(tile);
			dressed.set(tile, c);
			const ready = a.state === "ready";
			const words = a.state === "offered" ? `Download ${dataSize(a.size)}`.trim() : a.state === "failed" ? "Try again" : "";
			if (c.act.textContent !== words) c.act.textContent = words;
			c.act.hidden = !words;
			c.act.ariaLabel = a.state === "failed" ? `Try ${a.name} again` : a.state === "offered" ? `${words}: ${a.name}` : null;
			c.open.disabled = !ready;
			c.open.hidden = !!c.mounted;
			c.open.ariaLabel = a.kind === "image" && tile.img.src ? null : `Open ${a.name}`;
			c.save.hidden = !ready;
			c.save.title = "Save";
			c.save.ariaLabel = `Save ${a.name}`;
			c.bar.hidden = a.state !== "downloading";
			c.bar.style.width = `${a.size ? Math.min(100, (100 * a.received) / a.size) : 30}%`;
			void show(tile);
		},
		drop(tile) {
			sight.unobserve(tile.node);
			dressed.get(tile)?.mounted?.destroy();
			dressed.delete(tile);
		},
		close() {
			sight.disconnect();
			dialog?.close();
		},
	};
}
