// YuNet's net: how its input is made, and its output decoded.
import { leftToRight, nms, placed } from "./boxes.js";

/** @typedef {{box: import("./boxes.js").Box, landmarks: [number, number][], score: number}} Found */

const STRIDES = [8, 16, 32]; // pixels between neighbouring anchors on the three levels
const FAINT_ANCHORS = 60; // so many are kept where faint faces are wanted
export const NMS_IOU = 0.3; // above which two of its boxes are one face

/** W. Wu, H. Peng and S. Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023. */
export class Net {
  #ort;
  #session;

  constructor(ort, session) {
    [this.#ort, this.#session] = [ort, session];
  }

  /**
   * The faces of a picture that are found in a resized copy of it.
   * @param {number} minScore all faces with this score or more are returned
   * @param {number} [faint] and a few more, the best with this score or more
   * @returns {Promise<Found[]>} from left to right, in pixels of the picture
   */
  async search(whole, small, minScore, faint = minScore) {
    const [raw] = await this.#raw([small]);
    let found = decode(raw, Math.min(faint, minScore));
    if (faint < minScore) found = likeliest(found, minScore);
    return placed(leftToRight(nms(found, NMS_IOU)), [whole.width / small.width, whole.height / small.height]);
  }

  /** The score of the best face of each of several pictures of one size, 0 to 1. */
  async bestScores(pictures) {
    return (await this.#raw(pictures)).map((levels) => Math.max(...levels.map(({ cls, obj }) => best(cls, obj))));
  }

  async #raw(pictures) {
    const { data, dims } = toBatch(pictures), input = new this.#ort.Tensor("float32", data, dims);
    const out = await this.#session.run({ input });
    return pictures.map((_, row) => STRIDES.map((stride) => level(out, row, stride, dims[3] / stride)));
  }
}

function level(out, row, stride, columns) {
  const of = (head) => {
    const { data, dims } = out[`${head}_${stride}`], size = dims[1] * dims[2];
    return data.subarray(row * size, (row + 1) * size);
  };
  return { stride, columns, cls: of("cls"), obj: of("obj"), bbox: of("bbox"), kps: of("kps") };
}

/** Pictures of one size as (N, 3, H, W) BGR, 0 to 255, black added right and below. */
export function toBatch(pictures) {
  const [{ width, height }] = pictures, last = STRIDES.at(-1);
  const [wide, high] = [width, height].map((side) => Math.ceil(side / last) * last), plane = wide * high;
  const data = new Float32Array(pictures.length * 3 * plane);
  pictures.forEach(({ data: pixels, channels }, row) => {
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
      const from = (y * width + x) * channels, to = 3 * row * plane + y * wide + x;
      for (let c = 0; c < 3; c++) data[to + c * plane] = pixels[from + 2 - c];
    }
  });
  return { data, dims: [pictures.length, 3, high, wide] };
}

const share = (value) => Math.min(Math.max(value, 0), 1);
const scoreOf = (cls, obj) => Math.sqrt(share(cls) * share(obj));
const best = (cls, obj) => cls.reduce((most, value, k) => Math.max(most, scoreOf(value, obj[k])), 0);

/** The anchors of the net's levels that score minScore or more, as faces. */
export function decode(levels, minScore) {
  return levels.flatMap((one) => {
    const found = [];
    for (let k = 0; k < one.cls.length; k++) {
      const score = scoreOf(one.cls[k], one.obj[k]);
      if (score >= minScore) found.push({ ...faceAt(one, k), score });
    }
    return found;
  });
}

function faceAt({ stride, columns, bbox, kps }, anchor) {
  const column = anchor % columns, row = Math.floor(anchor / columns);
  const [x, y, w, h] = bbox.subarray(4 * anchor, 4 * anchor + 4);
  const centre = [column + x, row + y], half = [Math.exp(w) / 2, Math.exp(h) / 2];
  const box = [0, 1].map((axis) => centre[axis] - half[axis]).concat([0, 1].map((axis) => centre[axis] + half[axis]));
  const points = kps.subarray(10 * anchor, 10 * anchor + 10);
  const landmarks = [0, 2, 4, 6, 8].map((k) => [(column + points[k]) * stride, (row + points[k + 1]) * stride]);
  return { box: box.map((edge) => edge * stride), landmarks };
}

/** The best few of the faint faces: noise has thousands, each of which would be compared with all others. */
function likeliest(found, minScore) {
  const scores = found.map(({ score }) => score).sort((a, b) => b - a);
  const least = Math.min(scores[Math.min(scores.length, FAINT_ANCHORS) - 1] ?? minScore, minScore);
  return found.filter(({ score }) => score >= least);
}
