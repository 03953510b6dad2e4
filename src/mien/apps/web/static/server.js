// The API of the server that the page came from.

const GONE = "the server is gone; start it again with 'mien web', then load this page again";

export async function aboutModel() {
  return asked("/api/model");
}

/** The document of a picture file (docs/SCHEMA.md); throws an Error that says what is wrong with it. */
export async function analysed(file, settings) {
  const query = new URLSearchParams({ ...settings, name: file.name || "picture" });
  return asked(`/api/image?${query}`, { method: "POST", body: file });
}

async function asked(address, options) {
  const response = await fetch(address, options).catch(() => { throw new Error(GONE); });
  const answer = await response.json().catch(() => ({ error: `the server answers ${response.status}` }));
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

/** One source, frame by frame. One frame is on its way at a time, so that none ever waits for older ones. */
export class Feed {
  #socket;
  #settle = null;

  constructor(settings) {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.#socket = new WebSocket(`${scheme}://${location.host}/api/stream?${new URLSearchParams(settings)}`);
    this.#socket.binaryType = "arraybuffer";
    this.opened = new Promise((done, failed) => {
      this.#socket.onopen = done;
      this.#socket.onclose = () => {
        const why = new Error(GONE);
        failed(why);
        this.#settle?.failed(why);
      };
    });
    this.opened.catch(() => {});
    this.#socket.onmessage = (event) => {
      const answer = JSON.parse(event.data), settle = this.#settle;
      if (answer.error) settle?.failed(new Error(answer.error));
      else settle?.done(answer);
    };
  }

  /** What the faces of a frame show: an entry (docs/SCHEMA.md). */
  async ask(time_s, picture) {
    await this.opened;
    const message = new Uint8Array(8 + picture.size);
    new DataView(message.buffer).setFloat64(0, time_s, true);
    message.set(new Uint8Array(await picture.arrayBuffer()), 8);
    if (this.#socket.readyState !== WebSocket.OPEN) throw new Error(GONE);
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
