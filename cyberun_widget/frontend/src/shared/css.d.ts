// The bundler gives the text of a stylesheet.
declare module "*.css" {
	const css: string;
	export default css;
}
