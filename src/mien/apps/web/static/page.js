// What is looked at, and what is shown of it.
import { Faces } from "./faces.js";
import { WANTED } from "./frames.js";
import { counted, Gallery } from "./gallery.js";
import { Lanes } from "./lanes.js";
import { drawMarks, people } from "./marks.js";
import { display, firstFrame } from "./pictures.js";
import { documentOf, download, markedPicture, table } from "./save.js";
import { about, isBack, Server } from "./server.js";
import { Tab } from "./tab.js";

const MOST_FRAMES = 36000; // of a video or a camera that can be saved: twenty minutes at 30 a second
const part = (id) => document.getElementById(id);
const [still, film, view, marks, strip] = ["still", "film", "view", "marks", "lanes"].map(part);

const isSite = "site" in document.documentElement.dataset; // files alone, of mien web --static
const model = await modelOnceThere();
const readers = {};
let where = "server"; // who reads pictures: the server, or this tab
let items = [];     // what was chosen: {kind: "picture" | "video" | "camera", file}
let source = null;  // the one that is shown
let entry = null;   // what is known of the picture that is shown
let frames = [];    // entries of the video or camera that is followed
let lanes = new Lanes();
let feed = null;    // where frames go, while a video or a camera is followed
let turn = 0;       // of the source; what was begun in an earlier turn is dropped
let isWaiting = false; // for a server that is gone
let pointed = -1;   // the number of the face that is pointed at

const faces = new Faces(part("faces"), part("spots"), (number) => { pointed = number; redraw(); });
const gallery = new Gallery(part("gallery"), (item) => open(item));

async function modelOnceThere() {
  while (true) {
    try {
      return await about(isSite);
    } catch (error) {
      say(`${error.message}; trying again`, true);
      await new Promise((done) => setTimeout(done, 2000));
      say("");
    }
  }
}

// What the page shows

function say(words, trouble = false) {
  part("status").textContent = words;
  part("status").classList.toggle("trouble", trouble);
  part("pace").textContent = "";
}

function fit(width, height) {
  view.style.setProperty("--aspect", width / height);
}

const isMirrored = () => source?.kind === "camera" && part("mirror").checked;

function redraw() {
  view.classList.toggle("mirrored", isMirrored());
  drawMarks(marks, entry, model.colours, isMirrored(), pointed);
  faces.show(entry, model.colours, source?.kind === "picture" ? still : film, isMirrored());
  faces.mark(pointed);
  if (!strip.hidden) lanes.draw(strip, model.colours);
  part("save").hidden = !entry;
}

function show(kind) {
  part("invitation").hidden = kind !== null;
  view.hidden = kind === null;
  still.hidden = kind !== "picture";
  film.hidden = kind !== "video" && kind !== "camera";
  film.controls = kind === "video";
  strip.hidden = part("legend").hidden = film.hidden;
  strip.ariaLabel = kind === "video" ? "Each person over the whole video" : "The last 30 seconds of each person";
  document.querySelector("#save [value=json]").textContent = film.hidden ? "JSON" : "JSON lines";
  part("camera").setAttribute("aria-pressed", kind === "camera");
}

// Where pictures are read

const reader = () => readers[where] ??= where === "tab" ? new Tab(model.tab) : new Server();

async function readIn(place) {
  where = place;
  keep({ where });
  document.querySelector(`#where [value=${place}]`).checked = true;
  part("wheresays").textContent = "";
  if (place === "tab") {
    part("wheresays").textContent = "loading the models…";
    try {
      await reader().ready;
    } catch (error) {
      delete readers.tab;
      part("wheresays").textContent = error.message;
      return;
    }
    part("wheresays").textContent = "ready, also offline";
  }
  again();
}

/** Read anew what was chosen: in another way, or as the server is back. */
function again() {
  for (const item of items) delete item.reading, delete item.entry, delete item.error;
  if (source) open(source);
  readAll();
}

function read(item) {
  item.reading ??= reader().picture(item.file, settings()).then(
    (found) => { item.entry = found; },
    (error) => { item.error = error; },
  );
  return item.reading;
}

/** Read what was chosen, one picture after the other. */
async function readAll() {
  const mine = items, pictures = mine.filter(({ kind }) => kind === "picture");
  for (const item of pictures) {
    const reading = read(item);
    await reading;
    if (mine !== items) return;
    gallery.show(items, source);
    if (pictures.length > 1) part("pace").textContent = `${pictures.filter(({ entry, error }) => entry || error).length} of ${pictures.length} done`;
  }
}

async function waitForServer() {
  if (isWaiting) return;
  isWaiting = true;
  while (where === "server" && !(await isBack())) await new Promise((done) => setTimeout(done, 2000));
  isWaiting = false;
  if (where === "server") again();
}

// Where pictures come from

async function open(next) {
  const mine = ++turn;
  feed?.close();
  if (next !== source) close();
  [source, lanes, frames, pointed] = [next, new Lanes(), [], -1];
  show(source?.kind ?? null);
  gallery.show(items, source);
  redraw();
  try {
    if (source?.kind === "picture") await openPicture(mine);
    else if (source) await follow(mine);
  } catch (error) {
    if (mine !== turn) return;
    const isGone = error.isGone && where === "server";
    entry = null;
    if (!isGone && items.length < 2) {
      close();
      source = null;
      show(null);
    }
    redraw();
    say(error.message, true);
    if (isGone) waitForServer();
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
  for (const track of camera.getTracks()) track.onended = null, track.stop();
}

function openFiles(files) {
  if (!files.length) return;
  items = [...files].map((file) => ({ kind: file.type.startsWith("video/") ? "video" : "picture", file }));
  gallery.open(items);
  open(items[0]);
  readAll();
}

async function openPicture(mine) {
  say("analysing…");
  const showing = still.src ? null : frameOrFile(source).then((picture) => display(still, picture));
  await Promise.all([read(source), showing?.catch(() => {})]);
  if (mine !== turn) return;
  if (source.error) throw source.error;
  if (!still.naturalWidth) await display(still, await reader().preview(source.file));
  if (mine !== turn) return;
  fit(still.naturalWidth, still.naturalHeight);
  entry = source.entry;
  say(`${source.file.name || "picture"}: ${counted(entry)} found${source.isAnimated ? " in its first frame, which alone is read" : ""}`);
  gallery.show(items, source);
  redraw();
}

/** What is shown of a file: of an animation its first frame, as that is what is read. */
async function frameOrFile(item) {
  const frame = await firstFrame(item.file);
  item.isAnimated = frame !== null;
  return frame ?? item.file;
}

async function begin(mine) {
  if (film.src || film.srcObject) return;
  if (source.kind === "video") film.src = URL.createObjectURL(source.file);
  else if (!(await openCamera(mine))) return;
  await film.play().catch(() => {});
  if (mine === turn && !film.videoWidth) throw new Error(unplayable());
}

const unplayable = () => source.kind === "camera" ? "the camera sends no picture; check whether another program uses it"
  : `the browser cannot decode ${source.file.name} (it may be HEVC, as from an iPhone); use 'mien video' instead`;

async function openCamera(mine) {
  // Browsers know cameras only on pages from this machine, or over https.
  if (!navigator.mediaDevices) throw new Error("no camera: open the page as http://localhost or over https");
  const chosen = part("cameras").value, video = chosen ? { ...WANTED, deviceId: { exact: chosen } } : WANTED;
  const camera = await navigator.mediaDevices.getUserMedia({ video }).catch((error) => {
    throw new Error(`no camera: ${error.message}; allow it in the browser, or close what else uses it`);
  });
  if (mine !== turn) return stop(camera); // the button was pressed again before it was there
  film.srcObject = camera;
  for (const track of camera.getTracks()) track.onended = () => { open(null); say("the camera was disconnected; connect it and press Camera again", true); };
  listCameras(camera.getVideoTracks()[0]?.getSettings().deviceId);
  return true;
}

/** Offer the cameras, whose names browsers tell once one is allowed. */
async function listCameras(used) {
  const cameras = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
  part("cameras").hidden = cameras.length < 2;
  part("cameras").replaceChildren(...cameras.map(({ deviceId, label }, k) => new Option(label || `camera ${k + 1}`, deviceId, false, deviceId === used)));
}

/** Send the newest frame, wait for the answer, show it, and so on. */
async function follow(mine) {
  say("analysing…");
  await begin(mine);
  if (mine !== turn) return;
  if (source.kind === "video" && Number.isFinite(film.duration)) lanes = new Lanes(film.duration);
  feed = reader().follow(settings());
  let shown_s = -1, rate = 0, last = performance.now();
  while (true) {
    await newFrame(shown_s);
    if (mine !== turn) return;
    const began = performance.now();
    shown_s = film.currentTime;
    const found = await feed.ask(source.kind === "video" ? shown_s : began / 1000, film);
    if (mine !== turn) return;
    const saved = { ...found, path: source.file?.name ?? "camera" };
    entry = people(saved);
    lanes.add(entry);
    frames.push(saved);
    if (frames.length > MOST_FRAMES) frames.shift();
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
  const prior = Number(part("prior").value), names = { 0: "as rare as in photos of FER2013", 1: "as common as the others" };
  part("priorsays").textContent = names[prior] ?? `${Math.round(100 * prior)} % of the way to as common as the others`;
}

/** Settings survive a reload where the browser keeps something for the page. */
function keep(changed) {
  try {
    localStorage.mien = JSON.stringify({ ...kept(), ...changed });
  } catch { /* it keeps nothing, as in a private window */ }
}

function kept() {
  try {
    return JSON.parse(localStorage.mien ?? "{}");
  } catch {
    return {};
  }
}

const current = () => ({ ...model.model, prior: Number(part("prior").value) });
const labels = () => Object.keys(entry.faces[0]?.probabilities ?? Object.fromEntries(model.labels.map((label) => [label])));

async function save(form) {
  const read = items.filter((item) => item.entry).map((item) => item.entry), isFilm = source.kind !== "picture";
  const entries = isFilm ? frames : read, isOne = isFilm || items.length < 2;
  const stem = isOne || form === "png" ? (source.file?.name || source.kind).replace(/\.[^.]*$/, "") : "pictures";
  const failures = items.filter(({ error }) => error).map(({ file, error }) => ({ path: file.name, error: error.message }));
  const text = {
    json: () => isFilm ? frames.map((one) => JSON.stringify(one) + "\n").join("") : JSON.stringify(isOne ? entry : documentOf(read, failures), null, 1),
    csv: () => table(entries, entries[0].model ?? current(), labels()),
  }[form];
  if (text) download(`${stem}.mien.${form}${isFilm && form === "json" ? "l" : ""}`, new Blob([text()], { type: form === "csv" ? "text/csv" : "application/json" }));
  else download(`${stem}.mien.png`, await markedPicture(source.kind === "picture" ? still : film, entry, model.colours, isMirrored()));
}

async function trySample(name) {
  const answer = await fetch(`static/samples/${name}`);
  openFiles([new File([await answer.blob()], name, { type: "image/jpeg" })]);
}

part("prior").value = kept().prior ?? model.model.prior;
part("contempt").checked = model.tells_contempt && (kept().contempt ?? model.labels.includes("contempt"));
part("mirror").checked = kept().mirror ?? true;
part("apart").hidden = !model.tells_contempt;
set();
part("version").textContent = `mien ${model.version}`;
part("legend").replaceChildren(...Object.entries(model.colours).filter(([label]) => model.labels.includes(label)).map(([label, colour]) => {
  const item = document.createElement("li");
  item.textContent = label;
  item.style.setProperty("--colour", colour);
  return item;
}));

for (const button of document.querySelectorAll("#where input")) button.onchange = () => readIn(button.value);
if (model.tab.why_not) {
  document.querySelector("#where [value=tab]").disabled = true;
  part("wheresays").textContent = `(${model.tab.why_not})`;
}
if (isSite) {
  document.querySelector("#where label").hidden = part("api").hidden = true;
  navigator.serviceWorker?.register("sw.js");
}
if (isSite || (kept().where === "tab" && !model.tab.why_not)) readIn("tab");

part("choose").onclick = part("drop").onclick = () => part("file").click();
part("file").onchange = (event) => { openFiles([...event.target.files]); event.target.value = ""; };
part("helplink").onclick = () => { part("help").open = true; };
part("camera").onclick = () => { items = []; gallery.open(items); open(source?.kind === "camera" ? null : { kind: "camera" }); };
part("cameras").onchange = () => { close(); open({ kind: "camera" }); };
for (const button of document.querySelectorAll("#samples button")) button.onclick = () => trySample(button.dataset.sample);
for (const id of ["prior", "contempt"]) part(id).onchange = () => { set(); keep({ ...settings(), contempt: part("contempt").checked }); again(); };
part("prior").oninput = set;
part("mirror").onchange = () => { keep({ mirror: part("mirror").checked }); redraw(); };
for (const button of document.querySelectorAll("#save button")) button.onclick = () => save(button.value);
film.onresize = () => fit(film.videoWidth, film.videoHeight);
film.onseeked = () => { if (source?.kind === "video") open(source); };
new ResizeObserver(redraw).observe(view);

document.addEventListener("paste", (event) => openFiles([...event.clipboardData.files]));
document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("over"); });
document.addEventListener("dragleave", () => document.body.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("over");
  const { files } = event.dataTransfer;
  if (files.length) openFiles([...files]);
  else say("that is a link or text, not a file, and the page loads nothing from elsewhere; save the picture and drop its file", true);
});
