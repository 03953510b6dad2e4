// What is looked at, and what is shown of it.
import { cameras, openCamera, playCamera, stopCamera, used } from "./camera.js";
import { Faces } from "./faces.js";
import { goingOn, snapshot } from "./frames.js";
import { counted, Gallery } from "./gallery.js";
import { takeFiles } from "./incoming.js";
import { keep, kept } from "./kept.js";
import { Lanes } from "./lanes.js";
import { drawMarks, people } from "./marks.js";
import { display, firstFrame } from "./pictures.js";
import { canRecord, Recorder } from "./record.js";
import { documentOf, download, markedPicture, table } from "./save.js";
import { about, isBack, Server } from "./server.js";
import { Settings } from "./settings.js";
import { Tab } from "./tab.js";

const RETRY_MS = 2000;
const MOST_FRAMES = 36000; // of a video or a camera that can be saved: twenty minutes at 30 a second
const part = (id) => document.getElementById(id);
const [still, film, view, marks, strip] = ["still", "film", "view", "marks", "lanes"].map(part);

const isSite = "site" in document.documentElement.dataset; // files alone, of mien web --static
const model = await modelOnceThere(), settings = new Settings(model, again, redraw);
const readers = {};
let where = "server"; // who reads pictures: the server, or this tab
let items = [];     // what was chosen: {kind: "picture" | "video" | "camera", file}; isOver, of a camera that was stopped
let source = null;  // the one that is shown
let entry = null;   // what is known of the picture that is shown
let frames = [];    // entries of the video or camera that is followed
let lanes = new Lanes();
let feed = null;    // where frames go, while a video or a camera is followed
let turn = 0;       // of the source; what was begun in an earlier turn is dropped
let recorder = null; // of the marked picture, while it is recorded
let isWaiting = false; // for a server that is gone
let plays = false;  // whether the video is to be played once a frame of it is analysed
let pointed = -1;   // the number of the face that is pointed at

const faces = new Faces(part("faces"), part("spots"), (number) => { pointed = number; redraw(); });
const gallery = new Gallery(part("gallery"), (item) => open(item));

async function modelOnceThere() {
  while (true) {
    try {
      return await about(isSite);
    } catch (error) {
      say(`${error.message}; trying again`, true);
      await pause();
      say("");
    }
  }
}

function pause() {
  return new Promise((done) => setTimeout(done, RETRY_MS));
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

/** Whether the camera is shown as a mirror, which one that looks away is not. */
const isMirrored = () => source?.kind === "camera" && !source.isBack && settings.mirror;
const isOn = () => source?.kind === "camera" && !source.isOver;
const isFilm = () => source?.kind === "video" || isOn();
const medium = () => isFilm() ? film : still;

function redraw() {
  view.classList.toggle("mirrored", isMirrored());
  const shown = source?.isGone ? null : entry; // what was seen last is not what the picture shows now
  drawMarks(marks, shown, model.colours, isMirrored(), pointed);
  faces.show(shown, model.colours, medium(), isMirrored());
  faces.mark(pointed);
  if (!strip.hidden) lanes.draw(strip, model.colours);
  part("save").hidden = !entry || (source.kind !== "picture" && !frames.length);
}

/** Make room for what is shown, which of several files that could not be read is nothing. */
function show() {
  const kind = source?.kind, isCamera = kind === "camera";
  part("invitation").hidden = items.length > 0 || isCamera;
  view.hidden = !source || source.isBlank;
  still.hidden = medium() !== still;
  film.hidden = medium() !== film;
  film.controls = kind === "video";
  strip.hidden = part("legend").hidden = view.hidden || kind === "picture";
  strip.ariaLabel = kind === "video" ? "Each person over the whole video" : "The last 30 seconds of each person";
  const button = (value) => document.querySelector(`#save [value=${value}]`);
  button("json").textContent = kind === "picture" ? "JSON" : "JSON lines";
  button("webm").hidden = !canRecord || !isFilm();
  button("webm").setAttribute("aria-pressed", recorder !== null);
  button("webm").textContent = recorder ? "stop and save the video" : "record marked video";
  part("camera").setAttribute("aria-pressed", isOn());
  if (!isOn()) part("cameras").hidden = true;
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
      const threads = await reader().ready;
      part("wheresays").textContent = `ready, also offline (WebAssembly, ${threads === 1 ? "1 thread" : `${threads} threads`})`;
    } catch (error) {
      delete readers.tab;
      part("wheresays").textContent = error.message;
      return;
    }
  }
  again();
}

/** Read anew what was chosen, in another way. */
function again() {
  for (const item of items) forget(item);
  if (source?.kind === "video" && film.src) replay();
  else if (source && !source.isOver) open(source);
  readAll();
}

/** Read and play a video from its start. */
function replay() {
  film.pause();
  plays = true;
  film.currentTime = 0;
}

function forget(item) {
  delete item.reading, delete item.entry, delete item.error;
}

function read(item) {
  item.reading ??= reader().picture(item.file, settings.asked).then(
    (found) => { item.entry = found; },
    (error) => {
      item.error = error;
      if (error.isGone) waitForServer();
    },
  );
  return item.reading;
}

/** Read what was chosen, one picture after the other. */
async function readAll() {
  const mine = items, pictures = mine.filter(({ kind }) => kind === "picture");
  for (const item of pictures) {
    await read(item);
    if (mine !== items) return;
    gallery.show(items, source);
    if (pictures.length > 1) part("pace").textContent = `${pictures.filter(({ entry, error }) => entry || error).length} of ${pictures.length} done`;
  }
}

/** Go on when a server that was gone is back. */
async function waitForServer() {
  if (isWaiting) return;
  isWaiting = true;
  do await pause(); while (where === "server" && !(await isBack()));
  isWaiting = false;
  if (where !== "server") return;
  for (const item of items) if (item.error?.isGone) forget(item);
  if (source?.isGone) open(source, true);
  readAll();
}

// Where pictures come from

/** Show another source; or go on with the same, as the server is back. */
async function open(next, goesOn = false) {
  const mine = ++turn;
  feed?.close();
  if (next !== source) await close();
  if (mine !== turn) return;
  [source, pointed] = [next, -1];
  if (!goesOn) [lanes, frames] = [new Lanes(), []];
  if (source) source.isGone = source.isBlank = false;
  if (source?.kind === "video") delete source.error;
  show();
  gallery.show(items, source);
  redraw();
  try {
    if (source?.kind === "picture") await openPicture(mine);
    else if (source && !source.isOver) await follow(mine, goesOn);
  } catch (error) {
    if (mine === turn) await fail(error);
  }
}

/** Say what is wrong with the source, and show what is left of it. */
async function fail(error) {
  if (error.isGone && where === "server") {
    source.isGone = true;
    if (source.kind === "video" && !film.paused) film.pause(), plays = true;
    if (source.kind === "picture") entry = null;
    waitForServer();
  } else if (source.kind === "camera") {
    await endCamera();
  } else {
    const mine = turn;
    if (source.kind === "video") await close();
    if (mine !== turn) return;
    entry = null;
    source.error = error;
    source.isBlank = source.kind === "video" || !still.naturalWidth;
    if (items.length < 2) [source, items] = [null, []];
  }
  show();
  gallery.show(items, source);
  redraw();
  say(error.message, true);
}

async function close() {
  await endRecording();
  if (film.srcObject) stopCamera(film.srcObject);
  for (const medium of [still, film]) if (medium.src) URL.revokeObjectURL(medium.src), medium.removeAttribute("src");
  film.srcObject = null;
  film.load();
  [entry, plays] = [null, false];
  say("");
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
  say(`${source.file.name || "picture"}: ${counted(entry, " found")}${source.isAnimated ? "; of its frames the first alone is read" : ""}`);
  gallery.show(items, source);
  redraw();
}

/** What is shown of a file: of an animation its first frame, as that is what is read. */
async function frameOrFile(item) {
  const frame = await firstFrame(item.file);
  item.isAnimated = frame !== null;
  return frame ?? item.file;
}

/** Get a video or a camera ready, if it is not. */
async function begin(mine) {
  if (film.src || film.srcObject) return;
  if (source.kind === "camera") return beginCamera(mine);
  film.src = URL.createObjectURL(source.file);
  const loaded = new Promise((done) => { film.onloadeddata = film.onerror = done; });
  await Promise.race([loaded, pause()]);
  // Phones load no picture before a video is played.
  if (film.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) await film.play().catch(() => {});
  if (mine !== turn) return;
  if (!film.videoWidth) throw new Error(`the browser cannot decode ${source.file.name} (it may be HEVC, as from an iPhone); use 'mien video' instead`);
  plays = true;
}

async function beginCamera(mine) {
  say("opening the camera; allow it, if the browser asks");
  source.isBlank = true;
  show();
  const camera = await openCamera(kept().camera);
  if (mine !== turn) return stopCamera(camera); // the button was pressed again before it was there
  const [track] = camera.getVideoTracks();
  track.onended = () => endCamera("the camera was disconnected, or this page may no longer use it; press Camera to begin again");
  track.onmute = () => say("the camera sends no picture; open its cover or switch, or close what else uses it", true);
  track.onunmute = () => say("");
  Object.assign(source, { isBack: used(camera).isBack, isBlank: false });
  show();
  redraw();
  listCameras();
  say("analysing…");
  await playCamera(film, camera);
}

/** Offer the cameras there are, if there are several. */
async function listCameras() {
  if (!isOn()) return;
  const found = await cameras(), { id } = film.srcObject ? used(film.srcObject) : {};
  part("cameras").hidden = found.length < 2 || !isOn();
  part("cameras").replaceChildren(...found.map((one) => new Option(one.name, one.id, false, one.id === id)));
}

/** Stop the camera. What was seen last stays, and can be saved. */
async function endCamera(why = "") {
  const mine = ++turn;
  feed?.close();
  await endRecording();
  const last = entry && await snapshot(film);
  if (mine !== turn) return;
  if (!last) return open(null).then(() => say(why, Boolean(why)));
  stopCamera(film.srcObject);
  film.srcObject = null;
  source = { kind: "camera", isOver: true, isBack: source.isBack };
  await display(still, last);
  if (mine !== turn) return;
  show();
  redraw();
  say(why || "the camera is off; what it saw can be saved", Boolean(why));
}

/** Send the newest frame, wait for the answer, show it, and so on. */
async function follow(mine, goesOn) {
  say("analysing…");
  await begin(mine);
  if (mine !== turn) return;
  // Until the first answer, for which nets may be loaded, a video waits.
  if (source.kind === "video" && !film.paused) film.pause(), plays = true;
  if (!goesOn && source.kind === "video" && Number.isFinite(film.duration)) lanes = new Lanes(film.duration);
  const before = goesOn && frames.length ? { frame: frames.at(-1).frame, id: largestId(frames) } : null;
  feed = reader().follow(settings.asked);
  let shown_s = -1, rate = 0, last = performance.now();
  while (true) {
    await newFrame(shown_s);
    if (mine !== turn) return;
    const began = performance.now(), picture = recorder && await createImageBitmap(film);
    shown_s = film.currentTime;
    const found = await feed.ask(source.kind === "video" ? shown_s : began / 1000, film).catch(unlessOfFrame);
    if (mine !== turn) return;
    if (!found) {
      await pause();
      continue;
    }
    take(before ? goingOn(found, before) : found, picture);
    if (plays) film.play().catch(() => {});
    plays = false;
    const now = performance.now();
    rate += 0.1 * (1000 / (now - last) - rate);
    last = now;
    part("pace").textContent = `${Math.round(rate)} frames a second, ${Math.round(now - began)} ms behind`;
  }
}

/** Say why there is no answer to a frame, and go on with the next; what ends the stream is thrown on. */
function unlessOfFrame(error) {
  if (!error.isOfFrame) throw error;
  say(error.message, true);
}

/** Show the answer to a frame, and keep it. */
function take(found, picture) {
  const saved = { ...found, path: source.file?.name ?? "camera" };
  entry = people(saved);
  lanes.add(entry);
  frames.push(saved);
  if (frames.length > MOST_FRAMES) frames.shift();
  if (picture) recorder?.add(picture, entry, model.colours, isMirrored()), picture.close();
  if (part("status").textContent) say("");
  redraw();
}

const largestId = (entries) => entries.reduce((most, { faces }) => faces.reduce((larger, { id }) => Math.max(larger, id), most), 0);

// A film of what is shown

/** Record the camera from now on, or a video from its start to its end; or end it. */
function record() {
  if (recorder) return endRecording();
  recorder = new Recorder(film.videoWidth, film.videoHeight);
  show();
  if (source.kind === "video") replay();
}

async function endRecording() {
  if (!recorder) return;
  const ended = recorder, name = stemOf(source);
  recorder = null;
  show();
  const made = await ended.end();
  if (made.size) download(`${name}.mien.webm`, made);
  else say("nothing is recorded: no frame was analysed meanwhile", true);
}

const stemOf = ({ file, kind }) => (file?.name || kind).replace(/\.[^.]*$/, "");

const presented = (done) =>
  film.requestVideoFrameCallback ? film.requestVideoFrameCallback(done) : requestAnimationFrame(done);

/** Wait for a frame that comes after the one at shown_s; the first may be there already, as in a film that is paused. */
async function newFrame(shown_s) {
  if (shown_s < 0 && film.readyState >= 2) return;
  do await new Promise(presented); while (film.currentTime === shown_s);
}

// What the user does

async function save(form) {
  if (form === "webm") return record();
  const read = items.filter((item) => item.entry).map((item) => item.entry), hasFrames = source.kind !== "picture";
  const entries = hasFrames ? frames : read, isOne = hasFrames || items.length < 2;
  const stem = isOne || form === "png" ? stemOf(source) : "pictures";
  const failures = items.filter(({ error }) => error).map(({ file, error }) => ({ path: file.name, error: error.message }));
  const text = {
    json: () => hasFrames ? frames.map((one) => JSON.stringify(one) + "\n").join("") : JSON.stringify(isOne ? entry : documentOf(read, failures), null, 1),
    csv: () => table(entries, entries[0].model ?? { ...model.model, prior: settings.prior }, settings.labels),
  }[form];
  if (text) download(`${stem}.mien.${form}${hasFrames && form === "json" ? "l" : ""}`, new Blob([text()], { type: form === "csv" ? "text/csv" : "application/json" }));
  else download(`${stem}.mien.png`, await markedPicture(medium(), entry, model.colours, isMirrored()));
}

part("version").textContent = `mien ${model.version}`;
for (const button of document.querySelectorAll("nav button, #invitation button")) button.disabled = false;
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

part("helplink").onclick = () => { part("help").open = true; };
part("camera").onclick = () => {
  if (isOn()) return endCamera();
  items = [];
  gallery.open(items);
  open({ kind: "camera" });
};
part("cameras").onchange = () => { keep({ camera: part("cameras").value }); open({ kind: "camera" }); };
navigator.mediaDevices?.addEventListener("devicechange", listCameras);
for (const button of document.querySelectorAll("#save button")) button.onclick = () => save(button.value);
film.onended = endRecording;
film.onresize = () => fit(film.videoWidth, film.videoHeight);
film.onseeked = () => { if (source?.kind === "video") open(source); };
const sizes = new ResizeObserver(redraw);
for (const one of [view, strip]) sizes.observe(one);
matchMedia("(prefers-color-scheme: dark)").onchange = redraw;

takeFiles(openFiles, (why) => say(why, true));
