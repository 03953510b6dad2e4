// A video or a camera, analysed frame by frame: the newest frame is sent, its answer awaited, and so on.
import { newFrame } from "./frames.js";
import { say, sayPace } from "./status.js";
import { pause } from "./waiting.js";

/**
 * @param film plays a video, whose times count, or a camera, for which those of this device do
 * @param feed where frames go; it is closed when the signal comes
 * @param {() => Promise<ImageBitmap> | null} grab makes a picture of each frame that is sent, where one is wanted
 * @param {(entry: object, picture: ImageBitmap | null) => void} take is called with each answer
 * @param {AbortSignal} signal
 */
export async function follow(film, feed, grab, take, signal) {
  signal.addEventListener("abort", () => feed.close());
  let shown_s = -1, rate = 0, last = performance.now();
  while (true) {
    await newFrame(film, shown_s);
    if (signal.aborted) return;
    const began = performance.now(), picture = await grab();
    shown_s = film.currentTime;
    const entry = await feed.ask(film.srcObject ? began / 1000 : shown_s, film).catch(unlessOfFrame);
    if (signal.aborted) return;
    if (!entry) {
      await pause();
      continue;
    }
    take(entry, picture);
    const now = performance.now();
    rate += 0.1 * (1000 / (now - last) - rate);
    last = now;
    sayPace(`${Math.round(rate)} frames a second, ${Math.round(now - began)} ms behind`);
  }
}

/** Say why there is no answer to a frame, and go on with the next; what ends the stream is thrown on. */
function unlessOfFrame(error) {
  if (!error.isOfFrame) throw error;
  say(error.message, true);
}
