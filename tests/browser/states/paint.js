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

/** @param {number} seed @param {number} width @param {number} height @returns {Promise<Blob>} */
export async function paint(seed, width, height) {
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
  return canvas.convertToBlob({ type: "image/webp", quality: 0.9 });
}
