// Runs the nets beside the page, so that it stays smooth. One task after another, in the order in which they come.
import { loadWith } from "./mien/load.js";

const streams = new Map();
let analyzer;

const tasks = {
  async load({ settings }) {
    const ort = await import("./ort/ort.wasm.min.mjs");
    ort.env.wasm.wasmPaths = new URL("./ort/", import.meta.url).href;
    const net = (name) => new URL(`../weights/${name}.onnx`, import.meta.url);
    analyzer = await loadWith(ort, net("yunet"), net("model"), settings);
    return ort.env.wasm.numThreads;
  },
  picture: ({ file, name, settings }) => analyzer.tuned(settings).document(file, name),
  begin: ({ stream, settings }) => { streams.set(stream, analyzer.tuned(settings).stream()); },
  async frame({ stream, time_s, bitmap }) {
    const entry = await streams.get(stream).next(bitmap, time_s);
    bitmap.close();
    return entry;
  },
  end: ({ stream }) => { streams.delete(stream); },
};

let last = Promise.resolve();

self.onmessage = ({ data: { number, task, ...details } }) => {
  last = last.then(() => tasks[task](details)).then(
    (answer) => self.postMessage({ number, answer }),
    (error) => self.postMessage({ number, error: error.message }),
  );
};
