// A film of the marked picture, of the frames that are analysed while it is made.
import { download, drawMarked } from "./save.js";
import { say } from "./status.js";

const KIND = "video/webm", PART_MS = 1000;

export const canRecord = "CanvasCaptureMediaStreamTrack" in window && "MediaRecorder" in window && MediaRecorder.isTypeSupported(KIND);

export class Recorder {
  #changed;
  #made = null; // while it records

  /** @param {() => void} changed is called when a film begins or ends */
  constructor(changed) {
    this.#changed = changed;
  }

  get isOn() {
    return this.#made !== null;
  }

  /** Begin a film as large as what is recorded; stem is what its file is called. */
  begin({ videoWidth: width, videoHeight: height }, stem) {
    const canvas = Object.assign(document.createElement("canvas"), { width, height }), parts = [];
    const recorder = new MediaRecorder(canvas.captureStream(0), { mimeType: KIND }); // one frame for each that is asked for
    recorder.ondataavailable = ({ data }) => parts.push(data);
    recorder.start(PART_MS);
    this.#made = { canvas, recorder, parts, stem };
    this.#changed();
  }

  /** The frame that a film shows, to be added once its marks are known; null where nothing is recorded. */
  grab(film) {
    return this.isOn ? createImageBitmap(film) : null;
  }

  /** Add a frame, with its marks, if the film has not ended meanwhile. */
  add(frame, entry, colours, mirrored) {
    if (this.isOn) {
      drawMarked(this.#made.canvas, frame, entry, colours, mirrored);
      this.#made.recorder.stream.getVideoTracks()[0].requestFrame();
    }
    frame.close();
  }

  /** End the film, if one is made, and hand it to the visitor. */
  async end() {
    if (!this.isOn) return;
    const { recorder, parts, stem } = this.#made;
    this.#made = null;
    this.#changed();
    await new Promise((done) => { recorder.onstop = done; recorder.stop(); });
    const film = new Blob(parts, { type: KIND });
    if (film.size) download(`${stem}.mien.webm`, film);
    else say("nothing is recorded: no frame was analysed meanwhile", true);
  }
}
