// The shapes that the card and these viewers share. Types only: this file leaves nothing in the bundle.

/**
 * One entry of the widget's `artifacts` trait.
 * @typedef {object} Artifact
 * @property {string} key
 * @property {string} name cleaned by the kernel, still foreign text
 * @property {"image" | "video" | "audio" | "model" | "json" | "table" | "text" | "file"} kind by content
 * @property {string} mime
 * @property {number | null} size bytes
 * @property {string} [group]
 * @property {"offered" | "waiting" | "downloading" | "ready" | "failed"} state
 * @property {string | null} [error]
 * @property {number | null} [width] pixels
 * @property {number | null} [height] pixels
 * @property {number | null} [duration] seconds
 * @property {DataView | ArrayBuffer | Uint8Array | null} [poster]
 * @property {string} [poster_mime]
 * @property {string | null} [path] where the file is on the kernel's disk
 */

/**
 * What the kernel tells of a file without sending it.
 * @typedef {string | number | boolean | null} Cell
 * @typedef {{columns: string[], dtypes?: string[], rows: Cell[][], total_rows?: number | null, note?: string}} TablePreview
 * @typedef {{entries: {name: string, size: number | null}[], total?: number, note?: string}} ListPreview `total`: of entries
 * @typedef {{text: string, truncated?: boolean}} TextPreview
 * @typedef {{note: string}} NoPreview why there is none, "" where nothing is to be expected
 * @typedef {TablePreview | ListPreview | TextPreview | NoPreview} Preview
 */

/**
 * What the card lends to a viewer.
 * @typedef {object} Ctx
 * @property {(key: string, options?: {signal?: AbortSignal, onProgress?: (received: number, total: number) => void}) => Promise<Blob>} bytes
 * @property {(name: "three") => Promise<any>} load a module of the package
 * @property {(key: string, options?: {signal?: AbortSignal}) => Promise<Preview>} [preview]
 * @property {(key: string, still: Blob) => void} poster keeps a still of a 3D view
 * @property {(key: string) => Promise<void> | void} save a download in the browser
 * @property {(key: string) => void} [open] the full-size view with all artifacts of the card
 * @property {HTMLElement} root carries the colour tokens
 * @property {AbortSignal} signal ends everything
 */

/**
 * A viewer: makes the nodes for one artifact. `full`: it has the dialog to itself.
 * @typedef {object} View
 * @property {HTMLElement} node
 * @property {HTMLElement[]} [tools] for the toolbar
 * @property {HTMLElement} [focus] where the focus goes first
 * @property {(event: KeyboardEvent) => boolean} [key] whether the key was taken
 *
 * @typedef {{artifact: Artifact, ctx: Ctx, life: import("./life.js").Life, full: boolean}} Env
 */

export {};
