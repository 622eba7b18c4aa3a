/** What the page's modules share: the traits, the messages and the context given to viewers. */
declare namespace Cyberun {
  type Kind = "image" | "video" | "audio" | "model" | "json" | "table" | "text" | "file";
  type Connection = "connecting" | "live" | "reconnecting" | "polling" | "closed" | "error";

  interface Artifact {
    key: string;
    name: string;
    kind: Kind;
    mime: string;
    size: number | null;
    group: string;
    state: "offered" | "waiting" | "downloading" | "ready" | "failed";
    received: number;
    error: string | null;
    width: number | null;
    height: number | null;
    duration: number | null;
    poster: DataView<ArrayBuffer> | null;
    poster_mime: string;
    path: string | null;
  }

  interface Stage {
    name: string;
    state: "pending" | "running" | "done" | "failed" | "skipped";
    seconds: number | null;
    progress: number | null;
  }

  interface Facts {
    title: string;
    tool: string;
    gpu: string;
    labels: string[];
    created: string | null;
    started: string | null;
    ended: string | null;
    waited: number | null;
    node: string;
    speed: number | null;
    attempt: number;
    news: number | null;
    retry_in: number | null;
    problem: { text: string; retrying: boolean } | null;
    cancel: "" | "requested" | "queued";
    failed_at: string;
    details: string;
    note: string;
    download: { done: number; total: number; received: number; size: number | null } | null;
    saved: string | null;
    stopped: boolean;
    can_retry: boolean;
    /** The buttons that apply, see `card/ports.py`. */
    actions?: ("cancel" | "reconnect" | "resume" | "fetch_again" | "run_again" | "save_all")[];
  }

  /** The traits of a TaskWidget. The page reads them and never sets one. */
  interface Traits {
    task_id: string;
    status: string;
    progress: number;
    stage: string;
    message: string;
    current_node: string;
    step_current: number | null;
    step_total: number | null;
    error: string | null;
    output: unknown;
    connection: Connection;
    elapsed: number;
    eta: number | null;
    stages: Stage[];
    artifacts: Artifact[];
    density: "full" | "compact";
    _facts: Facts;
    _beat: number;
  }

  type Message = { type: string; id?: number | null; key?: string | null; [field: string]: any };
  type Bytes = DataView<ArrayBuffer>;

  /** anywidget's model, as far as the page uses it. */
  interface Model {
    get<K extends keyof Traits>(name: K): Traits[K];
    on(event: string, handler: (...args: any[]) => void): void;
    off(event?: string | null, handler?: ((...args: any[]) => void) | null): void;
    send(content: Message, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
  }

  interface ReadOptions {
    signal?: AbortSignal;
    onProgress?: (received: number, total: number) => void;
  }

  /** What a viewer may use of the card it was opened from. */
  interface Ctx {
    bytes(key: string, options?: ReadOptions): Promise<Blob>;
    load(name: string): Promise<any>;
    preview(key: string, options?: { signal?: AbortSignal }): Promise<unknown>;
    /** The full-size view, with all artifacts of the card. */
    open(key: string): void;
    poster(key: string, blob: Blob): void;
    save(key: string): Promise<void>;
    root: HTMLElement;
    signal: AbortSignal;
  }

  interface ViewModule {
    mount(host: HTMLElement, artifact: Artifact, ctx: Ctx): { destroy(): void };
    open(artifacts: Artifact[], key: string, ctx: Ctx): { close(): void };
  }

  /** A module that travels once a page: asked for, on its way, or here. */
  interface Slot {
    promise: Promise<any>;
    resolve(module: any): void;
    reject(error: unknown): void;
    here: boolean;
  }

  /** One object a page, shared by all cards whichever kernel feeds them. */
  interface Page {
    modules: Map<string, Slot>;
    /** Pieces of files that arrived before files.js did. */
    inbox: [task: string, message: Message, buffers: Bytes[]][];
    receive?: (task: string, message: Message, buffers: Bytes[]) => void;
    store?: Store;
  }

  /** What files.js keeps for the page. */
  interface Store {
    blobs: Map<string, Blob>;
    reads: Map<number, Read>;
    queues: Map<string, Promise<void>>;
    pushes: Map<string, Bytes[]>;
    next: number;
  }

  interface Read {
    name: string;
    chunk(message: Message, data: Bytes): void;
    done(blob: Blob): void;
    fail(text: string): void;
    told?(preview: unknown): void;
  }

  interface Tile {
    node: HTMLElement;
    media: HTMLElement;
    img: HTMLImageElement;
    /** Whether the picture itself is shown, not its poster. */
    full: boolean;
    artifact?: Artifact;
    /** Words shown in place of the size, "" for none. */
    note: string;
    show(blob: Blob): void;
    update(artifact: Artifact): void;
    remove(): void;
  }

  /** One view of a card, as its artifacts see it. */
  interface Card {
    model: Model;
    root: HTMLElement;
    signal: AbortSignal;
    tiles: Map<string, Tile>;
    slot(name: string): Slot;
    files(): Files | undefined;
    tell(text: string): void;
  }

  /** What files.js gives a card. */
  interface Files {
    update(tile: Tile): void;
    drop(tile: Tile): void;
    close(): void;
  }
}
