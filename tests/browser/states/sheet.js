/**
 * A host without a kernel for the sheet: the real one on a model that a script plays.
 * ?grid=6x6 (rows by columns), ?grid=64 (one axis), ?grid=4x5x3; ?state=done|running|failures|unknown|held;
 * ?theme=dark|light; ?width=320; ?tick=10 has every running cell tick so many times a second.
 * `window.sheet` has the model, so that a test can change it and see what the page sent.
 */
import { film, paint } from "./paint.js";

const PROTOCOL = 1;
const query = new URLSearchParams(location.search);
const main = /** @type {HTMLElement} */ (document.querySelector("main"));
const theme = query.get("theme");
if (theme) document.documentElement.dataset.theme = theme;
if (query.get("host") === "lab") document.body.dataset.jpThemeLight = String(theme !== "dark");
else if (theme) document.body.className = `vscode-${theme}`;
main.dataset.width = "";
main.style.setProperty("--width", `${query.get("width") ?? 1000}px`);

const NAMES = ["feed", "kill", "steps"];
const sizes = (query.get("grid") ?? "6x6").split("x").map(Number);
const state = query.get("state") ?? "done";
const axes = sizes.map((size, axis) => {
  const values = Array.from({ length: size }, (_, step) =>
    axis === 2 ? [500, 1000, 2000][step] : Number(((axis ? 0.055 : 0.02) + (0.05 / Math.max(1, size)) * step).toFixed(4)),
  );
  return { title: NAMES[axis], names: [NAMES[axis]], steps: values.map(String), values: values.map((value) => [value]) };
});
/** @type {number[][]} */
const places = axes.reduce((/** @type {number[][]} */ all, { steps }) => all.flatMap((place) => steps.map((_, step) => [...place, step])), [[]]);
const labels = places.map((place) => place.map((step, axis) => `${NAMES[axis]} ${axes[axis].steps[step]}`).join(" · "));

/** @param {number} point */
function statusOf(point) {
  if (state === "held") return "planned";
  if (state === "running") return point < places.length / 2 ? "completed" : point < places.length / 2 + 4 ? "running" : "planned";
  if (state === "ticking") return "running";
  if (state === "failures" && point % 7 === 3) return "failed";
  if (state === "unknown" && point % 11 === 5) return "unknown";
  return "completed";
}
/** @param {number} point @param {string} [status] */
function cellOf(point, status = statusOf(point)) {
  const done = status === "completed";
  return {
    status,
    percent: status === "running" ? 10 + ((point * 17) % 80) : done || status === "failed" ? 100 : 0,
    error: status === "failed" ? "The pattern died out: nothing is left of V." : status === "unknown" ? "The service’s answer was lost (504)." : "",
    task: status === "planned" || status === "unknown" ? null : `0192f3c1-7c1e-7b5a-9d0e-${String(point).padStart(12, "0")}`,
    seconds: done ? 8 + (point % 5) : 0,
    gpu: done ? "RTX 4090" : "",
    metrics: done ? { coverage: ((point * 37) % 100) / 100, mean_v: 0.05 + ((point * 13) % 40) / 100 } : {},
    outputs: done ? [{ key: "9.images.0", kind: "image", name: "gray-scott.png", shown: true }, { key: "10.videos.0", kind: "video", name: "gray-scott.webm", shown: true }, { key: "mesh", kind: "model", name: "growth.obj", shown: false }] : [],
    attempt: 1,
  };
}
const cells = places.map((_, point) => cellOf(point));

function facts(sequence = 0) {
  const count = (/** @type {string} */ status) => cells.filter((cell) => cell.status === status).length;
  const done = cells.filter(({ status }) => ["completed", "failed", "cancelled"].includes(status)).length;
  const running = count("running") > 0;
  return {
    sequence,
    title: "Gray-Scott reaction-diffusion",
    status: running ? "running" : state === "held" ? "waiting" : count("unknown") ? "unknown" : count("failed") ? "failed" : "completed",
    total: cells.length,
    done,
    size: `${cells.length} points: ${axes.map(({ title, steps }) => `${steps.length} ${title}`).join(" × ")}`,
    held: state === "held" ? count("planned") : 0,
    edges: [labels[0], labels.at(-1)],
    eta: running ? 74 : null,
    problem: null, retry_in: null, saved: null, sweep: true, halted: false,
    metrics: done ? ["coverage", "mean_v"] : [],
    outputs: done ? [{ key: "9.images.0", kind: "image", name: "gray-scott.png" }, { key: "10.videos.0", kind: "video", name: "gray-scott.webm" }, { key: "mesh", kind: "model", name: "growth.obj" }] : [],
  };
}
function counts() {
  /** @type {Record<string, number>} */
  const found = {};
  for (const { status } of cells) found[status] = (found[status] ?? 0) + 1;
  return found;
}

class Model {
  traits = /** @type {any} */ ({
    counts: counts(),
    progress: cells.reduce((sum, { percent }) => sum + percent / 100, 0) / cells.length,
    selected: [], rejected: [], reference: null,
    _layout: { axes, places, labels, fixed: { size: "256", steps: "2000" }, extends: true },
    _cells: { sequence: 0, cells: cells.map((cell) => ({ ...cell })) },
    _facts: facts(),
    _beat: 0,
    layout: {},
  });
  /** @type {any[]} */
  sent = [];
  /** @type {Map<string, Set<(...args: any[]) => void>>} */
  handlers = new Map();
  sequence = 0;
  /** @param {string} name */
  get(name) {
    return this.traits[name];
  }
  /** @param {any} changes */
  update(changes) {
    Object.assign(this.traits, changes);
    for (const name of Object.keys(changes)) this.emit(`change:${name}`);
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
  /** @param {any} message */
  send(message) {
    this.sent.push(message);
    void answer(this, message);
  }
  /** Tell of cells that changed, as the kernel does. @param {number[]} points */
  push(points) {
    this.sequence += 1;
    this.emit("msg:custom", { type: "cells", protocol: PROTOCOL, sequence: this.sequence, cells: points.map((point) => [point, { ...cells[point] }]) }, []);
    this.update({ counts: counts(), _facts: facts(this.sequence), progress: cells.reduce((sum, { percent }) => sum + percent / 100, 0) / cells.length });
  }
}

/** What the kernel would send back. @param {Model} model @param {any} message */
async function answer(model, message) {
  const { type, id, point, points } = message;
  /** @param {object} fields @param {ArrayBuffer[]} [buffers] */
  const reply = (fields, buffers = []) =>
    model.emit("msg:custom", { ...fields, type: "reply", protocol: PROTOCOL, re: id }, buffers.map((part) => new DataView(part)));
  const picture = async (/** @type {number} */ at, side = 160) => (await paint(1 + (at % 37), side, side)).arrayBuffer();
  switch (type) {
    case "module":
      return reply({ name: message.name, revision: message.revision }, [await (await fetch(`/static/${message.name}.js`)).arrayBuffer()]);
    case "thumbnails":
      return reply({ pictures: points.map((/** @type {number} */ at) => ({ point: at, mime: "image/webp" })) }, await Promise.all(points.map((/** @type {number} */ at) => picture(at))));
    case "detail": {
      const cell = cells[point];
      const file = (/** @type {object} */ more) => ({ size: 48213, group: "Save Image", state: "ready", received: 0, error: null, width: 480, height: 480, duration: null, poster: null, poster_mime: "image/webp", path: null, revision: `${point}`, ...more });
      const files = [
        file({ key: "9.images.0", name: "gray-scott.png", kind: "image", mime: "image/webp", poster_at: 0 }),
        file({ key: "10.videos.0", name: "gray-scott.webm", kind: "video", mime: "video/webm", duration: 1, poster_at: 0 }),
        file({ key: "mesh", name: "growth.obj", kind: "model", mime: "model/obj" }),
      ];
      const parameters = labels[point].split(" · ").map((part) => part.split(" ")).concat([["size", "256"]]);
      const detail = { ...cell, parameters, former: [], created: null, candidates: [], advice: "", files: cell.outputs.length ? files : [] };
      return reply({ detail }, cell.outputs.length ? [await picture(point, 320)] : []);
    }
    case "read": {
      const kind = message.key === "mesh" ? "model" : message.key === "10.videos.0" ? "video" : "image";
      const whole =
        kind === "model"
          ? new TextEncoder().encode(`v 0 0 0\nv ${1 + point} 0 0\nv 0 1 0\nv 0 0 1\nf 1 2 3\nf 1 3 4\nf 1 2 4\nf 2 3 4\n`).buffer
          : kind === "video" ? await (await film(1 + point, 240, 240)).arrayBuffer() : await picture(point, 480);
      return reply({ offset: 0, total: whole.byteLength, mime: { model: "model/obj", video: "video/webm", image: "image/webp" }[kind] }, [whole]);
    }
    case "sync":
      model.update({ _cells: { sequence: model.sequence, cells: cells.map((cell) => ({ ...cell })) } });
      return reply({});
    case "mark": {
      const without = (/** @type {number[]} */ list) => list.filter((at) => !points.includes(at));
      reply({});
      return model.update({
        selected: [...without(model.get("selected")), ...(message.mark === "star" ? points : [])],
        rejected: [...without(model.get("rejected")), ...(message.mark === "reject" ? points : [])],
      });
    }
    case "pin":
      reply({});
      return model.update({ reference: points[0] ?? null });
    case "retry":
      reply({});
      for (const at of points) cells[at] = cellOf(at, "running");
      return model.push(points);
    case "cancel":
      reply({});
      for (const at of points) cells[at] = cellOf(at, "cancelled");
      return model.push(points);
    case "candidates":
      return reply({ advice: "Is it one of these? If not, the service probably never accepted the submission.", candidates: [{ task: "0192f3c1-7c1e-7b5a-9d0e-aaaaaaaaaaaa", status: "completed", created: new Date().toISOString(), same: true, seconds: 1, others: 0 }] });
    case "attach":
      reply({});
      cells[point] = cellOf(point, "completed");
      return model.push([point]);
    case "code":
      return reply({ code: "client.map(...)" });
    case "extend":
      return reply({ added: 2 });
    case "save_all":
      return reply({ saved: "72 files saved to cyberun-gray-scott" });
    default:
      return reply({});
  }
}

const { default: group } = await import("/static/group.js");
const model = new Model();
const el = document.createElement("div");
const section = document.createElement("section");
section.append(el);
main.append(section);
/** A model of its own for each, as anywidget makes them; the widget's layout is one object for all. */
const proxy = () => ({
  get: (/** @type {string} */ name) => model.get(name),
  on: (/** @type {string} */ event, /** @type {any} */ handler) => model.on(event, handler),
  off: (/** @type {string} */ event, /** @type {any} */ handler) => model.off(event, handler),
  send: (/** @type {any} */ message) => model.send(message),
});
const forget = group.initialize({ model: proxy() });
const remove = group.render({ model: proxy(), el });
const hertz = Number(query.get("tick") ?? 0);
if (hertz)
  setInterval(() => {
    const running = cells.flatMap((cell, point) => (cell.status === "running" ? [point] : []));
    for (const point of running) cells[point] = { ...cells[point], percent: (cells[point].percent + 1) % 100 };
    model.push(running);
  }, 1000 / hertz);
Object.assign(window, { sheet: { model, el, remove, forget, cells, cellOf } });
document.documentElement.dataset.ready = "";
