// Actions on a card's artifacts: show in place, open at full size, save, download.
// Sent once per page, when the first card has an artifact.
import { dataUrl } from "../shared/blobs.ts";
import { adopt } from "../shared/style.ts";
import type { Artifact, Card, Ctx, Files, ViewersModule } from "../shared/types.ts";
import { percent } from "../shared/units.ts";
import { fill } from "../shared/words.ts";
import css from "./files.css";
import { tileControls, type Controls } from "./controls.ts";
import { saveBlob } from "../shared/download.ts";
import { gallery } from "./gallery.ts";
import { store } from "./store.ts";
import type { Tile } from "./tile.ts";

const SMALL = 4e6; // bytes: pictures up to this size replace their poster automatically
const LARGE = 16e6; // bytes: larger pictures never do
const NEAR = "200px"; // margin around the screen within which files are fetched
const LANES = 3; // pictures at a time, so that a file the user clicks doesn't wait behind many
const PATIENT = 2_000; // ms of waiting after which a message is shown

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Manage the artifacts of one view of a card. */
export function attach(card: Card): Files {
	const { model, channel, root, signal, inbox } = card;
	inbox.receive ??= (...chunk) => store.take(...chunk);
	for (const early of inbox.early.splice(0)) inbox.receive(...early);

	const dressed = new Map<Tile, Controls>();
	const tileAt = new WeakMap<Element, Tile>();
	const portrayed = new Set<string>(); // models already pictured, by revision
	const lanes = Array.from({ length: LANES }, () => Promise.resolve<unknown>(undefined));
	let lane = 0;
	let dialog: { close(): void } | null = null;
	const { node, tiles, update } = gallery(changed, removed);

	const sight = new IntersectionObserver(
		(entries) => {
			for (const { isIntersecting, target } of entries) {
				const tile = isIntersecting && tileAt.get(target);
				if (!tile) continue;
				sight.unobserve(target);
				adopt(root, css);
				const controls = dressed.get(tile);
				if (controls) controls.seen = true;
				void show(tile);
			}
		},
		{ rootMargin: NEAR },
	);

	const ctx: Ctx = {
		root,
		signal,
		bytes: (key, options = {}) => store.read(channel, model.get("task_id"), artifactOf(key), { signal, ...options }),
		load: (name) => card.load(name),
		preview: async (key, options = {}) => {
			const { preview } = await channel.ask("preview", { key }, options);
			return preview as never;
		},
		open: (key) => void enlarge(key),
		poster(key, still) {
			tiles.get(key)?.show(still);
			const keep = async () => channel.ask("poster", { key }, { buffers: [await still.arrayBuffer()] });
			keep().catch(() => undefined); // the page has the picture; only the saved notebook lacks it
		},
		async save(key) {
			const { name } = artifactOf(key);
			const blob = await ctx.bytes(key, {
				onProgress: (got, total) => got < total && tell(key, fill(said.file_saving, { percent: percent(got / total) })),
			});
			tell(key, "");
			saveBlob(blob, name);
		},
	};

	function artifactOf(key: string): Artifact {
		const artifact = tiles.get(key)?.artifact ?? model.get("artifacts").find((each) => each.key === key);
		if (!artifact) throw new Error(said.file_gone);
		return artifact;
	}

	function tell(key: string, text: string): void {
		if (!signal.aborted) tiles.get(key)?.tell(text);
	}

	function queue<T>(work: () => Promise<T>): Promise<T> {
		lane = (lane + 1) % LANES;
		const next = (lanes[lane] ?? Promise.resolve()).then(work);
		lanes[lane] = next.catch(() => undefined);
		return next;
	}

	function dress(tile: Tile): Controls {
		const controls = tileControls(tile, {
			onOpen: (key) => void enlarge(key),
			onFetch: (key) => {
				channel.ask("fetch", { key }, { timeout: Infinity }).catch((error) => tell(key, reasonOf(error)));
			},
			onSave: (key) => {
				ctx.save(key)?.catch((error) => tell(key, fill(said.file_unsaved, { cause: reasonOf(error) })));
			},
		});
		dressed.set(tile, controls);
		tileAt.set(tile.node, tile);
		sight.observe(tile.node);
		return controls;
	}

	/** Whether the tile is gone or its file has a newer revision, so that the bytes read must not be shown. */
	function outdated(tile: Tile, { revision }: Artifact): boolean {
		const controls = dressed.get(tile);
		return !controls || controls.revision !== revision;
	}

	/** For a visible tile with a ready file: fetch the picture, or draw its viewer in place. */
	async function show(tile: Tile): Promise<void> {
		const controls = dressed.get(tile);
		const { artifact } = tile;
		if (!controls?.seen || controls.busy || controls.mounted || tile.full) return;
		if (artifact.state !== "ready" || root.dataset.density === "compact") return;
		controls.busy = true;
		try {
			if (artifact.kind === "image") await sharpen(tile, artifact);
			else if (artifact.kind === "model") await portray(artifact);
			else if (artifact.kind === "video" || (tile.node.dataset["fold"] && node.hasAttribute("data-in-place"))) await mount(tile, artifact, controls);
		} catch (error) {
			if (!artifact.poster && !outdated(tile, artifact)) tell(artifact.key, fill(said.file_unseen, { cause: reasonOf(error) }));
		} finally {
			controls.busy = false;
		}
		if (outdated(tile, artifact)) void show(tile);
	}

	async function mount(tile: Tile, artifact: Artifact, controls: Controls): Promise<void> {
		const viewers = await card.load<ViewersModule>("viewers");
		if (signal.aborted || outdated(tile, artifact)) return;
		controls.mounted = viewers.mount(controls.host, artifact, ctx);
		controls.open.hidden = true;
		tile.node.dataset["mounted"] = "";
	}

	async function portray(artifact: Artifact): Promise<void> {
		const { still } = await card.load<ViewersModule>("viewers");
		const name = `${artifact.key}@${artifact.revision}`;
		if (artifact.poster || portrayed.has(name)) return;
		portrayed.add(name);
		still(artifact, ctx, signal).catch(() => undefined); // opening it shows why it can't be drawn
	}

	/** Replace a poster only with bytes that decode. */
	async function sharpen(tile: Tile, artifact: Artifact): Promise<void> {
		const size = artifact.size ?? 0;
		if (size > SMALL) await card.load("viewers");
		if (size > LARGE && artifact.poster) return;
		const blob = await queue(() => ctx.bytes(artifact.key));
		// A blob URL opened in its own tab would run an SVG's scripts in the notebook's origin; a data URL has no origin.
		const vector = artifact.mime === "image/svg+xml";
		const url = vector ? await dataUrl(new Blob([blob], { type: artifact.mime })) : URL.createObjectURL(blob);
		const probe = new Image();
		probe.src = url;
		const good = await probe.decode().then(
			() => true,
			() => false,
		);
		if (!vector) URL.revokeObjectURL(url);
		if (signal.aborted || outdated(tile, artifact)) return;
		tile.full = true;
		if (good && vector) tile.img.src = url;
		else if (good) tile.show(blob);
		else if (!artifact.poster) tell(artifact.key, said.file_undrawn);
	}

	async function enlarge(key: string): Promise<void> {
		const wait = setTimeout(() => card.tell(said.opens_later), PATIENT);
		const stop = () => clearTimeout(wait);
		signal.addEventListener("abort", stop);
		try {
			const viewers = await card.load<ViewersModule>("viewers");
			card.tell("");
			dialog?.close();
			dialog = viewers.open(model.get("artifacts").filter(({ state }) => state === "ready"), key, ctx);
		} catch (error) {
			if (!signal.aborted) card.tell(fill(said.viewer_missing, { cause: reasonOf(error) }));
		} finally {
			stop();
			signal.removeEventListener("abort", stop);
		}
	}

	function changed(tile: Tile): void {
		if (root.isConnected) adopt(root, css);
		const controls = dressed.get(tile) ?? dress(tile);
		const { revision, state } = tile.artifact;
		if (state === "ready" && controls.revision !== revision) {
			controls.mounted?.destroy(); // fetched again: the old bytes are shown
			controls.mounted = null;
			tile.full = false;
			controls.revision = revision;
		}
		controls.update();
		void show(tile);
	}

	function removed(tile: Tile): void {
		sight.unobserve(tile.node);
		dressed.get(tile)?.mounted?.destroy();
		dressed.delete(tile);
	}

	root.querySelector(".cy-gallery")?.replaceWith(node);
	return {
		node,
		update: ({ artifacts }) => update(artifacts),
		close() {
			sight.disconnect();
			for (const tile of tiles.values()) tile.remove();
			dialog?.close();
		},
	};
}
