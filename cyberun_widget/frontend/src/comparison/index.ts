// The module `comparison`: pictures, videos, models and values side by side. Sent once per page, for all widgets.
import css from "./comparison.css";
import { compareFiles } from "./files.ts";
import { MODES } from "./pictures.ts";
import { differenceTable } from "./table.ts";

export { compareFiles, css, differenceTable, MODES };
