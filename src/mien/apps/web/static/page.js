// What is looked at, and what is shown of it.
import { listFaces } from "./faces.js";
import { Lanes } from "./lanes.js";
import { WANTED } from "./frames.js";
import { drawMarks } from "./marks.js";
import { about, Server } from "./server.js";
import { Tab } from "./tab.js";

const part = (id) => document.getElementById(id);
const [still, film, view, marks, strip] = ["still", "film", "view", "marks", "lanes"].map(part);

const isSite = "site" in document.documentElement.dataset; // files alone, of mien web --static
const model = await about(isSite);
const readers = {};
let where = "server"; // who reads pictures: the server, or this tab
let source = null;  // {kind: "picture" | "video" | "camera", file}
let entry = null;   // what is known of the picture that is shown
let lanes = new Lanes();
let feed = null;    // the socket, while a video or a camera is followed
let turn = 0;       // of the source; what was begun in an earlier turn is dropped

// What the page shows

function say(words, trouble = false) {
  part("status").textContent = words;
  part("status").classList.toggle("trouble", trouble);
  part("pace").textContent = "";
}

function fit(width, height) {
  view.style.setProperty("--aspect", width / height);
}

function redraw() {
  const mirrored = source?.kind === "camera" && part("mirror").checked;
  view.classList.toggle("mirrored", mirrored);
  drawMarks(marks, entry, model.colours, mirrored);
  listFaces(part("faces"), entry, model.colours);
  if (!strip.hidden) lanes.draw(strip, model.colours);
}

function show(kind) {
  part("invitation").hidden = kind !== null;
  view.hidden = kind === null;
  still.hidden = kind !== "picture";
  film.hidden = kind !== "video" && kind !== "camera";
  film.controls = kind === "video";
  strip.hidden = film.hidden;
  part("save").hidden = true;
  part("camera").setAttribute("aria-pressed", kind === "camera");
}

// Where pictures are read

const reader = () => readers[where] ??= where === "tab" ? new Tab(model.tab) : new Server();

async function readIn(place) {
  where = place;
  document.querySelector(`#where [value=${place}]`).checked = true;
  part("wheresays").textContent = "";
  if (place === "tab") {
    part("wheresays").textContent = "getting the nets…";
    try {
      await reader().ready;
    } catch (error) {
      delete readers.tab;
      part("wheresays").textContent = error.message;
      return;
    }
    part("wheresays").textContent = "ready, with or without a network";
  }
  if (source) open(source);
}

// Where pictures come from

async function open(next) {
  const mine = ++turn;
  feed?.close();
  if (next !== source) close();
  [source, lanes] = [next, new Lanes()];
  show(source?.kind ?? null);
  redraw();
  try {
    if (source?.kind === "picture") await openPicture(mine);
    else if (source) await follow(mine);
  } catch (error) {
    if (mine !== turn) return;
    close();
    source = null;
    show(null);
    redraw();
    say(error.message, true);
  }
}

function close() {
  if (film.srcObject) stop(film.srcObject);
  for (const medium of [still, film]) if (medium.src) URL.revokeObjectURL(medium.src), medium.removeAttribute("src");
  film.srcObject = null;
  film.load();
  entry = null;
  say("");
}

function stop(camera) {
  for (const track of camera.getTracks()) track.stop();
}

function openFile(file) {
  if (file) open({ kind: file.type.startsWith("video/") ? "video" : "picture", file });
}

async function openPicture(mine) {
  say("looking…");
  if (!still.src) still.src = URL.createObjectURL(source.file);
  const [found] = await Promise.all([reader().picture(source.file, settings()), still.decode().catch(() => {})]);
  if (mine !== turn) return;
  if (!still.naturalWidth) throw new Error(`the browser cannot show ${source.file.name}; try it with 'mien image'`);
  fit(still.naturalWidth, still.naturalHeight);
  entry = found;
  const n = found.faces.length;
  say(`${source.file.name || "picture"}: ${n === 0 ? "no face" : n === 1 ? "1 face" : `${n} faces`} found`);
  part("save").hidden = false;
  redraw();
}

async function begin(mine) {
  if (film.src || film.srcObject) return;
  if (source.kind === "video") {
    film.src = URL.createObjectURL(source.file);
  } else {
    // Browsers know cameras only on pages from this machine, or over https.
    if (!navigator.mediaDevices) throw new Error("no camera: open the page as http://localhost or over https");
    const camera = await navigator.mediaDevices.getUserMedia({ video: WANTED }).catch((error) => {
      throw new Error(`no camera: ${error.message}; allow it in the browser, or close what else uses it`);
    });
    if (mine === turn) film.srcObject = camera;
    else return stop(camera); // the button was pressed again before it was there
  }
  await film.play().catch(() => {});
  if (film.error) throw new Error(`the browser cannot play ${source.file.name}; try it with 'mien video'`);
}

/** Send the newest frame, wait for the answer, show it, and so on. */
async function follow(mine) {
  say("looking…");
  await begin(mine);
  if (mine !== turn) return;
  feed = reader().follow(settings());
  let shown_s = -1, rate = 0, last = performance.now();
  while (true) {
    await newFrame(shown_s);
    if (mine !== turn) return;
    const began = performance.now();
    shown_s = film.currentTime;
    const found = await feed.ask(source.kind === "video" ? shown_s : began / 1000, film);
    if (mine !== turn) return;
    entry = found;
    lanes.add(found);
    if (part("status").textContent) say("");
    redraw();
    const now = performance.now();
    rate += 0.1 * (1000 / (now - last) - rate);
    last = now;
    part("pace").textContent = `${Math.round(rate)} frames a second, ${Math.round(now - began)} ms behind`;
  }
}

const presented = (done) =>
  film.requestVideoFrameCallback ? film.requestVideoFrameCallback(done) : requestAnimationFrame(done);

/** Wait for a frame that comes after the one at shown_s; the first may be there already, as in a film that is paused. */
async function newFrame(shown_s) {
  if (shown_s < 0 && film.readyState >= 2) return;
  do await new Promise(presented); while (film.currentTime === shown_s);
}

// What the user does

const settings = () => ({ prior: part("prior").value, view: part("contempt").checked ? "eight" : "seven" });

function set() {
  const prior = Number(part("prior").value);
  const names = { 0: "as common as in FER2013", 1: "as common as the others" };
  part("priorsays").textContent = names[prior] ?? `raised by ${prior}`;
}

part("prior").value = model.model.prior;
part("contempt").checked = model.labels.includes("contempt");
part("apart").hidden = !model.tells_contempt;
set();

for (const button of document.querySelectorAll("#where input")) button.onchange = () => readIn(button.value);
if (model.tab.why_not) {
  document.querySelector("#where [value=tab]").disabled = true;
  part("wheresays").textContent = `(${model.tab.why_not})`;
}
if (isSite) {
  document.querySelector("#where label").hidden = true;
  navigator.serviceWorker?.register("sw.js");
  readIn("tab");
}

part("choose").onclick = () => part("file").click();
part("file").onchange = (event) => { openFile(event.target.files[0]); event.target.value = ""; };
part("camera").onclick = () => open(source?.kind === "camera" ? null : { kind: "camera" });
for (const id of ["prior", "contempt"]) part(id).onchange = () => { set(); if (source) open(source); };
part("prior").oninput = set;
part("mirror").onchange = redraw;
part("save").onclick = () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(entry, null, 1)], { type: "application/json" }));
  link.download = `${(source.file.name || "picture").replace(/\.[^.]*$/, "")}.mien.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};
film.onresize = () => fit(film.videoWidth, film.videoHeight);
film.onseeked = () => { if (source?.kind === "video") open(source); };
new ResizeObserver(redraw).observe(view);

document.addEventListener("paste", (event) => openFile(event.clipboardData.files[0]));
document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("over"); });
document.addEventListener("dragleave", () => document.body.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("over");
  openFile(event.dataTransfer.files[0]);
});
