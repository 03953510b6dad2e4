// Region-of-interest search: known faces are searched only near where they were seen. How, and where the numbers come
// from: mien.detection.roi.
import { area, clip, iou, placed, square } from "./boxes.js";
import { part } from "./picture.js";
import { shrinkTo } from "./resize.js";
import { merge } from "./sliced.js";

const REGION_SCALE = 2, REGION_BORDER_PX = 64, WHOLE_PX = 640, GRID_PX = 32, SAME_IOU = 0.2;

/**
 * Those of the known faces that are found in a picture; all of its faces, where the regions are larger than the picture.
 * @param detector searches the region around a face
 * @param {number[][]} known boxes in pixels of the picture
 */
export async function findNear(detector, whole, known) {
  const small = shrinkTo(whole, WHOLE_PX), times = [whole.width / small.width, whole.height / small.height];
  const boxes = known.map((box) => box.map((edge, k) => edge / times[k % 2]));
  const regions = boxes.map((box) => clip(regionOf(box), small.width, small.height));
  if (regions.reduce((sum, region) => sum + area(region), 0) >= small.width * small.height) return detector.find(whole);
  const found = [];
  for (const [k, region] of regions.entries()) if (area(region)) found.push(...await follow(detector, small, boxes[k], region));
  return placed(merge(found), times);
}

/** The square around a box that is searched, on the grid of the detector's anchors. */
function regionOf(box) {
  const searched = square(box, REGION_SCALE), onGrid = (edge, k) => GRID_PX * (k < 2 ? Math.floor(edge / GRID_PX) : Math.ceil(edge / GRID_PX));
  return searched.map((edge, k) => onGrid(k < 2 ? edge - REGION_BORDER_PX : edge + REGION_BORDER_PX, k));
}

/** The one face near a known box, if there is one. */
async function follow(detector, small, known, [x1, y1, x2, y2]) {
  const seen = placed(await detector.find(part(small, x1, y1, x2, y2)), [1, 1], [x1, y1]);
  const [best] = seen.sort((a, b) => iou(known, b.box) - iou(known, a.box));
  return best && iou(known, best.box) > SAME_IOU ? [best] : [];
}
