// What the page computes, apart from what it shows.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Chosen } from "../../src/mien/apps/web/static/chosen.js";
import { frameSize, goingOn } from "../../src/mien/apps/web/static/frames.js";
import { counted } from "../../src/mien/apps/web/static/gallery.js";
import { Seen } from "../../src/mien/apps/web/static/seen.js";

test("an entry goes on from those of an earlier stream", () => {
  const entry = { frame: 0, faces: [{ id: 1, box: [0, 0, 1, 1] }, { id: -1 }], not_people: [1, -1] };
  const later = goingOn(entry, { frame: 41, id: 7 });
  assert.deepEqual(later, { frame: 42, faces: [{ id: 8, box: [0, 0, 1, 1] }, { id: -1 }], not_people: [8, -1] });
});

test("frames are kept under the name of their source, whichever stream they come by", () => {
  const seen = new Seen(), found = { frame: 0, time_s: 0, faces: [{ id: 3 }, { id: 1 }], not_people: [1] };
  assert.deepEqual(seen.add(found, "camera").faces, [{ id: 3 }]);
  seen.goOn();
  assert.deepEqual(seen.add(found, "camera").faces, [{ id: 6 }]);
  assert.deepEqual(seen.frames.map(({ path, frame }) => [path, frame]), [["camera", 0], ["camera", 1]]);
});

test("the last twenty minutes of 30 frames a second are kept", () => {
  const seen = new Seen();
  for (let frame = 0; frame <= 20 * 60 * 30; frame++) seen.add({ frame, time_s: frame / 30, faces: [] }, "camera");
  assert.equal(seen.frames.length, 36000);
  assert.equal(seen.frames[0].frame, 1);
});

test("frames are reduced to 1280 pixels, and never enlarged", () => {
  assert.deepEqual(frameSize({ videoWidth: 1920, videoHeight: 1080 }), [1280, 720]);
  assert.deepEqual(frameSize({ videoWidth: 480, videoHeight: 640 }), [480, 640]);
});

test("a picture that is read anew meanwhile gets the later answer alone", async () => {
  globalThis.document = { getElementById: () => ({ querySelectorAll: () => [], replaceChildren() {} }) };
  const answers = [], chosen = new Chosen(null, () => new Promise((done) => answers.push(done))), item = { kind: "picture" };
  chosen.open([item]);
  const first = chosen.read(item);
  chosen.forget(() => true);
  const second = chosen.read(item);
  answers[0]("by the settings of before");
  await first;
  assert.equal(item.entry, undefined);
  answers[1]("by those of now");
  await second;
  assert.equal(item.entry, "by those of now");
});

test("faces are counted in words, and those that are uncertain", () => {
  const faces = (...doubts) => ({ faces: doubts.map((uncertain) => ({ uncertain })) });
  const said = [faces(), faces(false), faces(true), faces(true, false, false), faces(true, true)].map((entry) => counted(entry));
  assert.deepEqual(said, ["no face", "1 face", "1 face, uncertain", "3 faces, 1 uncertain", "2 faces, all uncertain"]);
  assert.equal(counted(faces(true, false), " found"), "2 faces found, 1 uncertain");
});
