// Who in a stream counts as a person. How, and where the numbers come from: mien.tracking.person_rule; for how long a
// frame counts: mien.tracking.durations.
import { longer, square } from "./boxes.js";
import { cropSquare, FARTHEST_PX } from "./crop.js";
import { resizeTo } from "./resize.js";

export const SURE_SCORE = 0.82;
const SURE_SHARE = 0.1, SURE_S = 1, CLOSE_UP_SCORE = 0.85, CLOSE_UP_PX = 96, BETTER_VIEW = 1.1;
const THUMBNAIL_MARGIN = 1.5, SMALLEST_PX = 8, LONGEST_S = 1, USUAL = 15, MOST_IDS = 300;

export class People {
  #scoreOf;
  #time_s = null;
  #intervals = [];
  #records = new Map(); // by id, those seen longest ago first
  #present = [];

  /** @param {(view: import("./picture.js").Picture) => Promise<number>} scoreOf the detector's, of a face searched alone */
  constructor(scoreOf) {
    this.#scoreOf = scoreOf;
  }

  /**
   * Take the faces of the next frame.
   * @param {import("./types.d.ts").Face[]} faces with ids
   * @param {import("./decode.js").Decoded} decoded the frame
   * @returns {Promise<number[]>} those of their ids that do not count as people so far
   */
  async add(faces, { pixels, width }, time_s) {
    this.#count(time_s);
    this.#present = [];
    const scale = Math.round(width / pixels.width);
    for (const face of faces) if (face.id > 0) this.#present.push(await this.#meet(face, pixels, scale));
    for (const id of this.#records.keys()) if (this.#records.size > MOST_IDS) this.#records.delete(id);
    return faces.map(({ id }) => id).filter((id) => !this.#records.has(id) || !counts(this.#records.get(id)));
  }

  /** Add the time since the frame before to what its faces were seen; a hole in the film adds little. */
  #count(time_s) {
    const passed_s = this.#time_s === null ? 0 : Math.max(0, time_s - this.#time_s);
    if (passed_s) this.#intervals = [...this.#intervals, passed_s].slice(-USUAL);
    this.#time_s = Math.max(this.#time_s ?? time_s, time_s);
    const seen_s = Math.min(passed_s, Math.max(LONGEST_S, 2 * median(this.#intervals)));
    for (const one of this.#present) one.seen_s += seen_s, one.sure_s += one.isSure ? seen_s : 0;
  }

  async #meet(face, pixels, scale) {
    const one = this.#records.get(face.id) ?? { seen_s: 0, sure_s: 0, everSure: false, closeUp: 0, isGood: false, merit: 0 };
    this.#records.delete(face.id);
    this.#records.set(face.id, one);
    one.isSure = face.score >= SURE_SCORE;
    one.everSure ||= one.isSure;
    await this.#lookClosely(one, face, pixels, scale);
    return one;
  }

  /** Search a doubted face alone, where this view of it is better than those before. */
  async #lookClosely(one, face, pixels, scale) {
    const isGood = face.quality === "good", merit = face.score * longer(face.box);
    if (isGood === one.isGood ? merit <= BETTER_VIEW * one.merit : !isGood) return;
    const view = viewOf(pixels, face.box.map((edge) => edge / scale));
    if (!view) return;
    Object.assign(one, { isGood, merit });
    if (!one.isSure && one.closeUp < CLOSE_UP_SCORE) one.closeUp = await this.#scoreOf(view);
  }
}

const counts = ({ seen_s, sure_s, everSure, closeUp }) =>
  (everSure && sure_s >= Math.min(SURE_S, SURE_SHARE * seen_s)) || closeUp >= CLOSE_UP_SCORE;

function median(values) {
  const sorted = [...values].sort((a, b) => a - b), half = sorted.length / 2;
  return sorted.length ? (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2 : 0;
}

/** A square around a face, moved into the picture where it would leave it; null where there is too little. */
function viewOf(pixels, box) {
  if (!box.every((edge) => Math.abs(edge) <= FARTHEST_PX)) return null;
  const [x1, y1, x2] = square(box, THUMBNAIL_MARGIN), side = Math.min(x2 - x1, pixels.width, pixels.height);
  if (side < SMALLEST_PX) return null;
  const inside = (at, most) => Math.min(Math.max(at, 0), most);
  const left = inside((x1 + x2 - side) / 2, pixels.width - side), top = inside(y1 + (x2 - x1 - side) / 2, pixels.height - side);
  const view = cropSquare(pixels, [left, top, left + side, top + side], 0, { size_px: Math.min(CLOSE_UP_PX, Math.floor(side)), channels: 3 });
  return resizeTo(view, CLOSE_UP_PX);
}
