// Averaging over time, so that a label does not flicker; see mien.tracking.smoothing.
import { Clock } from "./clock.js";

export const SMOOTH_S = 0.3;
const LEAST_PROBABILITY = 1e-4, HYSTERESIS_MARGIN = 0.1, FORGOTTEN_AFTER = 10;

export const largest = (values) => values.indexOf(Math.max(...values));

/** Exponential average of each face's log probabilities, with a time constant in seconds; 0 changes nothing. */
export class Smoother {
  #smooth_s;
  #clock = new Clock();
  #now_s = 0;
  #faces = new Map();

  constructor(smooth_s = SMOOTH_S) {
    this.#smooth_s = smooth_s;
  }

  /**
   * @param {number[]} ids no two alike; of -1, untracked, the probabilities come back as they are
   * @param {number[][]} probs a row an id
   * @returns {number[][]} rows sum to 1
   */
  smooth(ids, probs, time_s) {
    this.#now_s += this.#clock.since(time_s);
    if (!this.#smooth_s) return probs;
    const smooth = probs.map((row, k) => ids[k] === -1 ? row : this.#average(ids[k], row));
    for (const [id, { seen_s }] of this.#faces) if (seen_s < this.#now_s - FORGOTTEN_AFTER * this.#smooth_s) this.#faces.delete(id);
    return smooth;
  }

  #average(id, probs) {
    const known = this.#faces.get(id), gain = known ? 1 - Math.exp((known.seen_s - this.#now_s) / this.#smooth_s) : 1;
    const now = probs.map((value) => Math.log(Math.max(value, LEAST_PROBABILITY)));
    const logs = known ? now.map((value, k) => known.logs[k] + gain * (value - known.logs[k])) : now;
    this.#faces.set(id, { seen_s: this.#now_s, logs });
    const most = Math.max(...logs), odds = logs.map((value) => Math.exp(value - most)), sum = odds.reduce((a, b) => a + b);
    return odds.map((value) => value / sum);
  }
}

/** Which emotion to show for each face: it changes only when another leads by a margin (Schmitt's trigger). */
export class Hysteresis {
  #max_gap_s;
  #clock = new Clock();
  #now_s = 0;
  #faces = new Map();

  constructor(max_gap_s) {
    this.#max_gap_s = max_gap_s;
  }

  /** @returns {number[]} the columns of probs to show */
  shown(ids, probs, time_s) {
    this.#now_s += this.#clock.since(time_s);
    const columns = probs.map((row, k) => this.#column(ids[k], row));
    for (const [id, { seen_s }] of this.#faces) if (seen_s < this.#now_s - this.#max_gap_s) this.#faces.delete(id);
    return columns;
  }

  #column(id, probs) {
    const known = this.#faces.get(id);
    let column = largest(probs);
    if (known && probs[column] - probs[known.column] <= HYSTERESIS_MARGIN) column = known.column;
    if (id !== -1) this.#faces.set(id, { seen_s: this.#now_s, column });
    return column;
  }
}
