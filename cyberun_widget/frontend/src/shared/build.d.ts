// Modules provided by the bundler, see build.mjs.

/** The text of a style sheet with its imports. */
declare module "*.css" {
	const css: string;
	export default css;
}

/** The modules sent on demand: name -> revision, a hash of the built script. */
declare module "cyberun:revisions" {
	const revisions: Readonly<Record<string, string>>;
	export default revisions;
}

/** The text of a script for a worker. */
declare module "worker:*" {
	const source: string;
	export default source;
}

type Words = typeof import("../../../support/words.json");
/**
 * The texts of words.json: those of the section `card` by name, the others' by section. The bundler inlines each where it
 * is used.
 */
declare const said: Words["card"] & Pick<Words, "viewers" | "form" | "comparison" | "list" | "sweep">;
