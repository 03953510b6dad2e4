// Crops of faces, as the net takes them.
import { square } from "./boxes.js";
import { grey, part, picture } from "./picture.js";
import { halfEven, shrunk } from "./resize.js";

const MOST_SAMPLES = 16; // across one pixel of a crop
export const FARTHEST_PX = 1e6; // a box that reaches farther is a detector's mistake

/** @typedef {{size_px: number, channels: number, margin: number, align: boolean}} CropSpec as in a model's card */

/**
 * A square around a face, scaled to spec.size_px; outside the picture its edge pixels are repeated.
 * @param {import("./picture.js").Picture} whole RGBA
 * @param {number} turned by how many degrees the picture is to be turned clockwise for the face to stand upright
 * @param {CropSpec} spec
 * @returns {import("./picture.js").Picture} of size_px a side: grey, or RGBA for three channels
 */
export function cropFace(whole, { box, landmarks }, turned, spec) {
  if (!box.every((edge) => Math.abs(edge) <= FARTHEST_PX)) return picture(spec.size_px, spec.size_px, spec.channels === 1 ? 1 : 4);
  return cropSquare(whole, square(box, spec.margin), spec.align ? eyeLine(landmarks) : -turned * Math.PI / 180, spec);
}

const eyeLine = ([[rightX, rightY], [leftX, leftY]]) => Math.atan2(leftY - rightY, leftX - rightX);

/** Each pixel of the crop is the mean of k x k samples, with the least k that leaves no pixel of the picture between two. */
export function cropSquare(whole, [x1, y1, x2, y2], angle, { size_px: size, channels }) {
  const centre = [(x1 + x2) / 2, (y1 + y2) / 2], side = Math.max(x2 - x1, 1);
  const samples = Math.min(Math.max(Math.ceil(side / size - 1e-6), 1), MOST_SAMPLES), across = size * samples;
  const { patch, corner } = surroundings(whole, centre, side);
  const step = side / across, [c, s] = [step * Math.cos(angle), step * Math.sin(angle)], half = (across - 1) / 2;
  const first = [centre[0] - corner[0] - 0.5 - (c - s) * half, centre[1] - corner[1] - 0.5 - (s + c) * half];
  const fine = warped(channels === 1 ? grey(patch) : patch, [c, -s, first[0]], [s, c, first[1]], across);
  return shrunk(fine, size, size);
}

/** The part of the picture that a square can touch at any angle, and its corner; at least one pixel. */
function surroundings(whole, centre, side) {
  const size = [whole.width, whole.height], reach = side * Math.SQRT1_2 + 2;
  const corner = centre.map((at, k) => Math.min(Math.max(Math.floor(at - reach), 0), size[k] - 1));
  const end = centre.map((at, k) => Math.min(Math.max(Math.ceil(at + reach), corner[k] + 1), size[k]));
  return { patch: part(whole, ...corner, ...end), corner };
}

/** The square of across samples a side whose sample (x, y) lies at [m · (x, y, 1)] in a picture, between its pixels. */
function warped(whole, [xx, xy, x0], [yx, yy, y0], across) {
  const { channels, data, width, height } = whole, made = picture(across, across, channels);
  for (let y = 0, to = 0; y < across; y++) for (let x = 0; x < across; x++) {
    const atX = xx * x + xy * y + x0, atY = yx * x + yy * y + y0, left = Math.floor(atX), top = Math.floor(atY);
    const l = within(left, width) * channels, r = within(left + 1, width) * channels;
    const t = within(top, height) * width * channels, b = within(top + 1, height) * width * channels;
    for (let c = 0; c < channels; c++, to++) {
      const upper = data[t + l + c] + (atX - left) * (data[t + r + c] - data[t + l + c]);
      const lower = data[b + l + c] + (atX - left) * (data[b + r + c] - data[b + l + c]);
      made.data[to] = halfEven(upper + (atY - top) * (lower - upper));
    }
  }
  return made;
}

const within = (at, side) => at < 0 ? 0 : at >= side ? side - 1 : at;
