// Ids that survive a frame: which face is which of those before. How, and where the numbers come from:
// mien.tracking.tracker.
import { alike } from "./appearance.js";
import { assign } from "./assignment.js";
import { area, iou } from "./boxes.js";
import { Clock } from "./clock.js";
import { FARTHEST_PX } from "./crop.js";

export const MAX_GAP_S = 1;
const VELOCITY_S = 0.15, DAMPING_S = 0.4, BUFFER = 0.2, BUFFER_PER_S = 4, MOST_BUFFER = 1.2;
const LEAST_OVERLAP = 0.2, ABSENCE_COST = 0.1;

export class Tracker {
  #max_gap_s;
  #clock = new Clock();
  #next = 1;
  #known = [];

  constructor(max_gap_s = MAX_GAP_S) {
    this.#max_gap_s = max_gap_s;
  }

  /** Forget all faces: a new scene begins, and new ids with it. */
  cut() {
    this.#known = [];
  }

  /**
   * The ids of the faces of the next frame, from 1; -1 for a box that cannot be followed.
   * @param {{box: number[], look?: Float32Array, sure?: boolean}[]} faces
   * @param {number} time_s of the frame
   */
  track(faces, time_s) {
    const passed_s = this.#clock.since(time_s);
    for (const one of this.#known) one.unseen_s += passed_s;
    this.#known = this.#known.filter((one) => one.inView || one.unseen_s <= this.#max_gap_s);
    const ids = faces.map(() => -1);
    const found = faces.map((face, row) => ({ ...face, row })).filter(({ box }) => sound(box)).map((face) => ({ ...face, state: stateOf(face.box) }));
    const pairs = this.#match(found);
    for (const one of this.#known) one.inView = false;
    for (const [one, face] of pairs) see(one, face), ids[face.row] = one.id;
    const met = new Set(pairs.map(([, face]) => face));
    for (const face of found) if (!met.has(face)) ids[face.row] = this.#meet(face);
    return ids;
  }

  /** Known faces and, beside them, the found ones that are the same. */
  #match(found) {
    const merit = this.#known.map((one) => {
      const buffer = Math.min(BUFFER + BUFFER_PER_S * one.unseen_s, MOST_BUFFER), expected = grown(expectedOf(one), buffer);
      const absent = Math.min(one.unseen_s / Math.max(this.#max_gap_s, 1e-9), 1);
      return found.map((face) => {
        const overlap = alike(one.look, face.look) || alike(one.sureLook, face.look) ? iou(expected, grown(face.state, buffer)) : 0;
        // One added to each: two pairs that fit are better than one that fits well.
        return overlap >= LEAST_OVERLAP ? 1 + overlap - ABSENCE_COST * absent : 0;
      });
    });
    return assign(merit).filter(([k, row]) => merit[k][row] > 0).map(([k, row]) => [this.#known[k], found[row]]);
  }

  #meet({ state, look }) {
    const id = this.#next++;
    this.#known.push({ id, state, velocity: [0, 0, 0, 0], unseen_s: 0, inView: true, look, sureLook: look });
    return id;
  }
}

const sound = (box) => box.every((edge) => Math.abs(edge) <= FARTHEST_PX) && area(box) > 0;

/** Centre, and logarithms of width and height. */
const stateOf = ([x1, y1, x2, y2]) => [(x1 + x2) / 2, (y1 + y2) / 2, Math.log(x2 - x1), Math.log(y2 - y1)];

/** Where a known face's velocity carries it. */
function expectedOf({ state, velocity, unseen_s }) {
  const reach_s = DAMPING_S * (1 - Math.exp(-unseen_s / DAMPING_S));
  return state.map((value, k) => k < 2 ? value + velocity[k] * reach_s : Math.min(value + velocity[k] * reach_s, Math.log(FARTHEST_PX)));
}

/** The box of a state, grown on every side by so much of its width and height. */
function grown([x, y, w, h], buffer) {
  const [halfW, halfH] = [Math.exp(w) * (0.5 + buffer), Math.exp(h) * (0.5 + buffer)];
  return [x - halfW, y - halfH, x + halfW, y + halfH];
}

/** Take place and look of a known face from this frame. */
function see(one, { state, look, sure = true }) {
  const gain = -Math.expm1(-one.unseen_s / VELOCITY_S), rate = one.unseen_s > 0 ? gain / one.unseen_s : 0;
  const slowed = (1 - gain) * Math.exp(-one.unseen_s / DAMPING_S);
  one.velocity = one.velocity.map((value, k) => slowed * value + rate * (state[k] - one.state[k]));
  Object.assign(one, { state, unseen_s: 0, inView: true, look });
  if (sure) one.sureLook = look;
}
