// An analyzer with a memory, one for each video or camera; see mien.tracking.stream.
import { lookOf } from "./appearance.js";
import { decode } from "./decode.js";
import { faceEntry, pictureEntry } from "./document.js";
import { People, SURE_SCORE } from "./people.js";
import { ShotDetector, thumbnail } from "./shots.js";
import { Hysteresis, Smoother } from "./smoothing.js";
import { MAX_GAP_S, Tracker } from "./tracker.js";

export class Stream {
  #analyzer;
  #tracker;
  #smoother;
  #hysteresis;
  #shots = new ShotDetector();
  #people;
  #count = 0;
  #every;
  #known; // boxes of the faces of the frame that was searched whole

  constructor(analyzer, { smooth_s, max_gap_s = MAX_GAP_S, detect_every = 1 } = {}) {
    this.#every = detect_every;
    this.#analyzer = analyzer;
    this.#tracker = new Tracker(max_gap_s);
    this.#smoother = new Smoother(smooth_s);
    this.#hysteresis = new Hysteresis(max_gap_s);
    this.#people = new People((view) => analyzer.faceScore(view));
  }

  /** The entry of the next frame: its faces with ids, averaged over the frames before, and which do not count as people. */
  async next(source, time_s, name = "") {
    const decoded = await decode(source), { labels } = this.#analyzer, isWhole = this.#count % this.#every === 0;
    const faces = await this.#analyzer.frame(decoded, isWhole ? undefined : this.#known);
    if (isWhole) this.#known = faces.map(({ box }) => box);
    if (this.#shots.cuts(thumbnail(decoded.pixels))) this.#tracker.cut();
    const scale = decoded.width / decoded.pixels.width;
    const seen = faces.map(({ box, score }) =>
      ({ box, look: lookOf(decoded.pixels, box.map((edge) => edge / scale)), sure: score >= SURE_SCORE }));
    const ids = this.#tracker.track(seen, time_s);
    const probs = this.#smoother.smooth(ids, faces.map((face) => face.probs), time_s);
    const columns = this.#hysteresis.shown(ids, probs, time_s);
    const entries = faces.map((face, row) => {
      const shown = { probs: probs[row], column: columns[row], raw: face.probs, id: ids[row] };
      const uncertain = this.#analyzer.uncertain(probs[row][columns[row]], face.quality);
      return faceEntry({ ...face, ...shown, uncertain }, labels, 0);
    });
    const not_people = await this.#people.add(entries, decoded, time_s);
    const entry = pictureEntry(name, decoded, entries, 0, { frame: this.#count++, time_s: Number(time_s.toFixed(6)) });
    return { ...entry, not_people };
  }
}
