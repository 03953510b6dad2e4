// The cameras of this device.
import { WANTED } from "./frames.js";

const PATIENCE_MS = 10000;
const WHY_NOT = {
  NotAllowedError: "this page may not use the camera; allow it in the browser, beside the address, and press Camera again",
  NotFoundError: "no camera is there; connect one and press Camera again",
  NotReadableError: "the camera does not open; close what else uses it and press Camera again",
};

/**
 * The stream of a camera.
 * @param {string} [id] of the camera; without it, or where it is gone, the browser's choice, on phones the front one
 * @throws {Error} that says what to do
 */
export async function openCamera(id) {
  // Browsers know cameras only on pages from this machine, or over https.
  if (!navigator.mediaDevices) throw new Error("browsers give no camera to this address; open the page as http://localhost or over https");
  const video = { ...WANTED, ...(id ? { deviceId: { exact: id } } : { facingMode: "user" }) };
  return navigator.mediaDevices.getUserMedia({ video }).catch((error) => {
    if (id && ["OverconstrainedError", "NotFoundError"].includes(error.name)) return openCamera();
    throw new Error(WHY_NOT[error.name] ?? `the camera does not open: ${error.message}`);
  });
}

/** The cameras by their ids, whose names browsers tell once one is allowed. */
export async function cameras() {
  const found = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
  return found.map(({ deviceId, label }, k) => ({ id: deviceId, name: label || `camera ${k + 1}` }));
}

/** Id of the camera that a stream is of, and whether it looks away from who holds the device. */
export function used(stream) {
  const { deviceId, facingMode } = stream.getVideoTracks()[0]?.getSettings() ?? {};
  return { id: deviceId, isBack: facingMode === "environment" };
}

/** Play a stream; throws where it sends no picture. */
export async function playCamera(film, stream) {
  film.srcObject = stream;
  const late = new Promise((done) => setTimeout(done, PATIENCE_MS));
  await Promise.race([film.play().catch(() => {}), late]);
  if (film.srcObject === stream && !film.videoWidth) throw new Error("the camera sends no picture; open its cover or switch, close what else uses it, and press Camera again");
}

export function stopCamera(stream) {
  for (const track of stream.getTracks()) track.onended = track.onmute = track.onunmute = null, track.stop();
}
