// Boxes and tags over a picture, in the colours and words of mien's own drawings.

export const percent = (share) => `${share < 0.995 ? Math.round(100 * share) : ">99"} %`;
export const shownAs = (face) => face.emotion + (face.uncertain ? "?" : "");

/** What a face is called: by the number of the person in a video, by its place among several in a picture. */
export const faceName = (face, k, count) => face.id > 0 ? `#${face.id}` : face.id === undefined && count > 1 ? `${k + 1}` : "";

/** An entry with those of its faces that count as people, as far as who analysed it says who does not. */
export const people = (entry) => ({ ...entry, faces: entry.faces.filter(({ id }) => !entry.not_people?.includes(id)) });

/** Make a canvas as fine as the screen is where it lies; returns its context, in CSS pixels. */
export function fitted(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas, fine = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * fine);
  canvas.height = Math.round(height * fine);
  const context = canvas.getContext("2d");
  context.scale(fine, fine);
  return context;
}

/** Draw marks over what a canvas lies on; pointed is the number of the face to point out, or -1. */
export function drawMarks(canvas, entry, colours, mirrored, pointed) {
  const context = fitted(canvas);
  if (entry) paint(context, canvas.clientWidth, canvas.clientHeight, entry, colours, mirrored, pointed);
}

/** Draw the marks of an entry over a picture of a width and height. */
export function paint(context, width, height, entry, colours, mirrored = false, pointed = -1) {
  const scale = width / entry.width, { faces } = entry;
  const boxes = faces.map(({ box: [x1, y1, x2, y2] }) => {
    const left = mirrored ? entry.width - x2 : x1;
    return { x: left * scale, y: y1 * scale, w: (x2 - x1) * scale, h: (y2 - y1) * scale };
  });
  const text = Math.max(11, Math.min(0.02 * (width + height), Math.max(18, width / 50)));
  context.font = `600 ${text}px system-ui, sans-serif`;
  const taken = [];
  faces.forEach((face, row) => {
    ring(context, boxes[row], colours[face.emotion], text / (row === pointed ? 3 : 6), face.uncertain);
    const others = [...boxes.filter((_, other) => other !== row), ...taken];
    // In full or, for want of room, in short; where neither fits, the colour of the box tells, and the card beside.
    for (const words of labelsOf(face, row, faces.length)) {
      const size = { w: context.measureText(words).width + text, h: 1.6 * text };
      const place = placeOf(boxes[row], size, { w: width, h: height }, others, text / 3);
      if (!place) continue;
      taken.push(place);
      plate(context, place, words, colours[face.emotion], text);
      break;
    }
  });
}

function labelsOf(face, k, count) {
  const name = [faceName(face, k, count), shownAs(face)].filter(Boolean).join(" ");
  return [`${name} ${percent(face.confidence)}`, name];
}

const meet = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** Above, below or, in a large one, inside a box, where it hides no other box and no tag; undefined where it always does. */
function placeOf(box, size, picture, others, gap) {
  const widest = picture.w - size.w, lowest = picture.h - size.h;
  if (widest < 0 || lowest < 0) return undefined;
  const starts = [box.x, box.x + box.w - size.w, box.x + (box.w - size.w) / 2].map((x) => Math.max(0, Math.min(x, widest)));
  const heights = [box.y - gap - size.h, box.y + box.h + gap].filter((y) => y >= 0 && y <= lowest);
  const places = heights.flatMap((y) => starts.map((x) => ({ x, y, ...size })));
  if (size.h < box.h / 5 && size.w < box.w - 4 * gap) places.push({ x: box.x + 2 * gap, y: box.y + 2 * gap, ...size });
  return places.find((place) => !others.some((other) => meet(place, other)));
}

/** A box with round corners, its line broken where the face is uncertain. */
function ring(context, { x, y, w, h }, colour, line, broken) {
  context.beginPath();
  context.setLineDash(broken ? [3 * line, 2 * line] : []);
  context.roundRect(x, y, w, h, Math.min(4 * line, w / 4, h / 4));
  context.strokeStyle = "rgb(0 0 0 / .35)";
  context.lineWidth = line + 2;
  context.stroke();
  context.strokeStyle = colour;
  context.lineWidth = line;
  context.stroke();
  context.setLineDash([]);
}

function plate(context, { x, y, w, h }, words, colour, text) {
  context.beginPath();
  context.roundRect(x, y, w, h, h / 4);
  context.fillStyle = colour;
  context.fill();
  context.fillStyle = ink(colour);
  context.textBaseline = "middle";
  context.fillText(words, x + text / 2, y + h / 2);
}

/** Black or white, whichever stands out more by the contrast of WCAG 2. */
function ink(colour) {
  const linear = colour.match(/\d+/g).map((byte) => {
    const share = byte / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  return (light + 0.05) ** 2 > 1.05 * 0.05 ? "#000" : "#fff";
}
