// What a face looks like in a frame: its colours and its shading, to see where another takes its place. How, and where
// the numbers come from: mien.tracking.appearance.
import { clip, square } from "./boxes.js";
import { part, picture } from "./picture.js";
import { enlarged, halfEven, shrunk } from "./resize.js";

const APPEARANCE_MARGIN = 1.25, COLOURS_PX = 24, COLOUR_BANDS = 3, COLOUR_BINS = 8, ENOUGH_PX = 64, LEAST_TINT = 96, MOST_TINT = 192;
const SHADING_PX = 12, COLOUR_VALUES = COLOUR_BANDS * COLOUR_BINS ** 3, SAME_COLOURS = 0.75, SAME_SHADING = 0.7;

/** What the face in a box looks like, or undefined where it lies outside the picture. */
export function lookOf(whole, box) {
  const [x1, y1, x2, y2] = clip(square(box, APPEARANCE_MARGIN), whole.width, whole.height).map(halfEven);
  if (!(x1 < x2 && y1 < y2)) return undefined;
  const few = sampled(part(whole, x1, y1, x2, y2));
  const grows = few.width < COLOURS_PX || few.height < COLOURS_PX;
  const lab = toLab((grows ? enlarged : shrunk)(few, COLOURS_PX, COLOURS_PX));
  return Float32Array.from([...colours(lab), ...shading(lab)]);
}

/** Whether two may be the same face; one of which nothing is known is like every other. */
export function alike(known, found) {
  if (!known || !found) return true;
  const agree = (from, to) => { let sum = 0; for (let k = from; k < to; k++) sum += known[k] * found[k]; return sum; };
  return agree(0, COLOUR_VALUES) >= SAME_COLOURS || agree(COLOUR_VALUES, known.length) >= SAME_SHADING;
}

/** Every so-many-th pixel of a large part. */
function sampled(whole) {
  const step = Math.max(1, Math.floor(Math.max(whole.width, whole.height) / ENOUGH_PX));
  const few = picture(Math.ceil(whole.width / step), Math.ceil(whole.height / step), whole.channels);
  for (let y = 0, to = 0; y < whole.height; y += step) for (let x = 0; x < whole.width; x += step)
    for (let c = 0; c < whole.channels; c++) few.data[to++] = whole.data[(y * whole.width + x) * whole.channels + c];
  return few;
}

/** L*, a* and b* of each pixel as OpenCV scales them, 0 to 255 (sRGB, D65). */
function toLab({ data }) {
  const made = [];
  for (let k = 0; k < data.length; k += 4) {
    const [r, g, b] = [0, 1, 2].map((c) => linear(data[k + c] / 255));
    const x = root((0.412453 * r + 0.35758 * g + 0.180423 * b) / 0.950456), y = root(0.212671 * r + 0.71516 * g + 0.072169 * b);
    const z = root((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.088754);
    made.push([(116 * y - 16) * 2.55, 500 * (x - y) + 128, 200 * (y - z) + 128].map(Math.round));
  }
  return made;
}

const linear = (share) => share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
const root = (value) => value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116;

/** The roots of the shares of the colours in each band. */
function colours(lab) {
  const counts = new Float32Array(COLOUR_VALUES), span = MOST_TINT - LEAST_TINT;
  const bin = (tint) => Math.floor((Math.min(Math.max(tint, LEAST_TINT), MOST_TINT - 1) - LEAST_TINT) * COLOUR_BINS / span);
  lab.forEach(([l, a, b], k) => {
    const band = Math.floor(k / (lab.length / COLOUR_BANDS));
    counts[((band * COLOUR_BINS + (l >> 5)) * COLOUR_BINS + bin(a)) * COLOUR_BINS + bin(b)]++;
  });
  return counts.map((count) => Math.sqrt(count / lab.length));
}

/** The lightness, less its mean, of length 1. */
function shading(lab) {
  const grey = shrunk(picture(COLOURS_PX, COLOURS_PX, 1, Uint8Array.from(lab, ([l]) => l)), SHADING_PX, SHADING_PX).data;
  const mean = grey.reduce((a, b) => a + b) / grey.length, rest = Array.from(grey, (value) => value - mean);
  const length = Math.max(Math.hypot(...rest), 1e-9);
  return rest.map((value) => value / length);
}
