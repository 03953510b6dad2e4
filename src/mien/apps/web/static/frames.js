// The frames of a film that are looked at.

const LONGEST_PX = 1280; // faces are searched at half of that

/** The present frame of a film as a picture file; null where there is none. */
export async function snapshot(film) {
  if (!film.videoWidth) return null;
  const canvas = new OffscreenCanvas(film.videoWidth, film.videoHeight);
  canvas.getContext("2d").drawImage(film, 0, 0);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 });
}

/** What a camera is asked for. */
export const WANTED = { width: { ideal: LONGEST_PX } };

/**
 * An entry of a stream as one that goes on from those of an earlier stream: of other ids, and with later numbers.
 * @param {{frame: number, id: number}} before the last frame, and the largest id
 */
export function goingOn(entry, before) {
  const later = (id) => id > 0 ? id + before.id : id;
  const faces = entry.faces.map((face) => ({ ...face, id: later(face.id) }));
  return { ...entry, frame: entry.frame + before.frame + 1, faces, not_people: entry.not_people?.map(later) };
}

/** Width and height of a film's frames, reduced where they are large. */
export function frameSize({ videoWidth: width, videoHeight: height }) {
  const scale = Math.min(1, LONGEST_PX / Math.max(width, height));
  return [Math.round(scale * width), Math.round(scale * height)];
}

const presented = (film) => new Promise((done) =>
  film.requestVideoFrameCallback ? film.requestVideoFrameCallback(done) : requestAnimationFrame(done));

/** Wait for a frame that comes after the one at shown_s; the first may be there already, as in a film that is paused. */
export async function newFrame(film, shown_s) {
  if (shown_s < 0 && film.readyState >= 2) return;
  do await presented(film); while (film.currentTime === shown_s);
}
