// A picture to look into: fitted, then zoomed and moved by wheel, fingers, mouse and keys.
import { imageSource, posterSource } from "./blobs.js";
import { button, el, icon } from "./dom.js";
import { loadBytes, reason } from "./loading.js";

const STEP = 1.25;
const MAX = 32; // CSS pixels per pixel of the picture
const PIXELS = 3; // from here on pixels are shown as squares
const MARGIN = 20; // CSS pixels left free around a fitted picture
const HUGE = 120_000_000; // pixels; more than this is asked for, not just decoded

/** @typedef {import("./types.js").Env} Env */

/** Where a picture of `natural` size lies in a `frame`, in CSS pixels. */
export class Placement {
  scale = 1;
  x = 0;
  y = 0;
  fitted = true;
  frame = { width: 1, height: 1 };
  natural = { width: 1, height: 1 };

  get fit() {
    const room = (/** @type {number} */ length) => Math.max(1, length - 2 * MARGIN);
    return Math.min(1, room(this.frame.width) / this.natural.width, room(this.frame.height) / this.natural.height);
  }

  toFit() {
    this.fitted = true;
    this.scale = this.fit;
    this.x = (this.frame.width - this.natural.width * this.scale) / 2;
    this.y = (this.frame.height - this.natural.height * this.scale) / 2;
  }

  /** @param {number} scale @param {number} [atX] stays where it is @param {number} [atY] */
  zoomTo(scale, atX = this.frame.width / 2, atY = this.frame.height / 2) {
    const next = Math.min(MAX, Math.max(Math.min(this.fit, 1) / 2, scale));
    this.x = atX - ((atX - this.x) * next) / this.scale;
    this.y = atY - ((atY - this.y) * next) / this.scale;
    this.scale = next;
    this.fitted = Math.abs(next / this.fit - 1) < 0.001;
    this.keep();
  }

  /** @param {number} dx @param {number} dy */
  move(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.keep();
  }

  /** The picture stays in sight: centred where it is smaller than the frame, without a gap where it is larger. */
  keep() {
    const inside = (/** @type {number} */ at, /** @type {number} */ room, /** @type {number} */ size) =>
      size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, at));
    this.x = inside(this.x, this.frame.width, this.natural.width * this.scale);
    this.y = inside(this.y, this.frame.height, this.natural.height * this.scale);
  }
}

/**
 * @param {HTMLElement} stage
 * @param {HTMLImageElement} picture decoded
 * @param {import("./life.js").Life} life
 * @param {(place: Placement) => void} onPlace
 */
function zoomable(stage, picture, life, onPlace) {
  const { signal } = life;
  const place = new Placement();
  place.natural = { width: picture.naturalWidth || 1, height: picture.naturalHeight || 1 };
  const draw = () => {
    picture.style.width = `${place.natural.width * place.scale}px`;
    picture.style.height = `${place.natural.height * place.scale}px`;
    picture.style.transform = `translate(${place.x}px, ${place.y}px)`;
    picture.classList.toggle("cy-v-pixels", place.scale >= PIXELS);
    stage.classList.toggle("cy-v-zoomed", place.scale > place.fit * 1.001);
    onPlace(place);
  };
  const measure = () => {
    place.frame = { width: stage.clientWidth || 1, height: stage.clientHeight || 1 };
    if (place.fitted) place.toFit();
    else place.keep();
    draw();
  };
  const at = (/** @type {{clientX: number, clientY: number}} */ event) => {
    const box = stage.getBoundingClientRect();
    return /** @type {const} */ ([event.clientX - box.left, event.clientY - box.top]);
  };
  const act = {
    place,
    zoom: (/** @type {number} */ scale, /** @type {readonly [number, number] | undefined} */ point = undefined) => {
      place.zoomTo(scale, ...(point ?? []));
      draw();
    },
    move: (/** @type {number} */ dx, /** @type {number} */ dy) => {
      place.move(dx, dy);
      draw();
    },
    fit: () => {
      place.toFit();
      draw();
    },
  };
  const observer = new ResizeObserver(measure);
  observer.observe(stage);
  life.onEnd(() => observer.disconnect());
  measure();

  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 24 : event.deltaY;
    act.zoom(place.scale * Math.exp(-Math.max(-200, Math.min(200, pixels)) / 400), at(event));
  }, { passive: false, signal });
  stage.addEventListener("dblclick", (event) => (place.fitted ? act.zoom(Math.max(1, place.fit * 2), at(event)) : act.fit()), { signal });
  drags(stage, act, at, signal);
  return act;
}

/**
 * One finger or the mouse moves, two fingers zoom.
 * @param {HTMLElement} stage
 * @param {{place: Placement, zoom: (scale: number, point?: readonly [number, number]) => void, move: (dx: number, dy: number) => void}} act
 * @param {(event: {clientX: number, clientY: number}) => readonly [number, number]} at
 * @param {AbortSignal} signal
 */
function drags(stage, act, at, signal) {
  /** @type {Map<number, readonly [number, number]>} */
  const fingers = new Map();
  const spread = () => {
    const [a, b] = [...fingers.values()];
    return a && b ? Math.hypot(a[0] - b[0], a[1] - b[1]) : 0;
  };
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    stage.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at(event));
  }, { signal });
  stage.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const [now, wide] = [at(event), spread()];
    fingers.set(event.pointerId, now);
    if (wide > 0) act.zoom((act.place.scale * spread()) / wide, now);
    else act.move(now[0] - before[0], now[1] - before[1]);
  }, { signal });
  const lift = (/** @type {PointerEvent} */ event) => fingers.delete(event.pointerId);
  stage.addEventListener("pointerup", lift, { signal });
  stage.addEventListener("pointercancel", lift, { signal });
}

/**
 * A decoded <img> of the artifact.
 * @param {Blob} blob
 * @param {Env} env
 * @returns {Promise<HTMLImageElement>}
 */
export async function decode(blob, { artifact, life }) {
  const picture = el("img", { class: "cy-v-picture", alt: artifact.name, draggable: "false" });
  picture.src = await imageSource(blob, artifact.mime, life);
  try {
    await picture.decode();
  } catch (error) {
    const words = "This picture is cut off, damaged, or in a format this browser cannot show.";
    throw new Error(words, { cause: error });
  }
  return picture;
}

/** @param {Env} env @returns {import("./types.js").View} the picture at full size */
export function imageView(env) {
  const { artifact, life } = env;
  const { signal } = life;
  const stage = el("div", { class: "cy-v-stage", tabindex: 0, role: "group", "aria-label": `${artifact.name}. Plus and minus zoom, 0 fits, arrows move.` });
  /** @type {ReturnType<typeof zoomable> | null} */
  let act = null;
  const level = button("100 %", () => (act?.place.fitted ? act.zoom(1) : act?.fit()), { title: "Fit, or 100 %", class: "cy-v-level", signal });
  const tools = [
    button("Zoom out", () => act?.zoom(act.place.scale / STEP), { icon: "minus", bare: true, signal }),
    level,
    button("Zoom in", () => act?.zoom(act.place.scale * STEP), { icon: "plus", bare: true, signal }),
    button("Fit", () => act?.fit(), { icon: "fit", bare: true, signal }),
  ];
  const onPlace = (/** @type {Placement} */ place) => {
    const text = `${Math.round(place.scale * 100)} %`;
    if (level.firstElementChild) level.firstElementChild.textContent = text;
  };
  const body = loadBytes(env, async (blob) => {
    const picture = await decode(blob, env);
    stage.replaceChildren(picture);
    requestAnimationFrame(() => {
      if (!life.ended) act = zoomable(stage, picture, life, onPlace);
    });
    return stage;
  }, (artifact.width ?? 0) * (artifact.height ?? 0) > HUGE ? { label: "Very large: show it anyway", over: 0 } : undefined);
  const key = (/** @type {KeyboardEvent} */ event) => {
    if (!act) return false;
    const arrows = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    const arrow = arrows[/** @type {keyof typeof arrows} */ (event.key)];
    if (arrow && stage.classList.contains("cy-v-zoomed")) act.move(arrow[0] ?? 0, arrow[1] ?? 0);
    else if (event.key === "+" || event.key === "=") act.zoom(act.place.scale * STEP);
    else if (event.key === "-" || event.key === "_") act.zoom(act.place.scale / STEP);
    else if (event.key === "0") act.fit();
    else if (event.key === "1") act.zoom(1);
    else return false;
    return true;
  };
  return { node: body, tools, key, focus: stage };
}

/**
 * The picture as it stands in a tile: the poster, or the file itself where it moves or came without a poster.
 * @param {Env} env
 * @returns {HTMLElement}
 */
export function imageThumb(env) {
  const { artifact, ctx, life } = env;
  const size = artifact.size ?? 0;
  const moving = /^image\/(gif|webp)$/.test(artifact.mime) && size < 8_000_000;
  const poster = posterSource(artifact, life);
  const host = el("span", { class: "cy-v-thumbhost" });
  if (poster) host.append(el("img", { class: "cy-v-thumb", alt: artifact.name, src: poster }));
  else host.append(icon("image"), el("span", { class: "cy-v-muted", text: artifact.name }));
  const whole = async () => {
    try {
      const picture = await decode(await ctx.bytes(artifact.key, { signal: life.signal }), env);
      picture.className = "cy-v-thumb";
      if (!life.ended) host.replaceChildren(picture);
    } catch (error) {
      host.title = reason(error); // the tile still opens, and says there what is wrong
    }
  };
  if (moving || (!poster && size < 32_000_000)) void whole();
  return host;
}
