// A film of the marked picture, of the frames that were analysed.
import { drawMarked } from "./save.js";

const KIND = "video/webm", PART_MS = 1000;

export const canRecord = "CanvasCaptureMediaStreamTrack" in window && "MediaRecorder" in window && MediaRecorder.isTypeSupported(KIND);

export class Recorder {
  #canvas = document.createElement("canvas");
  #recorder;
  #parts = [];

  /** @param {number} width of the film in pixels, as its height */
  constructor(width, height) {
    Object.assign(this.#canvas, { width, height });
    const frames = this.#canvas.captureStream(0); // one for each that is asked for
    this.#recorder = new MediaRecorder(frames, { mimeType: KIND });
    this.#recorder.ondataavailable = ({ data }) => this.#parts.push(data);
    this.#recorder.start(PART_MS);
  }

  /** Add a frame, with its marks. */
  add(frame, entry, colours, mirrored) {
    drawMarked(this.#canvas, frame, entry, colours, mirrored);
    this.#recorder.stream.getVideoTracks()[0].requestFrame();
  }

  /** The film, as a file. */
  end() {
    return new Promise((done) => {
      this.#recorder.onstop = () => done(new Blob(this.#parts, { type: KIND }));
      this.#recorder.stop();
    });
  }
}
