// The emotion on each face, in the browser.
import * as ort from "onnxruntime-web/wasm";

import { loadWith } from "./mien/load.js";

const weights = (name) => new URL(`./weights/${name}.onnx`, import.meta.url);

/** An analyzer; see index.d.ts. */
export async function load({ model = "mien", detector = weights("yunet"), wasmPaths, ...settings } = {}) {
  if (wasmPaths) ort.env.wasm.wasmPaths = wasmPaths;
  return loadWith(ort, detector, model === "mien" || model === "mien-s" ? weights(model) : model, settings);
}

export { loadWith };
export default { load, loadWith };
