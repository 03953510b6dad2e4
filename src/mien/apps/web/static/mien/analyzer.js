// Pictures in, the emotions of their faces out; see mien.inference.analyzer.
import { area, longer, placed } from "./boxes.js";
import { uncertainAt } from "./card.js";
import { cropFace } from "./crop.js";
import { decode } from "./decode.js";
import { faceEntry, pictureEntry } from "./document.js";
import { shownAt } from "./priors.js";
import { quality } from "./quality.js";
import { findNear } from "./roi.js";
import { largest } from "./smoothing.js";
import { Stream } from "./stream.js";

const BATCH_SIZE = 256; // faces in one run of the net
const SCHEMA = 2;

export class Analyzer {
  #ort;
  #session;
  #detector;
  #options;

  /**
   * @param ort ONNX Runtime
   * @param detector finds faces
   * @param net {session, card, sha256} names what they show
   * @param {import("./types.d.ts").Settings} options
   */
  constructor(ort, detector, { session, card, sha256 }, options = {}) {
    [this.#ort, this.#session, this.#detector, this.#options] = [ort, session, detector, options];
    this.card = card;
    this.prior = priorOf(options.prior ?? card.prior);
    this.labels = options.view !== "eight" && card.labels.length === 8 ? card.labels.slice(0, 7) : card.labels;
    this.model = { name: card.name, version: card.version, sha256, prior: this.prior };
  }

  /** The same nets with other settings. */
  tuned(options) {
    const net = { session: this.#session, card: this.card, sha256: this.model.sha256 };
    return new Analyzer(this.#ort, this.#detector, net, { ...this.#options, ...options });
  }

  /** The faces of a picture, or of a video's frame by itself, from left to right. */
  async analyze(source) {
    return (await this.document(source)).faces;
  }

  /** The document of a picture: an entry of docs/SCHEMA.md with schema and model. */
  async document(source, name = "picture") {
    const decoded = await decode(source);
    const { faces, turn } = await this.#detector.findTurned(decoded.pixels);
    const judged = await this.#judge(decoded, faces, turn);
    const entries = judged.map((face) => faceEntry(face, this.labels, turn));
    return { ...pictureEntry(name, decoded, entries, turn), schema: SCHEMA, model: this.model };
  }

  /**
   * The faces of a decoded frame as it lies, before they are averaged and written out.
   * @param {number[][]} [known] boxes near which they are searched, in pixels of the picture; elsewhere only if one is gone
   */
  async frame(decoded, known) {
    const { pixels, width } = decoded, scale = Math.round(width / pixels.width);
    const near = known && await findNear(this.#detector, pixels, known.map((box) => box.map((edge) => edge / scale)));
    return this.#judge(decoded, near && near.length >= known.length ? near : await this.#detector.find(pixels), 0);
  }

  /** One video or camera: ids, smoothing, and cuts between scenes. */
  stream(options) {
    return new Stream(this, options);
  }

  /** How surely a part of a picture shows a face, 0 to 1. */
  faceScore(view) {
    return this.#detector.faceScore(view);
  }

  uncertain(confidence, kind) {
    return confidence < uncertainAt(this.card, this.prior) || kind !== "good";
  }

  async #judge({ pixels, width, height }, faces, turn) {
    const kept = this.#kept(faces), crops = kept.map((face) => cropFace(pixels, face, turn, this.card.crop));
    const probs = await this.#probabilities(crops), scale = Math.round(Math.max(width, height) / Math.max(pixels.width, pixels.height));
    return placed(kept, [scale, scale]).map((face, row) => {
      const kind = quality(kept[row], turn, crops[row]), column = largest(probs[row]);
      return { ...face, quality: kind, probs: probs[row], column, uncertain: this.uncertain(probs[row][column], kind) };
    });
  }

  #kept(faces) {
    const large = faces.filter(({ box }) => longer(box) >= (this.#options.min_face_px ?? 0));
    if (!this.#options.largest || !large.length) return large;
    return [large.reduce((one, other) => area(other.box) > area(one.box) ? other : one)];
  }

  async #probabilities(crops) {
    const { size_px: size, channels } = this.card.crop, made = [];
    for (let start = 0; start < crops.length; start += BATCH_SIZE) {
      const some = crops.slice(start, start + BATCH_SIZE), data = new Uint8Array(some.length * size * size * channels);
      some.forEach((crop, row) => data.set(packed(crop, channels), row * size * size * channels));
      const input = new this.#ort.Tensor("uint8", data, [some.length, size, size, channels]);
      const { probabilities } = await this.#session.run({ faces: input }), k = this.card.labels.length;
      some.forEach((_, row) => made.push(probabilities.data.slice(row * k, (row + 1) * k)));
    }
    return made.map((probs) => shownAt(probs, this.card.class_shares, this.labels.length, this.prior));
  }
}

/** The bytes of a crop as the net takes them: RGBA without its last channel, or grey. */
const packed = ({ data }, channels) => channels === 1 ? data : data.filter((_, k) => k % 4 !== 3);

function priorOf(prior) {
  const number = { ferplus: 0, balanced: 1 }[prior] ?? Number(prior);
  if (!(number >= 0 && number <= 1)) throw new Error(`unknown prior '${prior}'; expected ferplus, balanced or a number from 0 to 1`);
  return number;
}
