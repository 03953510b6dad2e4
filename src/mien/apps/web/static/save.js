// Results as files: the documents and tables of docs/SCHEMA.md, and marked pictures.
import { stemOf } from "./items.js";
import { paint } from "./marks.js";

const ANGLES = ["yaw_deg", "pitch_deg", "roll_deg"];

/**
 * Save the results of pictures: the entry of one alone, or those of several together.
 * @param model that made them, where they do not say so
 * @param {string[]} labels the emotions that are told apart
 */
export function savePictures(form, items, model, labels) {
  const entries = items.flatMap(({ entry }) => entry ?? []), [first] = entries, isOne = items.length < 2;
  const failures = items.filter(({ error }) => error).map(({ file, error }) => ({ path: file.name, error: error.message }));
  const document = () => JSON.stringify(isOne ? first : documentOf(entries, failures), null, 1);
  saveText(isOne ? stemOf(items[0]) : "pictures", form, form === "csv" ? table(entries, first.model ?? model, labels) : document());
}

/** Save the results of the frames of a video or a camera, as JSON a line each. */
export function saveFrames(form, source, frames, model, labels) {
  if (form === "csv") saveText(stemOf(source), form, table(frames, frames[0].model ?? model, labels));
  else saveText(stemOf(source), "jsonl", frames.map((one) => JSON.stringify(one) + "\n").join(""));
}

const saveText = (stem, form, text) =>
  download(`${stem}.mien.${form}`, new Blob([text], { type: form === "csv" ? "text/csv" : "application/json" }));

/** One document of several pictures, as mien image --json prints it, with what could not be read. */
export function documentOf(entries, failures) {
  const [{ schema, model }] = entries;
  return { schema, model, images: entries.map(({ schema, model, ...entry }) => entry), failures };
}

/** A table of entries, a row a face, with the columns of mien image --out FILE.csv or, of frames, of mien video. */
export function table(entries, model, labels) {
  const timed = entries.some((entry) => "frame" in entry), name = `${model.name} ${model.version} ${model.sha256.slice(0, 12)} prior ${+model.prior.toPrecision(6)}`;
  const rows = entries.flatMap((entry) => entry.faces.map((face, number) => row(entry, face, number, timed, labels, name)));
  const columns = Object.keys(rows[0] ?? row({}, { box: [], landmarks: [], probabilities: {} }, 0, timed, labels, name));
  return [columns, ...rows.map((cells) => columns.map((column) => cells[column]))].map((cells) => cells.map(cell).join(",") + "\n").join("");
}

function row(entry, face, number, timed, labels, model) {
  const points = Array.from({ length: 5 }, (_, k) => face.landmarks[k] ?? [null, null]);
  const named = (names, values) => Object.fromEntries(names.map((name, k) => [name, values[k]]));
  const { path, frame, time_s, width, height } = entry, { score, quality, emotion, confidence, uncertain, valence, intensity } = face;
  return {
    path, ...(timed ? { frame, time_s } : {}), width, height, face: number, ...(timed ? { id: face.id } : { turned: entry.turned ?? 0 }),
    ...named(["x1", "y1", "x2", "y2"], face.box), score, ...named(ANGLES, ANGLES.map((angle) => face.pose?.[angle])),
    quality, emotion, confidence, uncertain, valence, intensity,
    ...named(labels.map((label) => `p_${label}`), labels.map((label) => face.probabilities[label])),
    ...(timed ? named(labels.map((label) => `raw_${label}`), labels.map((label) => face.raw?.[label])) : {}),
    ...Object.assign({}, ...points.map(([x, y], k) => ({ [`lm${k}_x`]: x, [`lm${k}_y`]: y }))), model,
  };
}

function cell(value) {
  const text = value === null || value === undefined ? "" : value === true ? "True" : value === false ? "False" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Save a PNG of what is shown, in its own size, with the marks of an entry. */
export async function saveMarked(stem, medium, entry, colours, mirrored) {
  const canvas = new OffscreenCanvas(medium.videoWidth ?? medium.naturalWidth, medium.videoHeight ?? medium.naturalHeight);
  drawMarked(canvas, medium, entry, colours, mirrored);
  download(`${stem}.mien.png`, await canvas.convertToBlob({ type: "image/png" }));
}

/** Draw a picture over the whole of a canvas, and the marks of an entry on it. */
export function drawMarked(canvas, picture, entry, colours, mirrored) {
  const { width, height } = canvas, context = canvas.getContext("2d");
  if (mirrored) context.setTransform(-1, 0, 0, 1, width, 0);
  context.drawImage(picture, 0, 0, width, height);
  context.setTransform(1, 0, 0, 1, 0, 0);
  paint(context, width, height, entry, colours, mirrored);
}

/** Hand a file to the visitor. */
export function download(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
