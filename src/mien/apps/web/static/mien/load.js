// Nets from bytes or addresses, to an analyzer.
import { Analyzer } from "./analyzer.js";
import { readCard } from "./card.js";
import { SlicedDetector } from "./sliced.js";
import { YuNet } from "./yunet.js";
import { Net } from "./yunet_net.js";

/**
 * @param ort ONNX Runtime for the web, or what has its InferenceSession and Tensor
 * @param {string | URL | Uint8Array} detector YuNet's file of mien, or its address
 * @param {string | URL | Uint8Array} model a file of mien export, or its address
 * @param {import("./types.d.ts").Settings} settings
 */
export async function loadWith(ort, detector, model, settings = {}) {
  const [found, named] = await Promise.all([bytesOf(detector), bytesOf(model)]);
  const open = (bytes) => ort.InferenceSession.create(bytes, { executionProviders: settings.executionProviders ?? ["wasm"] });
  const net = new Net(ort, await open(found)), yunet = new YuNet(net, settings.min_score);
  const search = settings.small_faces ? new SlicedDetector(yunet, settings.min_score) : yunet;
  return new Analyzer(ort, search, { session: await open(named), card: readCard(named), sha256: await digest(named) }, settings);
}

async function bytesOf(file) {
  if (file instanceof Uint8Array) return file;
  const answer = await fetch(file).catch(() => null);
  if (!answer?.ok) throw new Error(`cannot get ${file}${answer ? `: the server answers ${answer.status}` : ""}; check the address`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** SHA-256 in hexadecimal; empty where the page is not from a safe origin, and so has no crypto. */
async function digest(bytes) {
  if (!globalThis.crypto?.subtle) return "";
  return Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
