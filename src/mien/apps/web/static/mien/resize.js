// Pictures resized as OpenCV does it: shrunk by area averaging (INTER_AREA), enlarged linearly (INTER_LINEAR).
import { picture } from "./picture.js";

/** The picture with a longer side of longerPx. */
export function resizeTo(whole, longerPx) {
  const scale = longerPx / Math.max(whole.width, whole.height);
  const [width, height] = [whole.width, whole.height].map((side) => Math.max(1, halfEven(side * scale)));
  return scale < 1 ? shrunk(whole, width, height) : enlarged(whole, width, height);
}

/** The picture with a longer side of mostPx at most. */
export const shrinkTo = (whole, mostPx) => Math.max(whole.width, whole.height) <= mostPx ? whole : resizeTo(whole, mostPx);

/** Round, halves to the even neighbour, as Python and OpenCV do. */
export function halfEven(value) {
  const low = Math.floor(value), rest = value - low;
  return rest < 0.5 || (rest === 0.5 && low % 2 === 0) ? low : low + 1;
}

/** The mean of the area that each pixel covers; neither side grows. */
export function shrunk(whole, width, height) {
  if (width === whole.width && height === whole.height) return whole;
  if (2 * width === whole.width && 2 * height === whole.height) return halved(whole);
  const across = shares(whole.width, width), down = shares(whole.height, height), scale = Math.fround(across.scale * down.scale);
  const made = picture(width, height, whole.channels), row = width * whole.channels;
  const line = new Float32Array(row), sums = new Float32Array(row);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (let k = down.starts[y]; k < down.starts[y + 1]; k++) {
      average(whole, down.places[k], across, line);
      for (let x = 0; x < row; x++) sums[x] += down.weights[k] * line[x];
    }
    for (let x = 0; x < row; x++) made.data[y * row + x] = halfEven(sums[x] * scale);
  }
  return made;
}

/** To half of both sides, in which case alone OpenCV rounds halves up. */
function halved({ width, height, channels, data }) {
  const made = picture(width / 2, height / 2, channels), row = width * channels;
  for (let y = 0, to = 0; y < height; y += 2) for (let x = 0; x < row; x += 2 * channels) for (let c = 0; c < channels; c++) {
    const at = y * row + x + c;
    made.data[to++] = (data[at] + data[at + channels] + data[at + row] + data[at + row + channels] + 2) >> 2;
  }
  return made;
}

function average({ width, channels, data }, row, { starts, places, weights }, line) {
  const from = row * width * channels, colours = Math.min(channels, 3);
  for (let x = 0; x < starts.length - 1; x++) for (let k = starts[x]; k < starts[x + 1]; k++) {
    const at = from + places[k] * channels, to = x * channels, share = weights[k], begins = k === starts[x];
    for (let c = 0; c < colours; c++) line[to + c] = begins ? share * data[at + c] : line[to + c] + share * data[at + c];
  }
}

/**
 * Which pixels of a side of long are averaged into each of short, and with which weights. Where all weigh the same they
 * are added up first, as in OpenCV.
 */
function shares(long, short) {
  const starts = [0], places = [], weights = [], scale = long / short, even = Number.isInteger(scale);
  for (let place = 0; place < short; place++) {
    const begin = place * scale, covered = Math.min(scale, long - begin), end = begin + covered;
    const last = Math.min(Math.floor(begin + scale), long - 1), first = Math.min(Math.ceil(begin), last);
    const add = (at, share) => { places.push(at); weights.push(even ? share : share / covered); };
    if (first - begin > 1e-3) add(first - 1, first - begin);
    for (let at = first; at < last; at++) add(at, 1);
    if (end - last > 1e-3) add(last, Math.min(end - last, 1));
    starts.push(places.length);
  }
  return { starts: Int32Array.from(starts), places: Int32Array.from(places), weights: new Float32Array(weights), scale: even ? 1 / scale : 1 };
}

/** Each pixel between its four neighbours, in the fixed point of OpenCV. */
export function enlarged(whole, width, height) {
  if (width === whole.width && height === whole.height) return whole;
  const across = between(whole.width, width), down = between(whole.height, height);
  const made = picture(width, height, whole.channels), row = width * whole.channels;
  const [above, below] = [new Int32Array(row), new Int32Array(row)];
  let seen = -1;
  for (let y = 0; y < height; y++) {
    const { low, high, share } = down[y];
    if (low !== seen) blend(whole, low, across, above), blend(whole, high, across, below);
    seen = low;
    for (let x = 0; x < row; x++)
      made.data[y * row + x] = (((2048 - share) * (above[x] >> 4) >> 16) + (share * (below[x] >> 4) >> 16) + 2) >> 2;
  }
  return made;
}

function blend({ width, channels, data }, row, across, line) {
  const from = row * width * channels;
  let to = 0;
  for (const { low, high, share } of across) for (let c = 0; c < channels; c++)
    line[to++] = (2048 - share) * data[from + low * channels + c] + share * data[from + high * channels + c];
}

/** The two pixels between which each of a longer side lies, and the share of the second, of 2048. */
function between(short, long) {
  return Array.from({ length: long }, (_, place) => {
    const at = Math.min(Math.max((place + 0.5) * short / long - 0.5, 0), short - 1), low = Math.floor(at);
    return { low, high: Math.min(low + 1, short - 1), share: halfEven((at - low) * 2048) };
  });
}
