// Head pose from the five landmarks of a face. Where the numbers come from: mien.core.pose.

// Right, down and back, in distances of the eyes, of a head that looks into the camera.
const HEAD_MODEL = [[-0.5, 0, 0], [0.5, 0, 0], [0, 0.5, -0.65], [-0.41, 1.03, -0.13], [0.41, 1.03, -0.13]];

const dot = (a, b) => a.reduce((sum, value, k) => sum + value * b[k], 0);
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const degrees = (angle) => angle * 180 / Math.PI;

function centred(points) {
  const mean = points[0].map((_, axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
  return points.map((point) => point.map((value, axis) => value - mean[axis]));
}

/** The pseudoinverse of the head, a row an axis: (HᵀH)⁻¹Hᵀ. */
const INVERSE = (() => {
  const head = centred(HEAD_MODEL), gram = [0, 1, 2].map((a) => [0, 1, 2].map((b) => dot(head.map((p) => p[a]), head.map((p) => p[b]))));
  const adjugate = [cross(gram[1], gram[2]), cross(gram[2], gram[0]), cross(gram[0], gram[1])];
  const det = dot(gram[0], adjugate[0]);
  return adjugate.map((row) => head.map((point) => dot(row, point) / det));
})();

/**
 * How a head is turned, in degrees; null where the landmarks are all in one place.
 * @param {[number, number][]} landmarks
 * @param {number} turned by how many degrees clockwise the picture was turned to be read
 * @returns {{yaw_deg: number, pitch_deg: number, roll_deg: number} | null}
 */
export function headPose(landmarks, turned = 0) {
  const points = centred(landmarks), size = Math.max(...points.flat().map(Math.abs));
  if (!(size > 0)) return null;
  const [right, down] = [0, 1].map((axis) => INVERSE.map((row) => dot(row, points.map((point) => point[axis] / size))));
  const [x, y] = orthonormal(right, down), back = cross(x, y);
  const roll = degrees(Math.atan2(-x[1], y[1])) + turned;
  return {
    yaw_deg: degrees(Math.atan2(back[0], back[2])),
    pitch_deg: -degrees(Math.asin(Math.min(Math.max(back[1], -1), 1))),
    roll_deg: ((roll + 180) % 360 + 360) % 360 - 180,
  };
}

/** The nearest two orthonormal vectors: both times the inverse root of their products. */
function orthonormal(a, b) {
  const [aa, ab, bb] = [dot(a, a), dot(a, b), dot(b, b)], det = Math.sqrt(Math.max(aa * bb - ab * ab, 1e-12));
  const scale = 1 / (det * Math.sqrt(aa + bb + 2 * det)), mix = (p, q) => a.map((value, k) => scale * (p * value + q * b[k]));
  return [mix(bb + det, -ab), mix(-ab, aa + det)];
}
