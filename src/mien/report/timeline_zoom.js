// All lanes show the same part of the time: a drag, the buttons, or + - 0 in a lane choose it.
const root = document.documentElement;
const LEAST_BINS = 5, STEP = 2, FAR_PX = 5;
const axes = [...document.querySelectorAll(".axis")];

function zoom(from, to) {
  const whole = data.end_s - data.start_s;
  const length = Math.min(whole, Math.max(to - from, LEAST_BINS * data.bin_s));
  view.from = Math.max(data.start_s, Math.min((from + to - length) / 2, data.end_s - length));
  view.to = view.from + length;
  root.style.setProperty("--zoom", whole / length || 1);
  root.style.setProperty("--pan", (view.from - data.start_s) / whole || 0);
  for (const axis of axes) axis.replaceChildren(...ticks().map(word));
  tip.hidden = true;
  mark(timeOf(bin));
  tell();
}

// As mien.report.lanes.ticks has it.
function ticks() {
  const length = view.to - view.from;
  const step = data.steps_s.find((one) => length / one < 6) ?? data.steps_s.at(-1);
  const first = Math.ceil(view.from / step - 1e-6), count = Math.floor(view.to / step + 1e-6) - first + 1;
  const tenths = step < 1 || length < data.tenths_s;
  const times = Array.from({ length: count }, (_, k) => (first + k) * step);
  return times.map((time) => ({ time, text: clock(time, tenths) }));
}

function word({ time, text }) {
  const share = (time - view.from) / (view.to - view.from), span = document.createElement("span");
  span.className = share < 0.03 ? "left" : share > 0.97 ? "right" : "";
  span.style.left = 100 * share + "%";
  span.textContent = text;
  return span;
}

const isWhole = () => view.to - view.from > data.end_s - data.start_s - 1e-6;

// Around the marked time where it is in view, otherwise around the middle.
function scale(by) {
  const marked = timeOf(bin), inside = pointed && marked >= view.from && marked <= view.to;
  const fixed = inside ? marked : (view.from + view.to) / 2;
  zoom(fixed - (fixed - view.from) * by, fixed + (view.to - fixed) * by);
}

function pan(by) {
  const move = by * (view.to - view.from);
  const held = Math.max(data.start_s - view.from, Math.min(move, data.end_s - view.to));
  zoom(view.from + held, view.to + held);
}

function reveal(time) {
  if (time < view.from || time > view.to) pan((time - (view.from + view.to) / 2) / (view.to - view.from));
}

let drag = null;

function begin(lane, event) {
  if (event.pointerType === "touch" || event.button !== 0) return;
  drag = { lane, x: event.clientX, picked: false };
  lane.setPointerCapture(event.pointerId);
}

function shareUnder(lane, x) {
  const box = lane.getBoundingClientRect();
  return Math.max(0, Math.min((x - box.left) / box.width, 1));
}

// Returns whether the pointer is choosing a part rather than looking at a time.
function stretch(event) {
  if (!drag) return false;
  drag.picked ||= Math.abs(event.clientX - drag.x) > FAR_PX;
  if (!drag.picked) return false;
  const [left, right] = [drag.x, event.clientX].map((x) => shareUnder(drag.lane, x)).sort((a, b) => a - b);
  const pick = drag.lane.querySelector(".pick");
  pick.hidden = false;
  pick.style.left = 100 * left + "%";
  pick.style.width = 100 * (right - left) + "%";
  drag.part = [left, right].map((share) => view.from + share * (view.to - view.from));
  tip.hidden = true;
  return true;
}

// Returns whether a part was chosen.
function release() {
  const done = drag;
  drag = null;
  if (!done?.picked) return false;
  done.lane.querySelector(".pick").hidden = true;
  zoom(...done.part);
  return true;
}

for (const [id, act] of Object.entries({
  closer: () => scale(1 / STEP), farther: () => scale(STEP), back: () => pan(-0.5), on: () => pan(0.5),
  whole: () => zoom(data.start_s, data.end_s),
})) document.getElementById(id)?.addEventListener("click", act);
