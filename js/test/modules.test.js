// The modules against what Python's code answers (golden.json, written by golden.py).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { alike, lookOf } from "../../src/mien/apps/web/static/mien/appearance.js";
import { assign } from "../../src/mien/apps/web/static/mien/assignment.js";
import { inside, iou, leftToRight, nms } from "../../src/mien/apps/web/static/mien/boxes.js";
import { readCard, uncertainAt } from "../../src/mien/apps/web/static/mien/card.js";
import { cropFace } from "../../src/mien/apps/web/static/mien/crop.js";
import { grey, part, picture, turn } from "../../src/mien/apps/web/static/mien/picture.js";
import { People } from "../../src/mien/apps/web/static/mien/people.js";
import { headPose } from "../../src/mien/apps/web/static/mien/pose.js";
import { shownAt } from "../../src/mien/apps/web/static/mien/priors.js";
import { quality, sharpness } from "../../src/mien/apps/web/static/mien/quality.js";
import { resizeTo } from "../../src/mien/apps/web/static/mien/resize.js";
import { findNear } from "../../src/mien/apps/web/static/mien/roi.js";
import { novelty, ShotDetector, thumbnail } from "../../src/mien/apps/web/static/mien/shots.js";
import { merge, scales, tiles } from "../../src/mien/apps/web/static/mien/sliced.js";
import { Hysteresis, Smoother } from "../../src/mien/apps/web/static/mien/smoothing.js";
import { Tracker } from "../../src/mien/apps/web/static/mien/tracker.js";
import { searchTurned } from "../../src/mien/apps/web/static/mien/turns.js";
import { documentOf, table } from "../../src/mien/apps/web/static/save.js";
import { decode, toBatch } from "../../src/mien/apps/web/static/mien/yunet_net.js";

const golden = JSON.parse(readFileSync(new URL("golden.json", import.meta.url)));
const weights = new URL("../../src/mien/weights/mien.onnx", import.meta.url);

/** The picture of golden.py's pattern, as RGBA. */
function pattern(width, height, seed = 0) {
  const made = picture(width, height, 4);
  for (let y = 0, to = 0; y < height; y++) for (let x = 0; x < width; x++, to += 4) {
    const grain = (x * y * 13 + x * 5) % 32;
    for (let c = 0; c < 3; c++) {
      const slope = Math.abs((x * (7 + seed) + y * (5 + 2 * seed) + c * 50) % 510 - 255);
      made.data[to + c] = Math.min(255, Math.floor(slope * 7 / 8) + grain);
    }
    made.data[to + 3] = 255;
  }
  return made;
}

/** Pattern pictures side by side. */
function row(width, height, count) {
  const made = picture(width * count, height, 4);
  for (let k = 0; k < count; k++) {
    const one = pattern(width, height, k);
    for (let y = 0; y < height; y++) made.data.set(one.data.subarray(4 * y * width, 4 * (y + 1) * width), 4 * (y * width * count + k * width));
  }
  return made;
}

const rgb = ({ data }) => Array.from(data).filter((_, k) => k % 4 !== 3);
const close = (got, expected, within, about) => {
  assert.equal(got.length, expected.length, about);
  got.forEach((value, k) => assert.ok(Math.abs(value - expected[k]) <= within, `${about ?? ""}: ${value} is not ${expected[k]} (at ${k})`));
};
const faces = (boxes, scores) => boxes.map((box, k) => ({ box, score: scores[k], landmarks: [[0, 0], [0, 0], [0, 0], [0, 0], [0, 0]] }));

test("pictures are resized to the same pixels", () => {
  for (const { of: [width, height], to, pixels } of golden.resize) close(rgb(resizeTo(pattern(width, height), to)), pixels, 1, `${width}x${height} to ${to}`);
});

test("most resized pixels are the very same", () => {
  const off = golden.resize.flatMap(({ of, to, pixels }) => rgb(resizeTo(pattern(...of), to)).map((value, k) => value - pixels[k]));
  assert.ok(off.filter(Boolean).length < 0.02 * off.length, `${off.filter(Boolean).length} of ${off.length} differ`);
});

test("a picture is turned and cut", () => {
  const whole = pattern(5, 3);
  assert.deepEqual(turn(turn(whole, 90), 270), whole);
  assert.deepEqual(turn(turn(whole, 180), 180), whole);
  assert.deepEqual(rgb(part(turn(whole, 90), 0, 0, 1, 1)), rgb(part(whole, 0, 2, 1, 3)));
});

test("boxes overlap, and of many one stands for each face", () => {
  assert.equal(iou([0, 0, 10, 10], [5, 0, 15, 10]), 50 / 150);
  assert.equal(inside([0, 0, 10, 10], [2, 2, 4, 4]), 1);
  assert.equal(iou([0, 0, 0, 9], [0, 0, 0, 9]), 0);
  const { boxes, scores, kept } = golden.boxes;
  assert.deepEqual(nms(faces(boxes, scores), 0.3).map(({ box }) => box), kept);
  assert.deepEqual(leftToRight(faces([[4, 0, 6, 2], [0, 4, 2, 6], [0, 0, 2, 2]], [1, 1, 1])).map(({ box: [x, y] }) => [x, y]), [[0, 0], [0, 4], [4, 0]]);
});

test("the detector's outputs are decoded to the same faces", () => {
  const { raw, size, min_score, faces: expected } = golden.yunet_net;
  const columns = (rows, from, to) => Float32Array.from(rows.flatMap((one) => one.slice(from, to)));
  const levels = raw.map((rows, k) => ({
    stride: 8 << k, columns: size[0] / (8 << k), cls: columns(rows, 0, 1), obj: columns(rows, 1, 2), bbox: columns(rows, 2, 6), kps: columns(rows, 6, 16),
  }));
  const found = decode(levels, min_score);
  assert.equal(found.length, expected.length);
  found.forEach((face, k) => {
    close(face.box, expected[k].box, 1e-3);
    close(face.landmarks.flat(), expected[k].landmarks.flat(), 1e-3);
    close([face.score], [expected[k].score], 1e-5);
  });
});

test("pictures become a batch of BGR with black right and below", () => {
  const { data, dims } = toBatch([pattern(40, 20), pattern(40, 20, 1)]), [blue] = [pattern(40, 20, 1).data[2]];
  assert.deepEqual(dims, [2, 3, 32, 64]);
  assert.equal(data[3 * 32 * 64], blue);
  assert.equal(data[40], 0);
});

test("tiles are planned and merged alike", () => {
  for (const { of: [width, height], scales: expected, tiles: [last] } of golden.sliced.plans) {
    close(scales(width, height), expected, 1e-6);
    if (last) assert.deepEqual(tiles(width, height, scales(width, height).at(-1)), last);
  }
  const { boxes, scores, merged } = golden.sliced;
  assert.deepEqual(merge(faces(boxes, scores)).map(({ box }) => box), merged);
});

test("a face of a turned picture is told in pixels of the unturned one", async () => {
  const whole = pattern(30, 20), [x1, y1] = [3, 4];
  for (const degrees of [90, 180, 270]) {
    const seen = { 90: [20 - y1 - 5, x1], 180: [30 - x1 - 6, 20 - y1 - 5], 270: [y1, 30 - x1 - 6] }[degrees], [w, h] = degrees === 180 ? [6, 5] : [5, 6];
    const find = async () => faces([[...seen, seen[0] + w, seen[1] + h]], [1]);
    assert.deepEqual((await searchTurned(find, whole, degrees))[0].box, [3, 4, 9, 9]);
  }
});

test("faces are cut to the same crops", () => {
  const whole = pattern(60, 48);
  for (const { box, landmarks, turn: turned, spec, pixels } of golden.crop) {
    const crop = cropFace(whole, { box, landmarks }, turned, spec);
    close(spec.channels === 1 ? Array.from(crop.data) : rgb(crop), pixels, 1, `${box}`);
  }
  assert.deepEqual(new Set(cropFace(whole, { box: [NaN, 0, 1, 1], landmarks: [] }, 0, golden.crop[0].spec).data), new Set([0]));
});

test("sharpness and quality are judged alike", () => {
  for (const { size, seed, sharpness: expected } of golden.quality) {
    const { data } = pattern(size, size, seed), red = picture(size, size, 1, data.filter((_, k) => k % 4 === 0));
    close([sharpness(red)], [expected], 0.002);
  }
  const sharp = grey(pattern(48, 48)), points = golden.pose[0].landmarks;
  assert.equal(quality({ box: [0, 0, 20, 23], landmarks: points }, 0, sharp), "small");
  assert.equal(quality({ box: [0, 0, 80, 80], landmarks: golden.pose[1].landmarks }, 0, sharp), "turned");
  assert.equal(quality({ box: [0, 0, 80, 80], landmarks: points }, 0, picture(48, 48, 1)), "blurred");
});

test("heads are turned by the same angles", () => {
  for (const { landmarks, turn: turned, pose } of golden.pose) close(Object.values(headPose(landmarks, turned)), pose, 0.1);
  assert.equal(headPose([[1, 1], [1, 1], [1, 1], [1, 1], [1, 1]]), null);
});

test("probabilities are shown alike at a prior", () => {
  for (const { probs, shares, count, prior, shown } of golden.priors) close(shownAt(probs, shares, count, prior), shown, 1e-5);
});

test("the card is read out of the model", () => {
  const card = readCard(new Uint8Array(readFileSync(weights)));
  assert.deepEqual(card.labels, golden.card.labels);
  assert.equal(card.prior, golden.card.prior);
  for (const [prior, expected] of golden.card.uncertain) close([uncertainAt(card, prior)], [expected], 1e-6);
  assert.throws(() => readCard(new Uint8Array()), /carries no card/);
  assert.throws(() => readCard(new TextEncoder().encode("no model at all")), /no ONNX model/);
});

test("probabilities are averaged over time, and the shown emotion is steady", () => {
  const smoother = new Smoother(0.3), hysteresis = new Hysteresis(1);
  for (const { time_s, ids, probs, smooth, shown } of golden.smoothing) {
    const got = smoother.smooth(ids, probs, time_s);
    got.forEach((values, k) => close(values, smooth[k], 1e-5, `at ${time_s} s`));
    assert.deepEqual(hysteresis.shown(ids, got, time_s), shown);
  }
});

test("pairs are assigned for the largest sum", () => {
  assert.deepEqual(assign([]), []);
  const merit = Array.from({ length: 4 }, (_, r) => Array.from({ length: 5 }, (_, c) => (r * 37 + c * 91 + r * c * 53) % 101));
  const sum = (pairs) => pairs.reduce((total, [r, c]) => total + merit[r][c], 0);
  let most = 0;
  const each = (r, taken) => {
    if (r === 4) most = Math.max(most, sum(taken.map((c, k) => [k, c])));
    else for (let c = 0; c < 5; c++) if (!taken.includes(c)) each(r + 1, [...taken, c]);
  };
  each(0, []);
  assert.equal(sum(assign(merit)), most);
  const turned = merit[0].map((_, c) => merit.map((values) => values[c]));
  assert.equal(sum(assign(turned).map(([c, r]) => [r, c])), most);
});

test("faces keep the same ids", () => {
  const tracker = new Tracker();
  for (const { time_s, boxes, ids } of golden.tracker) assert.deepEqual(tracker.track(boxes.map((box) => ({ box })), time_s), ids, `at ${time_s} s`);
});

test("a face that looks different does not take an id, and a cut begins anew", () => {
  const whole = row(60, 80, 4), [one, other] = [0, 3].map((k) => lookOf(whole, golden.seen.boxes[k]));
  assert.equal(alike(one, other), false);
  const tracker = new Tracker(), at = (look) => [{ box: [0, 0, 40, 40], look }];
  assert.deepEqual([tracker.track(at(one), 0), tracker.track(at(one), 0.1), tracker.track(at(other), 0.2)], [[1], [1], [2]]);
  tracker.cut();
  assert.deepEqual(tracker.track(at(other), 0.3), [3]);
});

test("faces look like each other as far as in Python", () => {
  const whole = row(60, 80, 4), { boxes, colours, shading } = golden.seen;
  const seen = boxes.map((box) => lookOf(whole, box)), parts = 3 * 8 ** 3;
  const product = (a, b, from, to) => a.slice(from, to).reduce((sum, value, k) => sum + value * b[from + k], 0);
  seen.forEach((a, r) => {
    close(seen.map((b) => product(a, b, 0, parts)), colours[r], 0.05, "colours");
    close(seen.map((b) => product(a, b, parts, a.length)), shading[r], 0.02, "shading");
  });
  assert.equal(lookOf(whole, [900, 900, 950, 950]), undefined);
});

test("a cut to another scene is seen", () => {
  const thumbs = [0, 1, 2].map((seed) => thumbnail(pattern(320, 180, seed)));
  thumbs.forEach((one, k) => close(thumbs.map((other) => novelty(one, other)), golden.seen.novelty[k], 0.02));
  const shots = new ShotDetector(), black = thumbnail(picture(320, 180, 4));
  assert.deepEqual([thumbs[0], thumbs[0], black, thumbs[2]].map((one) => shots.cuts(one)), [false, false, false, golden.seen.novelty[0][2] > 0.3]);
});

test("who counts as a person is told alike", async () => {
  const { of: [width, height], light, frames } = golden.people, pixels = pattern(width, height);
  const people = new People(async (view) => rgb(view).reduce((sum, value) => sum + value, 0) / (3 * view.width * view.height * light));
  for (const { time_s, faces: found, not_people } of frames)
    assert.deepEqual(await people.add(found, { pixels, width }, time_s), not_people, `at ${time_s} s`);
});

test("results are saved as the same table", () => {
  const { entries, labels, csv } = golden.table, cells = (text) => text.trimEnd().split("\n").map((line) => line.split(","));
  const [found, expected] = [table(entries, entries[0].model, labels), csv].map(cells);
  assert.deepEqual(found[0], expected[0]);
  assert.equal(found.length, expected.length);
  found.flat().forEach((cell, k) => assert.ok(cell === expected.flat()[k] || Number(cell) === Number(expected.flat()[k]), `${cell} is not ${expected.flat()[k]}`));
  const { images, failures, schema } = documentOf(entries, []);
  assert.deepEqual([images.length, "model" in images[0], failures, schema], [2, false, [], entries[0].schema]);
});

test("names are quoted in tables, and of no face there is the head alone", () => {
  const { entries, labels } = golden.table, [, { faces }] = entries;
  assert.match(table([{ ...entries[1], path: 'a "b", c.png', faces }], entries[1].model, labels), /\n"a ""b"", c.png",/);
  assert.equal(table([entries[0]], entries[0].model, labels).split("\n").length, 2);
});

test("known faces are searched in the same regions", async () => {
  for (const { of: [width, height], known, searched, boxes } of golden.roi) {
    const sizes = [], find = async ({ width: w, height: h }) => {
      sizes.push([w, h]);
      return faces([[w / 2 - 35, h / 2 - 35, w / 2 + 35, h / 2 + 35]], [1]);
    };
    const found = await findNear({ find }, pattern(width, height), known);
    assert.deepEqual(sizes, searched);
    close(found.flatMap(({ box }) => box), boxes.flat(), 0.01);
  }
});
