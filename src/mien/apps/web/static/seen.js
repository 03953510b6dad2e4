// What was seen of a video or a camera, frame by frame.
import { goingOn } from "./frames.js";
import { Lanes } from "./lanes.js";
import { people } from "./marks.js";

const MOST_FRAMES = 36000; // that can be saved: twenty minutes at 30 a second

export class Seen {
  frames = [];
  lanes;
  #before = null;

  /** @param {number} [film_s] how long the film is, as far as it has an end */
  constructor(film_s) {
    this.lanes = new Lanes(Number.isFinite(film_s) ? film_s : undefined);
  }

  /** Go on with a new stream, whose frames and ids begin anew. */
  goOn() {
    this.#before = this.frames.length ? { frame: this.frames.at(-1).frame, id: largestId(this.frames) } : null;
  }

  /** Keep the entry of a frame; returns what is to be shown of it. */
  add(found, path) {
    const saved = { ...(this.#before ? goingOn(found, this.#before) : found), path };
    this.frames.push(saved);
    if (this.frames.length > MOST_FRAMES) this.frames.shift();
    const entry = people(saved);
    this.lanes.add(entry);
    return entry;
  }
}

const largestId = (entries) => entries.reduce((most, { faces }) => faces.reduce((larger, { id }) => Math.max(larger, id), most), 0);
