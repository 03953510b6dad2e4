// The picture or film that is shown with its marks, the strip below it, the cards beside it, and which buttons are there.
import { stopCamera } from "./camera.js";
import { Faces } from "./faces.js";
import { isFilm, isOn } from "./items.js";
import { drawMarks } from "./marks.js";
import { canRecord } from "./record.js";

const part = (id) => document.getElementById(id);
const [still, film, view, marks, strip] = ["still", "film", "view", "marks", "lanes"].map(part);

/** The element that shows a source. */
export const mediumOf = (source) => isFilm(source) ? film : still;

/** Shape the view as what is shown in it. */
export function fit(width, height) {
  view.style.setProperty("--aspect", width / height);
}

/** Show nothing any more, and let go of files and cameras. */
export function clear() {
  if (film.srcObject) stopCamera(film.srcObject);
  for (const medium of [still, film]) if (medium.src) URL.revokeObjectURL(medium.src), medium.removeAttribute("src");
  film.srcObject = null;
  film.load();
}

/**
 * What is shown is handed in: the source and what is known of it, what was seen of it as a film, the number of the face that
 * is pointed at or -1, whether it is mirrored, whether it is recorded, and whether nothing was chosen.
 */
export class Stage {
  #colours;
  #faces;

  /**
   * @param {(number: number) => void} point is called with the number of the face that is pointed at, or -1
   * @param {() => void} changed is called when all is to be drawn in another size or in other colours
   */
  constructor(colours, point, changed) {
    this.#colours = colours;
    this.#faces = new Faces(part("faces"), part("spots"), point);
    const sizes = new ResizeObserver(changed);
    for (const one of [view, strip]) sizes.observe(one);
    film.onresize = () => fit(film.videoWidth, film.videoHeight);
    matchMedia("(prefers-color-scheme: dark)").onchange = changed;
  }

  /** Make room for what is shown, which of several files that could not be read is nothing, and draw it. */
  show(shown) {
    const { source, isEmpty, isRecorded } = shown, kind = source?.kind;
    part("invitation").hidden = !isEmpty || kind === "camera";
    view.hidden = !source || Boolean(source.isBlank);
    still.hidden = mediumOf(source) !== still;
    film.hidden = mediumOf(source) !== film;
    film.controls = kind === "video";
    strip.hidden = part("legend").hidden = view.hidden || kind === "picture";
    strip.ariaLabel = kind === "video" ? "Each person over the whole video" : "The last 30 seconds of each person";
    showButtons(source, isRecorded);
    this.draw(shown);
  }

  draw({ source, entry, seen, pointed, isMirrored }) {
    const known = source?.isGone ? null : entry; // what was seen last is not what the picture shows now
    view.classList.toggle("mirrored", isMirrored);
    drawMarks(marks, known, this.#colours, isMirrored, pointed);
    this.#faces.show(known, this.#colours, mediumOf(source), isMirrored);
    this.#faces.mark(pointed);
    if (!strip.hidden) seen.lanes.draw(strip, this.#colours);
    part("save").hidden = !entry || (source.kind !== "picture" && !seen.frames.length);
  }
}

function showButtons(source, isRecorded) {
  const [json, webm] = ["json", "webm"].map((form) => document.querySelector(`#save [value=${form}]`));
  json.textContent = source?.kind === "picture" ? "JSON" : "JSON lines";
  webm.hidden = !canRecord || !isFilm(source);
  webm.setAttribute("aria-pressed", isRecorded);
  webm.textContent = isRecorded ? "stop and save the video" : "record marked video";
  part("camera").setAttribute("aria-pressed", isOn(source));
  if (!isOn(source)) part("cameras").hidden = true;
}
