// Closer looks: a picture is searched in enlarged tiles too, for faces that are too small for the detector. The numbers
// and why they are what they are: mien.detection.sliced.
import { inside, leftToRight, nms, placed } from "./boxes.js";
import { part } from "./picture.js";
import { enlarged, halfEven, shrunk } from "./resize.js";
import { searchTurned } from "./turns.js";

const TILE_PX = 640, OVERLAP_PX = 160, FINEST_PX = 2560, MOST_ENLARGED = 3, CUT_PX = 4;
const SAME_IOU = 0.3, SAME_INSIDE = 0.7, MIN_SCORE_TILE = 0.75;

export class SlicedDetector {
  #whole;
  #minScore;

  /** @param {import("./yunet.js").YuNet} whole searches the picture and its tiles */
  constructor(whole, minScore = MIN_SCORE_TILE) {
    [this.#whole, this.#minScore] = [whole, minScore];
  }

  async find(whole) {
    return this.#search(whole, await this.#whole.find(whole));
  }

  async findTurned(whole) {
    const { faces, turn } = await this.#whole.findTurned(whole);
    if (turn) return { faces: await searchTurned((turned) => this.find(turned), whole, turn), turn };
    return { faces: await this.#search(whole, faces), turn };
  }

  faceScore(view) {
    return this.#whole.faceScore(view);
  }

  async #search(whole, faces) {
    const found = [...faces];
    for (const scale of scales(whole.width, whole.height))
      for (const tile of tiles(whole.width, whole.height, scale)) found.push(...await this.#inTile(whole, tile, scale));
    return merge(found);
  }

  /** The faces that are whole in a tile of the picture, in pixels of the picture. */
  async #inTile(whole, [x1, y1, x2, y2], scale) {
    const size = [x2 - x1, y2 - y1].map((side) => Math.max(1, halfEven(side * scale)));
    const cut = (scale > 1 ? enlarged : shrunk)(part(whole, x1, y1, x2, y2), ...size);
    const found = placed(await this.#whole.once(cut, this.#minScore), [(x2 - x1) / size[0], (y2 - y1) / size[1]], [x1, y1]);
    const open = [x1 > 0, y1 > 0, whole.width > x2, whole.height > y2];
    const gaps = ({ box }) => [box[0] - x1, box[1] - y1, x2 - box[2], y2 - box[3]];
    return found.filter((face) => gaps(face).every((gap, side) => !open[side] || gap * scale >= CUT_PX));
  }
}

/** The scales at which a picture is searched in tiles, the largest first. */
export function scales(width, height) {
  const longer = Math.max(width, height), whole = Math.min(1, TILE_PX / longer);
  const finest = Math.min(MOST_ENLARGED, Math.max(1, FINEST_PX / longer));
  return Array.from({ length: Math.ceil(Math.log2(finest / whole) - 1e-9) }, (_, step) => finest / 2 ** step);
}

/** The tiles that cover a picture, x1, y1, x2, y2 in its pixels, row by row. */
export const tiles = (width, height, scale) =>
  spans(height, scale).flatMap(([y1, y2]) => spans(width, scale).map(([x1, x2]) => [x1, y1, x2, y2]));

function spans(length, scale) {
  const tile = Math.min(length, Math.floor(TILE_PX / scale)), overlap = Math.ceil(OVERLAP_PX / scale);
  const steps = Math.ceil((length - tile) / Math.max(1, tile - overlap));
  return Array.from({ length: steps + 1 }, (_, k) => steps ? halfEven(k * (length - tile) / steps) : 0)
    .map((start) => [start, start + tile]);
}

/** The faces of several searches of one picture, each once with its best score, from left to right. */
export const merge = (faces) => leftToRight(nms(nms(faces, SAME_IOU), SAME_INSIDE, inside));
