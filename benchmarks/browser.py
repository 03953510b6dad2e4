"""How many frames a second the page's modules analyse, beside two libraries of the same purpose, in one Chromium.

    python benchmarks/browser.py [--rounds 5] [--frames 10]

A frame of 1280x720 with one face goes through mien's modules as in the page's tab (detector, emotion net, ids and
smoothing), once searched whole each time and once each fifth time; through @vladmandic/face-api (its tiny detector, and
its SSD detector, with landmarks and expressions), which searches whole each time; and through @vladmandic/human (face
detector, mesh and emotions) with its own pace of searching. All run on WebAssembly with the threads that they take of
their own accord, in turns, round after round; the median of the rounds is told. npm gets the others into a temporary
folder, in the releases named below.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from PIL import Image, ImageOps

ROOT = Path(__file__).parents[1]
SIZE = (1280, 720)
PACKAGES = ("@vladmandic/face-api@1.7.15", "@vladmandic/human@3.3.6", "@tensorflow/tfjs-backend-wasm@4.22.0")

PAGE = """<!doctype html><script type="module">
const near = (name) => new URL("node_modules/" + name, location).href;
const image = new Image();
image.src = "frame.png";
await image.decode();
const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
canvas.getContext("2d").drawImage(image, 0, 0);
const wasm = near("@tensorflow/tfjs-backend-wasm/dist/");

async function mien(options) {
  const ort = await import("./static/ort/ort.wasm.min.mjs"), { loadWith } = await import("./static/mien/load.js");
  ort.env.wasm.wasmPaths = new URL("./static/ort/", location).href;
  const stream = (await loadWith(ort, "weights/yunet.onnx", "weights/mien.onnx")).stream(options);
  let time_s = 0;
  return async () => (await stream.next(canvas, time_s += 0.04)).faces.map((face) => face.emotion);
}

async function faceapi(net, options) {
  const api = await import(near("@vladmandic/face-api/dist/face-api.esm.js"));
  const models = near("@vladmandic/face-api/model");
  api.tf.setWasmPaths(wasm);
  await api.tf.setBackend("wasm");
  await api.tf.ready();
  for (const one of [net, "faceLandmark68Net", "faceExpressionNet"]) await api.nets[one].loadFromUri(models);
  return async () => (await api.detectAllFaces(canvas, new api[options]()).withFaceLandmarks().withFaceExpressions())
    .map((face) => face.expressions.asSortedArray()[0].expression);
}

async function human() {
  const { Human } = await import(near("@vladmandic/human/dist/human.esm.js"));
  const off = { enabled: false };
  const one = new Human({
    backend: "wasm", wasmPath: wasm, modelBasePath: near("@vladmandic/human/models"), cacheSensitivity: 0,
    filter: off, gesture: off, body: off, hand: off, object: off, segmentation: off,
    face: { enabled: true, emotion: { enabled: true }, iris: off, description: off, antispoof: off, liveness: off } });
  await one.load();
  return async () => (await one.detect(canvas)).face.map((face) => face.emotion?.[0]?.emotion);
}

const makers = { "mien": mien, "mien, every 5th": () => mien({ detect_every: 5 }),
  "face-api, tiny": () => faceapi("tinyFaceDetector", "TinyFaceDetectorOptions"),
  "face-api, SSD": () => faceapi("ssdMobilenetv1", "SsdMobilenetv1Options"), "human": human };
const made = {};
self.names = Object.keys(makers);
self.seen = async (name) => {
  made[name] ??= await makers[name]();
  await made[name]();
  return (await made[name]()).join(" ");
};
self.fps = async (name, frames) => {
  const began = performance.now();
  for (let k = 0; k < frames; k++) await made[name]();
  return 1000 * frames / (performance.now() - began);
};
</script>"""


class _Quiet(SimpleHTTPRequestHandler):
    """Sends files with what browsers want for threads of WebAssembly."""

    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


def main(rounds: int, frames: int) -> None:
    """Print the frames a second of each."""
    sys.path.insert(0, str(ROOT / "tests"))
    from browser import browser

    with (
        tempfile.TemporaryDirectory() as work,
        ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=work)) as server,
    ):
        _fill(Path(work))
        Thread(target=server.serve_forever, daemon=True).start()
        with browser(Path(work, "profile")) as page:
            page.open(f"http://127.0.0.1:{server.server_port}/page.html")
            page.wait("self.fps")
            names: list[str] = page.value("self.names")
            for name in names:
                print(f"{name:16} sees: {page.value(f'self.seen({name!r})')}")
            rates = [[page.value(f"self.fps({name!r}, {frames})") for name in names] for _ in range(rounds)]
        server.shutdown()
    for name, found in zip(names, zip(*rates, strict=True), strict=True):
        print(f"{name:16} {statistics.median(found):6.1f} frames a second ({min(found):.1f} to {max(found):.1f})")


def _fill(folder: Path) -> None:
    """Put the page, the frame, our modules and the others' packages into a folder."""
    (folder / "page.html").write_text(PAGE, "utf-8")
    with Image.open(ROOT / "examples" / "astronaut.png") as picture:
        ImageOps.pad(picture.convert("RGB"), SIZE).save(folder / "frame.png")
    shutil.copytree(ROOT / "src/mien/apps/web/static", folder / "static")
    shutil.copytree(ROOT / "src/mien/weights", folder / "weights")
    npm = shutil.which("npm") or sys.exit("this needs npm, which comes with Node.js")
    subprocess.run([npm, "install", "--ignore-scripts", "--silent", *PACKAGES], cwd=folder, check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="frames a second of the page's modules, beside other libraries")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--frames", type=int, default=10)
    main(**vars(parser.parse_args()))
