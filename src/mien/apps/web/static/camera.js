// The cameras of this device: one is shown and watched, and others are offered beside it.
import { WANTED } from "./frames.js";
import { keep, kept } from "./kept.js";
import { say } from "./status.js";

const list = document.getElementById("cameras");
const PATIENCE_MS = 10000;
const WHY_NOT = {
  NotAllowedError: "this page may not use the camera; allow it in the browser, beside the address, and press Camera again",
  NotFoundError: "no camera is there; connect one and press Camera again",
  NotReadableError: "the camera does not open; close what else uses it and press Camera again",
};

/**
 * Show the camera of an item in an element.
 * @param film the element
 * @param {() => void} changed is called when another state of the item is to be shown
 * @param {(why: string) => void} lost is called when the camera ends of itself
 * @throws {Error} that says what to do
 */
export async function displayCamera(film, item, signal, changed, lost) {
  say("opening the camera; allow it, if the browser asks");
  item.isBlank = true;
  changed();
  const stream = await opened(kept().camera);
  if (signal.aborted) return stopCamera(stream); // the button was pressed again before it was there
  watch(stream, lost);
  Object.assign(item, { isBack: used(stream).isBack, isBlank: false });
  changed();
  offer(stream);
  say("analysing…");
  await play(film, stream);
}

export function stopCamera(stream) {
  for (const track of stream.getTracks()) track.onended = track.onmute = track.onunmute = null, track.stop();
}

/** Offer the cameras that are there while film shows one; chosen is called when it is to be another, now and after a reload. */
export function offerCameras(film, chosen) {
  list.onchange = () => { keep({ camera: list.value }); chosen(); };
  navigator.mediaDevices?.addEventListener("devicechange", () => offer(film.srcObject));
}

async function offer(stream) {
  if (!stream?.active) return;
  const found = await cameras(), { id } = used(stream);
  list.hidden = found.length < 2 || !stream.active;
  list.replaceChildren(...found.map((one) => new Option(one.name, one.id, false, one.id === id)));
}

/** The stream of a camera; without its id, or where it is gone, of the browser's choice, on phones the front one. */
async function opened(id) {
  // Browsers know cameras only on pages from this machine, or over https.
  if (!navigator.mediaDevices) throw new Error("browsers give no camera to this address; open the page as http://localhost or over https");
  const video = { ...WANTED, ...(id ? { deviceId: { exact: id } } : { facingMode: "user" }) };
  return navigator.mediaDevices.getUserMedia({ video }).catch((error) => {
    if (id && ["OverconstrainedError", "NotFoundError"].includes(error.name)) return opened();
    throw new Error(WHY_NOT[error.name] ?? `the camera does not open: ${error.message}`);
  });
}

/** The cameras by their ids, whose names browsers tell once one is allowed. */
async function cameras() {
  const found = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
  return found.map(({ deviceId, label }, k) => ({ id: deviceId, name: label || `camera ${k + 1}` }));
}

/** Id of the camera that a stream is of, and whether it looks away from who holds the device. */
function used(stream) {
  const { deviceId, facingMode } = stream.getVideoTracks()[0]?.getSettings() ?? {};
  return { id: deviceId, isBack: facingMode === "environment" };
}

function watch(stream, lost) {
  const [track] = stream.getVideoTracks();
  track.onended = () => lost("the camera was disconnected, or this page may no longer use it; press Camera to begin again");
  track.onmute = () => say("the camera sends no picture; open its cover or switch, or close what else uses it", true);
  track.onunmute = () => say("");
}

async function play(film, stream) {
  film.srcObject = stream;
  const late = new Promise((done) => setTimeout(done, PATIENCE_MS));
  await Promise.race([film.play().catch(() => {}), late]);
  if (film.srcObject === stream && !film.videoWidth) throw new Error("the camera sends no picture; open its cover or switch, close what else uses it, and press Camera again");
}
