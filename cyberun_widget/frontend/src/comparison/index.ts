// The module `comparison`: pictures, videos, models and values side by side. Sent once per page, for all widgets.
import css from "./comparison.css";
import { decodePicture, decodeVideo } from "./decode.ts";
import { compareModels } from "./models.ts";
import { comparePictures, MODES } from "./pictures.ts";
import { differenceTable } from "./table.ts";
import { compareVideos } from "./videos.ts";

export { compareModels, comparePictures, compareVideos, css, decodePicture, decodeVideo, differenceTable, MODES };
