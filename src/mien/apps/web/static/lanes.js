// Up to three people over a whole film, or the last half minute before a camera: their probabilities as stacked areas on
// one axis of time, hatched where the face is uncertain.
import { fitted } from "./marks.js";

const SPAN_S = 30, STEP_S = 0.05, MOST_MOMENTS = 1200, TICKS = 3, LANES = 3, LANE_PX = 34, AXIS_PX = 18, NAME_PX = 30, HATCH_PX = 8, WORD = "uncertain";
// Where somebody was out of the picture for longer than the first, or no picture came for the second, an area ends.
const AWAY_S = 0.5, STILL_S = 2;

export class Lanes {
  #moments = [];
  #film_s;
  #step_s;

  /** @param film_s how long the film is; without it, the last half minute is shown */
  constructor(film_s) {
    this.#film_s = film_s;
    this.#step_s = Math.max(STEP_S, (film_s ?? 0) / MOST_MOMENTS);
  }

  add(entry) {
    const last = this.#moments.at(-1);
    if (last && entry.time_s - last.time_s < this.#step_s) return;
    this.#moments.push({ time_s: entry.time_s, faces: new Map(entry.faces.map((face) => [face.id, face])) });
    if (this.#film_s) return;
    // One that lies just before the span stays, so that areas begin at its edge.
    while (this.#moments.length > 1 && this.#moments[1].time_s < entry.time_s - SPAN_S) this.#moments.shift();
  }

  draw(canvas, colours) {
    const people = this.#people();
    canvas.style.height = `${Math.max(1, people.length) * LANE_PX + AXIS_PX}px`;
    const context = fitted(canvas), width = canvas.clientWidth, style = getComputedStyle(canvas);
    const now = this.#moments.at(-1)?.time_s ?? 0;
    const [span_s, end_s] = this.#film_s ? [this.#film_s, this.#film_s] : [SPAN_S, now];
    const at = (time_s) => width - (end_s - time_s) / span_s * (width - NAME_PX);
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "middle";
    for (let lane = 0; lane < Math.max(1, people.length); lane++) {
      const top = lane * LANE_PX, height = LANE_PX - 4;
      context.fillStyle = style.getPropertyValue("--tint");
      context.fillRect(NAME_PX, top, width - NAME_PX, height);
      if (!people.length) continue;
      context.fillStyle = style.getPropertyValue("--soft");
      context.textAlign = "left";
      context.fillText(`#${people[lane]}`, 0, top + height / 2);
      context.save();
      context.beginPath();
      context.rect(NAME_PX, top, width - NAME_PX, height);
      context.clip();
      for (const stretch of this.#stretches(people[lane])) {
        areas(context, stretch, colours, at, top, height);
        for (const band of bands(stretch)) hatch(context, at(band.from_s), at(band.to_s), top, height, style);
      }
      context.restore();
    }
    context.fillStyle = style.getPropertyValue("--soft");
    for (let tick = 0; tick <= TICKS; tick++) {
      const time_s = end_s - span_s * (1 - tick / TICKS);
      context.textAlign = tick === 0 ? "left" : tick === TICKS ? "right" : "center";
      context.fillText(this.#film_s ? clock(time_s, this.#film_s) : ago(now - time_s), at(time_s), canvas.clientHeight - AXIS_PX / 2);
    }
  }

  #people() {
    const seen = new Map();
    for (const { faces } of this.#moments) for (const id of faces.keys()) seen.set(id, (seen.get(id) ?? 0) + 1);
    return [...seen].filter(([id]) => id > 0).sort((a, b) => b[1] - a[1]).slice(0, LANES).map(([id]) => id).sort((a, b) => a - b);
  }

  #stretches(id) {
    const found = [];
    const still_s = Math.max(STILL_S, 2 * this.#step_s);
    let longest = still_s;
    for (const { time_s, faces } of this.#moments) {
      if (!faces.has(id)) {
        longest = AWAY_S;
        continue;
      }
      if (!found.length || time_s - found.at(-1).at(-1).time_s > longest) found.push([]);
      found.at(-1).push({ time_s, shares: faces.get(id).probabilities, uncertain: faces.get(id).uncertain });
      longest = still_s;
    }
    return found;
  }
}

const ago = (seconds) => seconds < 0.5 ? "now" : `${Math.round(seconds)} s${Math.round(seconds) === SPAN_S ? " ago" : ""}`;

const clock = (seconds, film_s) => film_s < 60 ? `${Math.round(10 * seconds) / 10} s`
  : `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function areas(context, stretch, colours, at, top, height) {
  const below = stretch.map(() => 0);
  for (const label of Object.keys(stretch[0].shares)) {
    context.beginPath();
    stretch.forEach((moment, k) => context.lineTo(at(moment.time_s), top + height * (1 - below[k])));
    stretch.forEach((moment, k) => { below[k] += moment.shares[label]; });
    for (let k = stretch.length - 1; k >= 0; k--) context.lineTo(at(stretch[k].time_s), top + height * (1 - below[k]));
    context.fillStyle = colours[label];
    context.fill();
  }
}

/** From when to when the face is uncertain; a moment stands for the time up to it. */
function bands(stretch) {
  const found = [];
  stretch.forEach(({ time_s, uncertain }, k) => {
    if (!uncertain) return;
    const from_s = k ? stretch[k - 1].time_s : time_s - STEP_S;
    if (found.length && found.at(-1).to_s === from_s) found.at(-1).to_s = time_s;
    else found.push({ from_s, to_s: time_s });
  });
  return found;
}

function hatch(context, left, right, top, height, style) {
  context.save();
  context.beginPath();
  context.rect(left, top, right - left, height);
  context.clip();
  context.globalAlpha = 0.6;
  context.fillStyle = style.getPropertyValue("--paper");
  context.fillRect(left, top, right - left, height);
  context.globalAlpha = 1;
  context.strokeStyle = style.getPropertyValue("--soft");
  context.lineWidth = 1.5;
  context.beginPath();
  // Lines that hang together from one band to the next.
  for (let x = Math.floor((left - height) / HATCH_PX) * HATCH_PX; x < right; x += HATCH_PX) {
    context.moveTo(x, top + height);
    context.lineTo(x + height, top);
  }
  context.stroke();
  const width = context.measureText(WORD).width + 8, x = (left + right - width) / 2;
  if (2 * width < right - left) {
    context.fillStyle = style.getPropertyValue("--paper");
    context.fillRect(x, top + height / 2 - 8, width, 16);
    context.fillStyle = style.getPropertyValue("--ink");
    context.textAlign = "left";
    context.fillText(WORD, x + 4, top + height / 2);
  }
  context.restore();
}
