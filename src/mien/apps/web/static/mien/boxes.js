// Rectangles: how far two overlap, and which of many stand for one face.

/** @typedef {[number, number, number, number]} Box x1, y1, x2, y2 in pixels */

export const area = ([x1, y1, x2, y2]) => Math.max(0, x2 - x1) * Math.max(0, y2 - y1);

export const longer = ([x1, y1, x2, y2]) => Math.max(Math.abs(x2 - x1), Math.abs(y2 - y1));

const shared = (a, b) =>
  area([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);

const ratio = (part, whole) => whole > 0 ? Math.min(part / whole, 1) : 0;

/** Intersection over union, 0 to 1. */
export function iou(a, b) {
  const both = shared(a, b);
  return ratio(both, area(a) + area(b) - both);
}

/** How much of the smaller box lies in the other, 0 to 1. */
export const inside = (a, b) => ratio(shared(a, b), Math.min(area(a), area(b)));

/** The part of a box that lies in a picture. */
export const clip = (box, width, height) =>
  box.map((edge, k) => Math.min(Math.max(edge, 0), k % 2 ? height : width));

/** The square on the centre of a box; its side is the box's longer side times margin. */
export function square(box, margin = 1) {
  const [x, y] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2], half = longer(box) * margin / 2;
  return [x - half, y - half, x + half, y + half];
}

/** Faces by the centres of their boxes from left to right, equals from the top. */
export const leftToRight = (faces) =>
  [...faces].sort(({ box: a }, { box: b }) => a[0] + a[2] - b[0] - b[2] || a[1] + a[3] - b[1] - b[3]);

/** Faces, best score first, of which each overlaps no better one by more than most. */
export function nms(faces, most, overlap = iou) {
  const kept = [];
  for (const face of [...faces].sort((a, b) => b.score - a.score))
    if (kept.every((better) => overlap(better.box, face.box) <= most)) kept.push(face);
  return kept;
}

/** Faces in a picture that is by times as wide and high, then moved. */
export function placed(faces, [byX, byY], [x, y] = [0, 0]) {
  const at = ([px, py]) => [px * byX + x, py * byY + y];
  return faces.map(({ box, landmarks, score }) =>
    ({ box: [...at(box.slice(0, 2)), ...at(box.slice(2))], landmarks: landmarks.map(at), score }));
}
