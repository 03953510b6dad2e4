// The entries of docs/SCHEMA.md.
import { headPose } from "./pose.js";

/** @typedef {import("./types.d.ts").Face} Face */

const NEGATIVE = ["sadness", "anger", "disgust", "fear"];

const rounded = (value, digits) => Number(value.toFixed(digits)) + 0;
const pixels = (values) => values.map((value) => rounded(value, 2));
const share = (values, labels) => Object.fromEntries(labels.map((label, k) => [label, rounded(values[k], 4)]));

/** @returns {Face} */
export function faceEntry({ id, box, landmarks, score, quality, probs, column, uncertain, raw }, labels, turned) {
  const pose = headPose(landmarks, turned), probabilities = share(probs, labels);
  return {
    ...(id === undefined ? {} : { id }),
    box: pixels(box),
    landmarks: landmarks.map(pixels),
    score: rounded(score, 4),
    ...(pose ? { pose: Object.fromEntries(Object.entries(pose).map(([name, angle]) => [name, rounded(angle, 1)])) } : {}),
    quality,
    emotion: labels[column],
    confidence: rounded(probs[column], 4),
    uncertain,
    ...indices(probabilities),
    probabilities,
    ...(raw ? { raw: share(raw, labels) } : {}),
  };
}

/** Valence and intensity (docs/VALENCE.md), null where the emotions do not tell them. */
function indices(shares) {
  const told = ["happiness", ...NEGATIVE].every((name) => name in shares);
  const valence = told ? rounded(shares.happiness - Math.max(...NEGATIVE.map((name) => shares[name])), 4) : null;
  return { valence, intensity: "neutral" in shares ? rounded(1 - shares.neutral, 4) : null };
}

export function pictureEntry(name, { width, height }, faces, turned = 0, when = {}) {
  return { path: name, ...when, width, height, ...(turned ? { turned } : {}), faces };
}
