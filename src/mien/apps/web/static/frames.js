// The frames of a film that are looked at.

const LONGEST_PX = 1280; // faces are searched at half of that

/** What a camera is asked for. */
export const WANTED = { width: { ideal: LONGEST_PX } };

/** Width and height of a film's frames, reduced where they are large. */
export function frameSize({ videoWidth: width, videoHeight: height }) {
  const scale = Math.min(1, LONGEST_PX / Math.max(width, height));
  return [Math.round(scale * width), Math.round(scale * height)];
}
