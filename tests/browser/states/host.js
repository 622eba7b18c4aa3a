/**
 * A host without a kernel: the real card on models that hold fixtures.
 * ?state=running,failed shows these only; ?theme=dark|light; ?host=lab; ?width=320; ?bare leaves the headings out;
 * ?dead has no kernel answer; ?follow loads the page again when the front end was built.
 * `window.cards` has each state's model, so that a test can change traits and see what the page sent.
 */
import { chime, film, paint } from "./paint.js";
import { series, states } from "./states.js";

const PROTOCOL = 1;
const query = new URLSearchParams(location.search);
const main = /** @type {HTMLElement} */ (document.querySelector("main"));
const theme = query.get("theme");
if (theme) document.documentElement.dataset.theme = theme;
if (query.get("host") === "lab") document.body.dataset.jpThemeLight = String(theme !== "dark");
else if (theme) document.body.className = `vscode-${theme}`;
if (query.has("bare")) document.body.classList.add("bare");
if (query.get("dir")) document.documentElement.dir = String(query.get("dir"));
if (query.get("width")) {
  main.dataset.width = "";
  main.style.setProperty("--width", `${query.get("width")}px`);
}

/** A model as anywidget gives it, with what it was sent; the kernel's part is played by `answer`. */
class Model extends EventTarget {
  /** @param {any} traits */
  constructor(traits) {
    super();
    this.traits = traits;
    /** @type {any[]} */
    this.sent = [];
    /** @type {Map<string, Set<(...args: any[]) => void>>} */
    this.handlers = new Map();
    /** What the kernel refuses: kind of request -> its words. @type {Record<string, string>} */
    this.refusals = {};
    /** What `diagnostics()` says, "" where it can't be had. */
    this.report = "";
    /** Whether the kernel answers. */
    this.alive = true;
    /** @type {Map<string, Blob>} */
    this.files = new Map();
  }
  /** @param {string} name */
  get(name) {
    return this.traits[name];
  }
  /** @param {any} changes as the kernel would send them, in one message */
  update(changes) {
    const { _facts, ...rest } = changes;
    Object.assign(this.traits, rest, { _beat: this.traits._beat + 1 });
    if (_facts) this.traits._facts = { ...this.traits._facts, ..._facts };
    for (const name of [...Object.keys(changes), "_beat"]) this.emit(`change:${name}`);
  }
  /** @param {string} event @param {(...args: any[]) => void} handler */
  on(event, handler) {
    this.handlers.set(event, (this.handlers.get(event) ?? new Set()).add(handler));
  }
  /** @param {string} event @param {(...args: any[]) => void} handler */
  off(event, handler) {
    this.handlers.get(event)?.delete(handler);
  }
  /** @param {string} event @param {any[]} args */
  emit(event, ...args) {
    for (const handler of [...(this.handlers.get(event) ?? [])]) handler(...args);
  }
  /** @param {any} message @param {unknown} [_callbacks] @param {ArrayBuffer[]} [buffers] */
  send(message, _callbacks, buffers) {
    this.sent.push({ ...message, buffers: buffers?.length ?? 0 });
    if (this.alive) void answer(this, message);
  }
}

/** What the kernel would send back. @param {Model} model @param {any} message */
async function answer(model, message) {
  const { type, id, key } = message;
  /** @param {object} fields @param {ArrayBuffer[]} [buffers] */
  const reply = (fields, buffers = []) =>
    model.emit("msg:custom", { ...fields, type: "reply", protocol: PROTOCOL, re: id }, buffers.map((part) => new DataView(part)));
  /** @param {string} text */
  const refuse = (text) => model.emit("msg:custom", { type: "error", protocol: PROTOCOL, re: id, code: "failed", text }, []);
  if (model.refusals[type]) return refuse(model.refusals[type]);
  if (type === "module") {
    const { name, revision } = message;
    return reply({ name, revision }, [await (await fetch(`/static/${name}.js`)).arrayBuffer()]);
  }
  if (type === "diagnostics") return model.report ? reply({ text: model.report }) : refuse("There is no report.");
  if (type === "preview") return reply({ preview: { note: "" } });
  if (type !== "read") return reply({});
  const file = model.files.get(key);
  if (file) {
    const { offset, length } = message;
    reply({ offset, total: file.size, mime: file.type }, [await file.slice(offset, offset + length).arrayBuffer()]);
  } else if (model.traits.artifacts.every((/** @type {any} */ a) => a.key !== key || a.text !== "")) refuse("There is no such file.");
}

const { default: card } = await import("/static/card.js");
const wanted = query.get("state")?.split(",") ?? Object.keys(states);
/** @type {Record<string, any>} */
const cards = {};
for (const name of wanted) {
  const { silent, ...fixture } = structuredClone(states[name] ?? series[name]);
  const model = new Model(fixture);
  for (const artifact of fixture.artifacts) {
    if (artifact.text) model.files.set(artifact.key, new Blob([artifact.text], { type: artifact.mime }));
    if (artifact.kind === "audio") model.files.set(artifact.key, chime());
    if (!artifact.paint) continue;
    if (artifact.kind === "video") model.files.set(artifact.key, await film(artifact.paint, artifact.width, artifact.height));
    const blob = await paint(artifact.paint, artifact.width, artifact.height);
    artifact.poster = new DataView(await blob.arrayBuffer());
    artifact.poster_mime = blob.type;
    if (artifact.kind === "image") model.files.set(artifact.key, blob);
  }
  const heading = document.createElement("h2");
  heading.textContent = name;
  const el = document.createElement("div");
  const section = document.createElement("section");
  section.append(heading, el);
  main.append(section);
  const forget = card.initialize({ model });
  const real = performance.now;
  if (silent) performance.now = () => real.call(performance) - silent * 1000; // drawn that long ago, and nothing heard since
  model.alive = !silent && !query.has("dead");
  const remove = card.render({ model, el });
  performance.now = real;
  cards[name] = { model, el, remove, forget, card };
}
if (!query.has("tick")) for (const { model } of Object.values(cards)) model.alive && model.update({});
const beat = setInterval(() => Object.values(cards).forEach(({ model }) => model.alive && !query.has("still") && model.update({})), 5000);
if (query.has("follow")) {
  const built = async () => (await fetch("/built")).text();
  const first = await built();
  setInterval(async () => (await built()) !== first && location.reload(), 500);
}
Object.assign(window, { cards, states, stop: () => clearInterval(beat) });
document.documentElement.dataset.ready = "";
