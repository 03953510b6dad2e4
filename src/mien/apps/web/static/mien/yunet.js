// Face detection with YuNet: several sizes, a recheck of doubtful faces, and turned pictures. The numbers and why they
// are what they are: mien.detection.yunet.
import { area, clip, nms, placed, square } from "./boxes.js";
import { part, picture, turn } from "./picture.js";
import { halfEven, resizeTo, shrinkTo } from "./resize.js";
import { merge } from "./sliced.js";
import { searchTurned, TURNS } from "./turns.js";
import { NMS_IOU } from "./yunet_net.js";

const MIN_SCORE = 0.7, FAINT_SCORE = 0.03, DOUBTFUL_SCORE = 0.2;
const RETRY_SIZES_PX = [224, 640], PRECHECK_FROM_PX = 400, MOST_PRECHECKS = 6;
const MOST_RECHECKS = 6, RECHECK_MARGIN = 1.1, RECHECK_PX = 176, MIN_SCORE_RECHECK = 0.5, MOST_LANDMARK_SHIFT = 0.2;
const UPRIGHT_SCORE = 0.9, TURNED_PLACES = 2, SURE_TURNED = 0.8, SURE_INSTEAD = 0.87, SURER_BY = 0.02;
const PRECHECK_CROP = [64, 1.6], TURN_CROPS = [[96, 1.1], [96, 1.3], [96, 1.6]], PRECHECK_MIN_SCORE = 0.3;
const TURN_MIN_PRECHECK = 0.4, TURN_MOST_BELOW = 0.05, TURN_MIN_SCORE = 0.75, TURN_MIN_GAIN = 0.02;

const bestOf = (faces) => Math.max(0, ...faces.map(({ score }) => score));
const atLeast = (faces, least) => faces.filter(({ score }) => score >= least);
const byScore = (faces) => [...faces].sort((a, b) => b.score - a.score);

export class YuNet {
  #net;
  #minScore;
  #minScoreRecheck;
  #maxSide;

  /**
   * @param {number} [minScore] faces scored lower are dropped, 0 to 1
   * @param {number} [max_side_px] to which larger pictures are reduced at first
   */
  constructor(net, minScore, max_side_px = 640) {
    this.#net = net;
    this.#maxSide = max_side_px;
    this.#minScore = minScore ?? MIN_SCORE;
    this.#minScoreRecheck = minScore ?? MIN_SCORE_RECHECK;
  }

  /** The faces of a picture as it lies, from left to right. */
  async find(whole) {
    return this.#upright(whole, await this.#first(whole));
  }

  /** The upright faces of a picture or, if there are none, those of the picture turned by .turn degrees. */
  async findTurned(whole) {
    const first = await this.#first(whole), faces = await this.#upright(whole, first), best = bestOf(faces);
    if (best >= UPRIGHT_SCORE) return { faces, turn: 0 };
    const places = faces.length ? [byScore(faces)[0].box] : placesOf(whole, first, TURNED_PLACES);
    const degrees = await this.#turnOf(whole, places);
    if (!degrees) return { faces, turn: 0 };
    const other = await searchTurned((turned) => this.find(turned), whole, degrees);
    const least = faces.length ? Math.max(SURE_INSTEAD, best + SURER_BY) : SURE_TURNED;
    return bestOf(other) >= least ? { faces: other, turn: degrees } : { faces, turn: 0 };
  }

  /** The faces that reach the threshold in a single search. */
  once(whole, minScore = this.#minScore) {
    return this.#net.search(whole, shrinkTo(whole, this.#maxSide), minScore);
  }

  /** The score of the best face in a part of a picture that is searched as it is, 0 to 1. */
  async faceScore(view) {
    return (await this.#net.bestScores([view]))[0];
  }

  get #doubtful() {
    return Math.min(DOUBTFUL_SCORE, this.#minScore);
  }

  #first(whole) {
    return this.#net.search(whole, shrinkTo(whole, this.#maxSide), this.#doubtful, FAINT_SCORE);
  }

  async #upright(whole, first) {
    const sure = atLeast(first, this.#minScore);
    if (sure.length || !(await this.#worthMore(whole, first))) return sure;
    const doubtful = atLeast(first, this.#doubtful), side = Math.max(whole.width, whole.height);
    for (const px of RETRY_SIZES_PX.filter((one) => one !== Math.min(side, this.#maxSide))) {
      const found = await this.#net.search(whole, resizeTo(whole, px), this.#doubtful);
      const surely = atLeast(found, this.#minScore);
      if (surely.length) return surely;
      doubtful.push(...found);
    }
    const checked = [];
    for (const face of nms(doubtful, NMS_IOU).slice(0, MOST_RECHECKS)) checked.push(...await this.#recheck(whole, face));
    return merge(checked);
  }

  /** Whether a picture without a sure face is searched further: small ones always. */
  async #worthMore(whole, first) {
    if (Math.max(whole.width, whole.height) < PRECHECK_FROM_PX) return true;
    const scores = await this.#cropScores(whole, placesOf(whole, first, MOST_PRECHECKS), PRECHECK_CROP, [0]);
    return scores.some(([score]) => score >= Math.min(PRECHECK_MIN_SCORE, this.#minScore));
  }

  /** A doubtful face as it is found in its own crop, if it is. */
  async #recheck(whole, face) {
    const [x1, y1, x2, y2] = clip(square(face.box, RECHECK_MARGIN), whole.width, whole.height).map(halfEven);
    if (x2 <= x1 || y2 <= y1) return [];
    const cut = part(whole, x1, y1, x2, y2);
    const found = placed(await this.#net.search(cut, resizeTo(cut, RECHECK_PX), this.#doubtful), [1, 1], [x1, y1]);
    const side = Math.sqrt(area(face.box));
    return found
      .filter(({ landmarks }) => distance(landmarks, face.landmarks) / side <= MOST_LANDMARK_SHIFT)
      .map((one) => ({ ...one, score: (one.score + face.score) / 2 }))
      .filter(({ score }) => score >= this.#minScoreRecheck);
  }

  /** The degrees by which a face at one of the places becomes upright, or 0. */
  async #turnOf(whole, places) {
    const scores = await this.#cropScores(whole, places, PRECHECK_CROP, TURNS);
    const rows = scores.map((row, place) => ({ place: places[place], upright: row[0], turned: Math.max(...row.slice(1)) }));
    for (const { place, upright, turned } of rows.sort((a, b) => b.turned - a.turned)) {
      if (turned < TURN_MIN_PRECHECK || turned < upright - TURN_MOST_BELOW) continue;
      const clear = await this.#clearScores(whole, place), best = clear.indexOf(Math.max(...clear));
      if (clear[best] >= TURN_MIN_SCORE && clear[best] >= clear[0] + TURN_MIN_GAIN) return TURNS[best];
    }
    return 0;
  }

  /** The mean score of a place's larger crops at each turn. */
  async #clearScores(whole, place) {
    const sums = TURNS.map(() => 0);
    for (const size of TURN_CROPS)
      (await this.#cropScores(whole, [place], size, TURNS))[0].forEach((score, k) => { sums[k] += score / TURN_CROPS.length; });
    return sums;
  }

  /** The best score in the crop of each place at each turn. */
  async #cropScores(whole, places, [px, margin], turns) {
    if (!places.length) return [];
    const shown = places.map((box) => small(whole, clip(square(box, margin), whole.width, whole.height).map(halfEven), px));
    const scores = await this.#net.bestScores(shown.flatMap((one) => turns.map((degrees) => turn(one, degrees))));
    return shown.map((_, row) => scores.slice(row * turns.length, (row + 1) * turns.length));
  }
}

const placesOf = (whole, faint, most) =>
  [[0, 0, whole.width, whole.height], ...byScore(faint).slice(0, most).map(({ box }) => box)];

const distance = (some, others) =>
  some.reduce((sum, [x, y], k) => sum + Math.hypot(x - others[k][0], y - others[k][1]), 0) / some.length;

/** A part resized into the corner of a black square. */
function small(whole, [x1, y1, x2, y2], px) {
  const canvas = picture(px, px, whole.channels);
  if (x1 >= x2 || y1 >= y2) return canvas;
  const cut = resizeTo(part(whole, x1, y1, x2, y2), px), row = cut.width * cut.channels;
  for (let y = 0; y < cut.height; y++) canvas.data.set(cut.data.subarray(y * row, (y + 1) * row), y * px * cut.channels);
  return canvas;
}
