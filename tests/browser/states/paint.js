/** Pictures for the fixtures: warped noise, coloured; the same number gives the same picture. */

const PALETTES = [
  [[14, 24, 38], [36, 92, 110], [214, 196, 150], [250, 240, 214]],
  [[28, 16, 44], [128, 44, 92], [238, 132, 92], [252, 224, 172]],
  [[10, 32, 28], [38, 106, 72], [156, 190, 96], [240, 240, 200]],
  [[18, 22, 58], [60, 82, 168], [150, 186, 228], [244, 246, 250]],
];

/** @param {number} seed */
function noise(seed) {
  const at = (/** @type {number} */ x, /** @type {number} */ y) => {
    const n = Math.sin(x * 127.1 + y * 311.7 + seed * 74.7) * 43758.5453;
    return n - Math.floor(n);
  };
  const soft = (/** @type {number} */ t) => t * t * (3 - 2 * t);
  return (/** @type {number} */ x, /** @type {number} */ y) => {
    const [i, j] = [Math.floor(x), Math.floor(y)];
    const [u, v] = [soft(x - i), soft(y - j)];
    const mix = (/** @type {number} */ a, /** @type {number} */ b, /** @type {number} */ t) => a + (b - a) * t;
    return mix(mix(at(i, j), at(i + 1, j), u), mix(at(i, j + 1), at(i + 1, j + 1), u), v);
  };
}

/** Pixels a side of a painted point: ?fine takes the time for single ones. */
const GRAIN = new URLSearchParams(location.search).has("fine") ? 1 : 3;

/** @type {Map<string, Promise<Blob>>} */
const painted = new Map();

/** @param {number} seed @param {number} width @param {number} height @returns {Promise<Blob>} */
export function paint(seed, width, height) {
  const name = [seed, width, height].join();
  const picture = painted.get(name) ?? draw(seed, width, height);
  painted.set(name, picture);
  return picture;
}

/** @param {number} seed @param {number} full @param {number} tall */
function draw(seed, full, tall) {
  const [width, height] = [full, tall].map((side) => Math.round(side / GRAIN));
  const canvas = new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(width, height);
  const value = noise(seed);
  const cloud = (/** @type {number} */ x, /** @type {number} */ y) => value(x, y) * 0.55 + value(2 * x, 2 * y) * 0.28 + value(4 * x, 4 * y) * 0.17;
  const colours = PALETTES[seed % PALETTES.length];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = [(4 * x) / width, (4 * y) / width];
      const [a, b] = [cloud(u, v), cloud(u + 5.2, v + 1.3)];
      const t = Math.min(0.999, Math.max(0, 1.7 * cloud(u + 3 * a, v + 3 * b) - 0.35)) * (colours.length - 1);
      const [low, high] = [colours[Math.floor(t)], colours[Math.floor(t) + 1]];
      const part = t - Math.floor(t);
      const k = 4 * (y * width + x);
      for (let c = 0; c < 3; c++) image.data[k + c] = low[c] + (high[c] - low[c]) * part;
      image.data[k + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
  const whole = new OffscreenCanvas(full, tall);
  const copy = /** @type {OffscreenCanvasRenderingContext2D} */ (whole.getContext("2d"));
  copy.imageSmoothingQuality = "high";
  copy.drawImage(canvas, 0, 0, full, tall);
  return whole.convertToBlob({ type: "image/webp", quality: 0.9 });
}

/** A film of a slowly turning palette, a second long. @param {number} seed @param {number} width @param {number} height @returns {Promise<Blob>} */
export async function film(seed, width, height) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const still = await createImageBitmap(await paint(seed, width, height));
  const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: "video/webm" });
  /** @type {Blob[]} */
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const done = new Promise((resolve) => (recorder.onstop = resolve));
  recorder.start();
  for (let turn = 0; turn < 20; turn++) {
    context.filter = `hue-rotate(${4 * turn}deg)`;
    context.drawImage(still, 0, 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  recorder.stop();
  await done;
  return new Blob(parts, { type: "video/webm" });
}

/** A chime: a WAV of two decaying tones. @returns {Blob} */
export function chime() {
  const rate = 8000, length = 2 * rate;
  const data = new DataView(new ArrayBuffer(44 + 2 * length));
  const word = (/** @type {number} */ at, /** @type {string} */ text) => [...text].forEach((c, i) => data.setUint8(at + i, c.charCodeAt(0)));
  word(0, "RIFF"); data.setUint32(4, 36 + 2 * length, true); word(8, "WAVEfmt "); data.setUint32(16, 16, true);
  data.setUint16(20, 1, true); data.setUint16(22, 1, true); data.setUint32(24, rate, true); data.setUint32(28, 2 * rate, true);
  data.setUint16(32, 2, true); data.setUint16(34, 16, true); word(36, "data"); data.setUint32(40, 2 * length, true);
  for (let i = 0; i < length; i++) {
    const t = i / rate;
    const tone = Math.sin(2 * Math.PI * 440 * t) * Math.exp(-2 * t) + (t > 0.6 ? Math.sin(2 * Math.PI * 660 * t) * Math.exp(-2 * (t - 0.6)) : 0);
    data.setInt16(44 + 2 * i, 12000 * tone, true);
  }
  return new Blob([data], { type: "audio/wav" });
}
