// Picture files, as the page shows them.

const ANIMATED = ["image/gif", "image/webp", "image/png", "image/avif"];

/** The first frame of an animation, as a picture of its own; null of what is none, as far as the browser can say. */
async function firstFrame(file) {
  if (!ANIMATED.includes(file.type) || !("ImageDecoder" in window)) return null;
  const decoder = new ImageDecoder({ type: file.type, data: await file.arrayBuffer() });
  try {
    await Promise.all([decoder.tracks.ready, decoder.completed]);
    return decoder.tracks.selectedTrack.frameCount > 1 ? await asFile((await decoder.decode()).image) : null;
  } catch {
    return null; // it is damaged, or no such picture, as who reads it will say
  } finally {
    decoder.close();
  }
}

async function asFile(frame) {
  const canvas = new OffscreenCanvas(frame.displayWidth, frame.displayHeight);
  canvas.getContext("2d").drawImage(frame, 0, 0);
  frame.close();
  return canvas.convertToBlob();
}

/** Show a picture file in an element; throws where the browser cannot. */
export function display(still, picture) {
  if (still.src) URL.revokeObjectURL(still.src);
  still.src = URL.createObjectURL(picture);
  return still.decode();
}

/** Show the picture of an item: of an animation its first frame, as that is what is read. */
export async function displayPicture(still, item) {
  const frame = await firstFrame(item.file);
  item.isAnimated = frame !== null;
  return display(still, frame ?? item.file);
}
