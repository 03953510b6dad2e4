// Video files, as the page plays them. One that is read anew waits for the first answer, and plays on from there.
import { pause } from "./waiting.js";

/** Show the video of an item in an element; throws where the browser cannot. */
export async function displayVideo(film, item) {
  film.src = URL.createObjectURL(item.file);
  const loaded = new Promise((done) => { film.onloadeddata = film.onerror = done; });
  await Promise.race([loaded, pause()]);
  // Phones load no picture before a video is played.
  if (film.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) await film.play().catch(() => {});
  if (!film.videoWidth) throw new Error(`the browser cannot decode ${item.file.name} (it may be HEVC, as from an iPhone); use 'mien video' instead`);
  item.plays = true;
}

/** Let a video wait for an answer, for which nets may be loaded. */
export function hold(film, item) {
  if (!film.paused) film.pause(), item.plays = true;
}

export function rewind(film, item) {
  film.pause();
  item.plays = true;
  film.currentTime = 0;
}

export function playOn(film, item) {
  if (item.plays) film.play().catch(() => {});
  item.plays = false;
}
