// The story of the page: something is chosen, opened, read, shown and saved.
import { displayCamera, offerCameras, stopCamera } from "./camera.js";
import { Chosen } from "./chosen.js";
import { follow } from "./follow.js";
import { snapshot } from "./frames.js";
import { counted } from "./gallery.js";
import { takeFiles } from "./incoming.js";
import { isOn, itemOf, stemOf } from "./items.js";
import { display, displayPicture } from "./pictures.js";
import { Readers } from "./readers.js";
import { Recorder } from "./record.js";
import { saveFrames, saveMarked, savePictures } from "./save.js";
import { Seen } from "./seen.js";
import { Settings } from "./settings.js";
import { clear, fit, mediumOf, Stage } from "./stage.js";
import { say } from "./status.js";
import { displayVideo, hold, playOn, rewind } from "./videos.js";
import { modelOnceThere } from "./waiting.js";

const part = (id) => document.getElementById(id);
const [still, film] = ["still", "film"].map(part);
const isSite = "site" in document.documentElement.dataset; // files alone, of mien web --static
const model = await modelOnceThere(isSite);

let source = null;   // the picture, video or camera that is shown
let entry = null;    // what is known of the picture that is shown
let seen = new Seen(); // of the video or camera that is followed
let pointed = -1;    // the number of the face that is pointed at
let turn = new AbortController(); // of the source; what was begun in an earlier turn is dropped

const settings = new Settings(model, again, draw);
const readers = new Readers(model.tab, isSite, again, goOn);
const chosen = new Chosen(open, (file) => readers.picture(file, settings.asked));
const recorder = new Recorder(show);
const stage = new Stage(model.colours, (number) => { pointed = number; draw(); }, draw);

/** Whether the camera is shown as a mirror, which one that looks away is not. */
const isMirrored = () => source?.kind === "camera" && !source.isBack && settings.mirror;
const shown = () => ({ source, entry, seen, pointed, isMirrored: isMirrored(), isRecorded: recorder.isOn, isEmpty: !chosen.items.length });

function show() {
  stage.show(shown());
  chosen.show(source);
}

function draw() {
  stage.draw(shown());
}

// What is looked at

function openFiles(files) {
  chosen.open(files.map(itemOf));
  open(chosen.items[0]);
  chosen.readAll();
}

function openCamera() {
  chosen.open([]);
  open({ kind: "camera" });
}

/** Read anew what was chosen, in another way. */
function again() {
  chosen.forget(() => true);
  if (source?.kind === "video" && film.src) rewind(film, source);
  else if (source && !source.isOver) open(source);
  chosen.readAll();
}

/** Go on when a server that was gone is back. */
function goOn() {
  chosen.forget(({ error }) => error?.isGone);
  if (source?.isGone) open(source, true);
  chosen.readAll();
}

/** Begin another turn; returns its signal, which tells when it is over. */
function nextTurn() {
  turn.abort();
  turn = new AbortController();
  return turn.signal;
}

/** Show another source; or go on with the same, as the server is back. */
async function open(next, goesOn = false) {
  const signal = nextTurn();
  if (next !== source) await close();
  if (signal.aborted) return;
  [source, pointed] = [next, -1];
  if (!goesOn) seen = new Seen();
  if (source) source.isGone = source.isBlank = false;
  if (source?.kind === "video") delete source.error;
  show();
  try {
    if (source?.kind === "picture") await openPicture(signal);
    else if (source && !source.isOver) await openFilm(signal, goesOn);
  } catch (error) {
    if (!signal.aborted) await fail(error, signal);
  }
}

/** Say what is wrong with the source, and show what is left of it. */
async function fail(error, signal) {
  if (error.isGone && readers.isServer) {
    source.isGone = true;
    if (source.kind === "video") hold(film, source);
    if (source.kind === "picture") entry = null;
    readers.waitForServer();
  } else if (source.kind === "camera") {
    await endCamera();
  } else {
    if (source.kind === "video") await close();
    if (signal.aborted) return;
    entry = null;
    source.error = error;
    source.isBlank = source.kind === "video" || !still.naturalWidth;
    if (chosen.items.length < 2) source = null, chosen.open([]);
  }
  show();
  say(error.message, true);
}

async function close() {
  await recorder.end();
  clear();
  entry = null;
  say("");
}

async function openPicture(signal) {
  say("analysing…");
  const showing = still.src ? null : displayPicture(still, source).catch(() => {});
  await Promise.all([chosen.read(source), showing]);
  if (signal.aborted) return;
  if (source.error) throw source.error;
  if (!still.naturalWidth) await display(still, await readers.chosen.preview(source.file));
  if (signal.aborted) return;
  fit(still.naturalWidth, still.naturalHeight);
  entry = source.entry;
  say(`${source.file.name || "picture"}: ${counted(entry, " found")}${source.isAnimated ? "; of its frames the first alone is read" : ""}`);
  show();
}

/** Get a video or a camera ready, and follow it frame by frame. */
async function openFilm(signal, goesOn) {
  say("analysing…");
  if (!film.src && !film.srcObject)
    await (source.kind === "video" ? displayVideo(film, source) : displayCamera(film, source, signal, show, endCamera));
  if (signal.aborted) return;
  if (source.kind === "video") hold(film, source);
  if (goesOn) seen.goOn();
  else seen = new Seen(film.duration);
  await follow(film, readers.chosen.follow(settings.asked), () => recorder.grab(film), take, signal);
}

/** Show the answer to a frame, and keep it. */
function take(found, picture) {
  entry = seen.add(found, source.file?.name ?? "camera");
  if (picture) recorder.add(picture, entry, model.colours, isMirrored());
  say("");
  draw();
  playOn(film, source);
}

/** Stop the camera. What was seen last stays, and can be saved. */
async function endCamera(why = "") {
  const signal = nextTurn();
  await recorder.end();
  const last = entry && await snapshot(film);
  if (signal.aborted) return;
  if (!last) return open(null).then(() => say(why, Boolean(why)));
  stopCamera(film.srcObject);
  film.srcObject = null;
  source = { kind: "camera", isOver: true, isBack: source.isBack };
  await display(still, last);
  if (signal.aborted) return;
  show();
  say(why || "the camera is off; what it saw can be saved", Boolean(why));
}

// What the visitor does with it

/** Record the camera from now on, or a video from its start to its end; or end it. */
function record() {
  if (recorder.isOn) return recorder.end();
  recorder.begin(film, stemOf(source));
  if (source.kind === "video") rewind(film, source);
}

function save(form) {
  const by = { ...model.model, prior: settings.prior };
  if (form === "webm") record();
  else if (form === "png") saveMarked(stemOf(source), mediumOf(source), entry, model.colours, isMirrored());
  else if (source.kind === "picture") savePictures(form, chosen.items, by, settings.labels);
  else saveFrames(form, source, seen.frames, by, settings.labels);
}

part("version").textContent = `mien ${model.version}`;
for (const button of document.querySelectorAll("nav button, #invitation button")) button.disabled = false;
for (const button of document.querySelectorAll("#save button")) button.onclick = () => save(button.value);
part("api").hidden = isSite;
if (isSite) navigator.serviceWorker?.register("sw.js");
part("helplink").onclick = () => { part("help").open = true; };
part("camera").onclick = () => isOn(source) ? endCamera() : openCamera();
offerCameras(film, () => open({ kind: "camera" }));
film.onended = () => recorder.end();
film.onseeked = () => { if (source?.kind === "video") open(source); };
takeFiles(openFiles, (why) => say(why, true));
