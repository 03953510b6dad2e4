"use strict";
// Hover, tap or arrow keys show a time in every lane; a click or Enter plays it where the film lies beside the page.
const data = JSON.parse(document.getElementById("data").textContent);
const sections = [...document.querySelectorAll(".person")];
const lanes = sections.map((section) => section.querySelector(".lane"));
const view = { from: data.start_s, to: data.end_s };
const film = document.querySelector("video");
const tip = document.getElementById("tip");
const last = Math.ceil((data.end_s - data.start_s) / data.bin_s - 1e-6) - 1;
let bin = 0, pointed = false, zoomed = false;

// As mien.report.lanes.clock has it, of times from 0 on.
function clock(time, fine = true) {
  const tenths = fine ? Math.round(time * 10) : 10 * Math.round(time), seconds = Math.floor(tenths / 10);
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60);
  return (hours ? hours + ":" + two(minutes % 60) : minutes) + ":" + two(seconds % 60) + (fine ? "." + tenths % 10 : "");
}

const person = (lane) => data.people[lanes.indexOf(lane)];
const timeOf = (bin) => Math.min(data.start_s + (bin + 0.5) * data.bin_s, data.end_s);

const doubtOf = (lane, bin) => data.doubts[person(lane).doubt[person(lane).bins.indexOf(bin)]];

function probabilitiesAt(lane, bin) {
  const row = person(lane).bins.indexOf(bin);
  if (row < 0) return [];
  const found = person(lane).thousandths[row];
  return data.labels.map((label, k) => ({ label, colour: data.colours[k], percent: Math.round(found[k] / 10) }))
    .filter((one) => one.percent > 0)
    .sort((a, b) => b.percent - a.percent);
}

function mark(time) {
  const share = (time - view.from) / (view.to - view.from);
  for (const lane of lanes) {
    const cursor = lane.querySelector(".cursor");
    cursor.hidden = !(pointed && share >= 0 && share <= 1);
    cursor.style.left = 100 * share + "%";
  }
}

function line(text, figure, colour) {
  const row = document.createElement("div"), name = document.createElement("span"), swatch = document.createElement("i");
  if (colour === "unsure") swatch.className = colour, name.append(swatch);
  else if (colour) swatch.style.setProperty("--c", colour), name.append(swatch);
  name.append(text);
  row.append(name, figure);
  return row;
}

function show(lane, to) {
  bin = Math.max(0, Math.min(to, last));
  const time = timeOf(bin), found = probabilitiesAt(lane, bin), doubt = doubtOf(lane, bin);
  pointed = true;
  const head = document.createElement("b");
  head.textContent = clock(time) + " · " + person(lane).name;
  tip.replaceChildren(head, ...found.map((one) => line(one.label, one.percent + " %", one.colour)));
  if (!found.length) tip.append(line("not in view", ""));
  if (doubt) head.after(line("uncertain: " + doubt, "", "unsure"));
  const words = (doubt ? "uncertain, " + doubt + ": " : "") + found.map((one) => one.label + " " + one.percent + " %").join(", ") || "not in view";
  lane.setAttribute("aria-valuenow", time.toFixed(1));
  lane.setAttribute("aria-valuetext", clock(time) + ", " + words);
  mark(time);
  place(lane, (time - view.from) / (view.to - view.from));
}

// A time under the pointer is in view, one that keys go to need not be.
function step(lane, to) {
  reveal(timeOf(Math.max(0, Math.min(to, last))));
  show(lane, to);
}

function place(lane, share) {
  tip.hidden = false;
  const box = lane.getBoundingClientRect(), width = tip.offsetWidth, height = tip.offsetHeight;
  // Beside the cursor, so that neither the curve under it nor the names on the left are hidden.
  const x = box.left + share * box.width, room = document.documentElement.clientWidth;
  const right = x + 14 + width <= room - 8;
  const left = right ? x + 14 : x - 14 - width >= 8 ? x - 14 - width : Math.max(8, Math.min(x - width / 2, room - width - 8));
  const top = box.top + box.height / 2 - height / 2;
  tip.style.left = left + "px";
  tip.style.top = Math.max(8, Math.min(top, window.innerHeight - height - 8)) + "px";
}

function leave() {
  tip.hidden = true;
  if (film && film.readyState && !film.paused) return;
  pointed = false;
  for (const lane of lanes) lane.querySelector(".cursor").hidden = true;
}

function play() {
  if (!film || film.hidden) return;
  film.currentTime = Math.max(0, data.start_s + bin * data.bin_s - data.film_start_s);
  film.play();
  tip.hidden = true;
}

const KEYS = {
  ArrowLeft: () => bin - 1, ArrowDown: () => bin - 1, ArrowRight: () => bin + 1, ArrowUp: () => bin + 1,
  PageDown: () => bin - 10, PageUp: () => bin + 10, Home: () => 0, End: () => last,
};

const ZOOM_KEYS = {
  "+": () => scale(1 / STEP), "=": () => scale(1 / STEP), "-": () => scale(STEP),
  0: () => zoom(data.start_s, data.end_s),
};

for (const lane of lanes) {
  const under = (event) => {
    const time = view.from + shareUnder(lane, event.clientX) * (view.to - view.from);
    return Math.floor((time - data.start_s) / data.bin_s);
  };
  lane.addEventListener("pointermove", (event) => { if (!stretch(event)) show(lane, under(event)); });
  lane.addEventListener("pointerdown", (event) => { show(lane, under(event)); begin(lane, event); });
  lane.addEventListener("pointerup", () => { zoomed = release(); });
  lane.addEventListener("pointercancel", release);
  lane.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") leave(); });
  lane.addEventListener("click", () => { if (!zoomed) play(); });
  lane.addEventListener("focus", () => { if (lane.matches(":focus-visible")) show(lane, bin); });
  lane.addEventListener("blur", leave);
  lane.addEventListener("keydown", (event) => {
    if (event.key in KEYS) step(lane, KEYS[event.key]());
    else if (event.key === "Enter" || event.key === " ") play();
    else if (event.key === "Escape") leave();
    else if (event.key in ZOOM_KEYS && !event.ctrlKey && !event.metaKey) ZOOM_KEYS[event.key]();
    else return;
    event.preventDefault();
  });
}
document.addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });

if (film) {
  film.addEventListener("timeupdate", () => { pointed = true; mark(film.currentTime + data.film_start_s); });
  const missing = () => {
    film.hidden = true;
    document.getElementById("missing").hidden = false;
    document.getElementById("how").hidden = true;
  };
  film.addEventListener("error", missing);
  if (film.error) missing();
}
