// Pictures in memory, and what only moves their pixels.

/**
 * @typedef {object} Picture
 * @property {number} width in pixels
 * @property {number} height in pixels
 * @property {number} channels 1 for grey, 4 for RGBA, of which the last is never read
 * @property {Uint8Array | Uint8ClampedArray} data row by row
 */

/** @returns {Picture} */
export function picture(width, height, channels, data = new Uint8Array(width * height * channels)) {
  return { width, height, channels, data };
}

/** The part from x1, y1 up to x2, y2, in whole pixels that lie in the picture. */
export function part(whole, x1, y1, x2, y2) {
  const { width, channels, data } = whole;
  const cut = picture(x2 - x1, y2 - y1, channels);
  const row = cut.width * channels;
  for (let y = 0; y < cut.height; y++) {
    const from = ((y1 + y) * width + x1) * channels;
    cut.data.set(data.subarray(from, from + row), y * row);
  }
  return cut;
}

/** The picture turned clockwise by 0, 90, 180 or 270 degrees. */
export function turn(whole, degrees) {
  if (!degrees) return whole;
  const { width, height, channels, data } = whole;
  const turned = degrees === 180 ? picture(width, height, channels) : picture(height, width, channels);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const [column, row] = degrees === 90 ? [height - 1 - y, x] : degrees === 180 ? [width - 1 - x, height - 1 - y] : [y, width - 1 - x];
    const to = (row * turned.width + column) * channels, from = (y * width + x) * channels;
    for (let c = 0; c < channels; c++) turned.data[to + c] = data[from + c];
  }
  return turned;
}

/** Grey of an RGBA picture by ITU-R 601, in the fixed point of OpenCV. */
export function grey(whole) {
  if (whole.channels === 1) return whole;
  const { width, height, data } = whole, made = picture(width, height, 1);
  for (let to = 0, from = 0; to < made.data.length; to++, from += 4)
    made.data[to] = (9798 * data[from] + 19235 * data[from + 1] + 3735 * data[from + 2] + 16384) >> 15;
  return made;
}
