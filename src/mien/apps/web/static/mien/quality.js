// Whether a face has enough pixels, looks this way, and is sharp. Where the limits come from: mien.imaging.quality.
import { longer } from "./boxes.js";
import { grey } from "./picture.js";
import { headPose } from "./pose.js";
import { resizeTo } from "./resize.js";

const SMALL_PX = 24, LEAST_SHARPNESS = 0.264, TURNED_YAW_DEG = 70, TURNED_ROLL_DEG = 30, MEASURED_PX = 48, NOISE_PX = 0.85;

/** "good", "small", "turned" or "blurred", the first of these that holds. */
export function quality({ box, landmarks }, turned, crop) {
  if (!(longer(box) >= SMALL_PX)) return "small";
  const pose = headPose(landmarks, turned);
  if (pose && (Math.abs(pose.yaw_deg) > TURNED_YAW_DEG || Math.abs(pose.roll_deg) > TURNED_ROLL_DEG)) return "turned";
  return sharpness(crop) >= LEAST_SHARPNESS ? "good" : "blurred";
}

/** The mean squared difference over one pixel, divided by that over two. */
export function sharpness(crop) {
  const smooth = blurred(resizeTo(grey(crop), MEASURED_PX)), far = change(smooth, 2);
  return far > 0 ? change(smooth, 1) / far : 0.25;
}

/** A Gaussian of 3 x 3 pixels, edges mirrored. */
function blurred({ data, width }) {
  const side = Math.exp(-1 / (2 * NOISE_PX ** 2)), whole = 1 + 2 * side;
  const near = (at) => [at === 0 ? 1 : at - 1, at === width - 1 ? width - 2 : at + 1];
  const across = Float32Array.from(data, (value, k) => {
    const row = k - k % width, [left, right] = near(k % width);
    return (value + side * (data[row + left] + data[row + right])) / whole;
  });
  return across.map((value, k) => {
    const column = k % width, [above, below] = near((k - column) / width);
    return (value + side * (across[above * width + column] + across[below * width + column])) / whole;
  });
}

function change(values, step) {
  let across = 0, down = 0;
  for (let y = 0; y < MEASURED_PX; y++) for (let x = step; x < MEASURED_PX; x++) {
    across += (values[y * MEASURED_PX + x] - values[y * MEASURED_PX + x - step]) ** 2;
    down += (values[x * MEASURED_PX + y] - values[(x - step) * MEASURED_PX + y]) ** 2;
  }
  return (across + down) / (MEASURED_PX * (MEASURED_PX - step));
}
