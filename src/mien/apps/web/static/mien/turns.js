// Turned pictures: searched after a turn, with faces in pixels of the unturned picture.
import { turn } from "./picture.js";

/** Degrees by which a picture is turned clockwise. */
export const TURNS = [0, 90, 180, 270];

/** The faces that find finds in a turned picture, in pixels of the unturned one. */
export async function searchTurned(find, whole, degrees) {
  const back = ([x, y]) =>
    degrees === 90 ? [y, whole.height - x] : degrees === 180 ? [whole.width - x, whole.height - y] : [whole.width - y, x];
  return (await find(turn(whole, degrees))).map(({ box, landmarks, score }) => {
    const [a, b] = [back(box.slice(0, 2)), back(box.slice(2))];
    const corners = [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];
    return { box: corners, landmarks: landmarks.map(back), score };
  });
}
