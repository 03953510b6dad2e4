// Shot boundary detection: the frames at which a video cuts from one scene to another. How, and where the numbers come
// from: mien.video.shots.
import { grey, picture } from "./picture.js";
import { shrunk } from "./resize.js";

const WIDTH_PX = 64, HEIGHT_PX = 36, BLOCK_PX = [16, 12], REACH_PX = 4;
const LEAST_NOVELTY = 0.3, NOVELTY_RATIO = 2, RECENT_FRAMES = 4, SAME_CORRELATION = 0.95, FLAT_DEVIATION = 3;

/** A picture reduced to 64 x 36 pixels of grey: each the mean of 16. */
export function thumbnail(whole) {
  const few = picture(4 * WIDTH_PX, 4 * HEIGHT_PX, whole.channels);
  for (let y = 0, to = 0; y < few.height; y++) for (let x = 0; x < few.width; x++) {
    const row = Math.floor(y * whole.height / few.height), column = Math.floor(x * whole.width / few.width);
    for (let c = 0; c < whole.channels; c++) few.data[to++] = whole.data[(row * whole.width + column) * whole.channels + c];
  }
  return grey(shrunk(few, WIDTH_PX, HEIGHT_PX));
}

export class ShotDetector {
  #before = null;
  #recent = [];

  /** Whether there is a cut between the frame before and this one. */
  cuts(now) {
    if (deviation(now, 0, 0, WIDTH_PX, HEIGHT_PX) < FLAT_DEVIATION) return false;
    const before = this.#before;
    this.#before = now;
    if (!before) return false;
    const fresh = novelty(before, now), usual = this.#recent.reduce((a, b) => a + b, 0) / Math.max(1, this.#recent.length);
    this.#recent = [...this.#recent, fresh].slice(-RECENT_FRAMES);
    return fresh > Math.max(LEAST_NOVELTY, NOVELTY_RATIO * usual);
  }
}

/** How much of a frame was not in the frame before, 0 to 1. */
export function novelty(before, now) {
  if (correlation(before, now, [0, 0], [0, 0], [WIDTH_PX, HEIGHT_PX]) >= SAME_CORRELATION) return 0;
  let lost = 0, total = 0;
  for (let y = 0; y < HEIGHT_PX; y += BLOCK_PX[1]) for (let x = 0; x < WIDTH_PX; x += BLOCK_PX[0]) {
    const contrast = deviation(now, x, y, ...BLOCK_PX);
    lost += contrast * (1 - found(before, now, x, y));
    total += contrast;
  }
  return lost / total;
}

/** The best correlation of a block with a part of its surroundings in the frame before, 0 to 1. */
function found(before, now, x, y) {
  let best = 0;
  for (let dy = -REACH_PX; dy <= REACH_PX; dy++) for (let dx = -REACH_PX; dx <= REACH_PX; dx++)
    best = Math.max(best, correlation(before, now, [x + dx, y + dy], [x, y], BLOCK_PX));
  return Math.min(best, 1);
}

function correlation(before, now, [x0, y0], [x1, y1], [width, height]) {
  let a = 0, b = 0, aa = 0, bb = 0, ab = 0;
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const one = pixel(before, x0 + x, y0 + y), other = now.data[(y1 + y) * WIDTH_PX + x1 + x];
    a += one, b += other, aa += one * one, bb += other * other, ab += one * other;
  }
  const n = width * height, spread = (aa - a * a / n) * (bb - b * b / n);
  return spread > 0 ? (ab - a * b / n) / Math.sqrt(spread) : 0;
}

/** A pixel of a thumbnail; beyond its edge, that of the edge. */
const pixel = ({ data }, x, y) =>
  data[Math.min(Math.max(y, 0), HEIGHT_PX - 1) * WIDTH_PX + Math.min(Math.max(x, 0), WIDTH_PX - 1)];

function deviation({ data }, x0, y0, width, height) {
  let sum = 0, squares = 0;
  for (let y = y0; y < y0 + height; y++) for (let x = x0; x < x0 + width; x++) {
    const value = data[y * WIDTH_PX + x];
    sum += value, squares += value * value;
  }
  const mean = sum / (width * height);
  return Math.sqrt(Math.max(0, squares / (width * height) - mean * mean));
}
