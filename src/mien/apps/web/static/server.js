// The API of the server that the page came from.
import { frameSize } from "./frames.js";

const GONE = "the server is gone; start it again with 'mien web', and the page goes on";
const UNREACHABLE = "the site cannot be reached; connect to the network";
const CLOSED = "the server closed the stream, or takes no more of them at present; the page tries again";
const BUSY = [429, 503];
const POLICY_VIOLATION = 1008; // as what it closes, a stream would be refused again

/** An error that passes once the server is there, or has time, again. */
const gone = (words = GONE) => Object.assign(new Error(words), { isGone: true });

/** What the page must know before the first answer; of a site without a server, a file tells. */
export const about = async (isSite) => answered(await (isSite ? sent("model.json", undefined, UNREACHABLE) : sent("v1/model")));

export class Server {
  /** The document of a picture file (docs/SCHEMA.md); throws an Error that says what is wrong with it. */
  async picture(file, settings) {
    const query = new URLSearchParams({ ...settings, name: file.name || "picture" });
    const { schema, model, images: [entry] } = await answered(await sent(`v1/images?${query}`, file));
    return { ...entry, schema, model };
  }

  /** A picture file as a JPEG, for one that the browser cannot show. */
  async preview(file) {
    const response = await sent(`v1/preview?${new URLSearchParams({ name: file.name || "picture" })}`, file);
    if (!response.ok) throw new Error(`the server answers ${response.status}`);
    return response.blob();
  }

  /** What follows one video or camera. */
  follow(settings) {
    return new Feed(settings);
  }
}

/** Whether the server answers again. */
export const isBack = () => about(false).then(() => true, () => false);

// As bytes: the server would read a file of type application/json or a form as what holds several pictures.
const sent = (address, body, why = GONE) => fetch(address, body && { method: "POST", body, headers: { "Content-Type": "application/octet-stream" } })
  .catch(() => { throw gone(why); });

async function answered(response) {
  const answer = await response.json().catch(() => ({ detail: `the server answers ${response.status}` }));
  if (BUSY.includes(response.status)) throw gone(answer.detail);
  if (!response.ok) throw new Error(answer.detail);
  return answer;
}

/** One source, frame by frame. One frame is on its way at a time, so that none ever waits for older ones. */
class Feed {
  #socket;
  #settle = null;
  #refusal = ""; // what the server said before it closed the stream
  #why;

  constructor(settings) {
    const address = new URL(`v1/stream?${new URLSearchParams(settings)}`, document.baseURI);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    this.#socket = new WebSocket(address);
    this.#socket.binaryType = "arraybuffer";
    this.opened = new Promise((done, failed) => {
      this.#socket.onopen = done;
      this.#socket.onclose = async ({ code }) => {
        this.#why = code === POLICY_VIOLATION ? new Error(this.#refusal) : await isBack() ? gone(CLOSED) : gone();
        failed(this.#why);
        this.#settle?.failed(this.#why);
      };
    });
    this.opened.catch(() => {});
    this.#socket.onmessage = (event) => {
      const answer = JSON.parse(event.data);
      if (!answer.error) return this.#settle?.done(answer);
      this.#refusal = answer.error;
      this.#settle?.failed(Object.assign(new Error(answer.error), { isOfFrame: true }));
    };
  }

  /** What the faces of a film's present frame show: an entry (docs/SCHEMA.md). */
  async ask(time_s, film) {
    const picture = await grabbed(film);
    await this.opened;
    const message = new Uint8Array(8 + picture.size);
    new DataView(message.buffer).setFloat64(0, time_s, true);
    message.set(new Uint8Array(await picture.arrayBuffer()), 8);
    if (this.#socket.readyState !== WebSocket.OPEN) throw this.#why ?? gone();
    return new Promise((done, failed) => {
      this.#settle = { done, failed };
      this.#socket.send(message);
    });
  }

  close() {
    this.#socket.onclose = null;
    this.#socket.close();
  }
}

async function grabbed(film) {
  const canvas = new OffscreenCanvas(...frameSize(film));
  canvas.getContext("2d").drawImage(film, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
}
