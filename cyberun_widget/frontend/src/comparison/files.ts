// Corresponding files of several results, side by side.
import type { Life } from "../shared/life.ts";
import type { Artifact } from "../shared/types.ts";
import { decodePicture, decodeVideo } from "./decode.ts";
import { compareModels } from "./models.ts";
import { comparePictures, type Mode } from "./pictures.ts";
import { compareVideos } from "./videos.ts";

type Three = typeof import("../three/index.js");

/** One result's file. */
export interface ComparedFile {
	artifact: Artifact;
	/** The result's name, untrusted text. */
	label: string;
	file: Blob;
}

/** Show files of one kind: images, videos or models. `three` loads the module for models. Rejects if one can't be shown. */
export async function compareFiles(files: readonly ComparedFile[], mode: Mode, three: () => Promise<Three>, life: Life): Promise<HTMLElement> {
	const named = files.map(({ artifact, label, file }) => ({ file, label, mime: artifact.mime, name: `${artifact.name}, ${label}` }));
	switch (files[0]?.artifact.kind) {
		case "video":
			return compareVideos(await Promise.all(named.map(async ({ file, label, mime, name }) => ({ label, player: await decodeVideo(file, mime, name, life) }))), life);
		case "model":
			return compareModels(files.map(({ artifact, label, file }) => ({ file, label, name: artifact.name })), await three(), life);
		default:
			return comparePictures(await Promise.all(named.map(async ({ file, label, mime, name }) => ({ label, image: await decodePicture(file, mime, name, life) }))), mode, life);
	}
}
