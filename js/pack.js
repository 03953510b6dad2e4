// Copies what the package holds from the places where the Python package has it, before npm packs it.
import { copyFileSync, cpSync, mkdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

for (const made of ["mien", "weights"]) rmSync(here(made), { recursive: true, force: true });
cpSync(here("../src/mien/apps/web/static/mien"), here("mien"), { recursive: true });
mkdirSync(here("weights"));
for (const name of ["mien.onnx", "mien-s.onnx", "yunet.onnx"]) copyFileSync(here(`../src/mien/weights/${name}`), here(`weights/${name}`));
copyFileSync(here("../LICENSE"), here("LICENSE"));
copyFileSync(here("../src/mien/weights/LICENSE.yunet"), here("LICENSE.yunet"));
