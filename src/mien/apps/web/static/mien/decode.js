// What a browser can show, as pixels.
import { shrunk } from "./resize.js";

const REDUCE_TO_PX = 2560; // no picture is reduced to less than this on its longer side; see mien.imaging.decode

/**
 * A decoded picture: its pixels, which may be a reduction, and its own size.
 * @typedef {{pixels: import("./picture.js").Picture, width: number, height: number}} Decoded
 */

/**
 * The pixels of a source, upright; transparent parts become white.
 * @param {import("./types.d.ts").Source} source
 * @returns {Promise<Decoded>}
 * @throws {Error} it cannot be decoded, or has no pixels yet
 */
export async function decode(source) {
  if (source.data) return reduced(source);
  if (!(source instanceof Blob)) return reduced(drawn(source, ...sizeOf(source)));
  // As in Python, profiles are ignored: all values count as sRGB.
  const bitmap = await createImageBitmap(source, { imageOrientation: "from-image", colorSpaceConversion: "none" })
    .catch(() => { throw new Error(`the browser cannot decode ${source.name || "this file"}; expected a picture such as JPEG, PNG or WebP (save HEIC as JPEG)`); });
  try {
    return reduced(drawn(bitmap, bitmap.width, bitmap.height));
  } finally {
    bitmap.close();
  }
}

function sizeOf(source) {
  const width = source.videoWidth ?? source.naturalWidth ?? source.displayWidth ?? source.width;
  const height = source.videoHeight ?? source.naturalHeight ?? source.displayHeight ?? source.height;
  if (width > 0 && height > 0) return [width, height];
  throw new Error("the source has no pixels: a picture or video that is not loaded yet, or cannot be decoded; wait for its load or loadeddata event");
}

function drawn(source, width, height) {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.drawImage(source, 0, 0);
  return context.getImageData(0, 0, width, height);
}

function reduced({ width, height, data }) {
  const whole = { width, height, channels: 4, data }, longer = Math.max(width, height);
  const by = [8, 4, 2].find((one) => Math.floor(longer / one) >= REDUCE_TO_PX) ?? 1;
  return { pixels: shrunk(whole, Math.ceil(width / by), Math.ceil(height / by)), width, height };
}
