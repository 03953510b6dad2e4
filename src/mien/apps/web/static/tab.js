// The same answers as the server's, made in this tab by a worker: no picture leaves it.
import { frameSize } from "./frames.js";

/** What the server is too: pictures and streams to their entries. */
export class Tab {
  #worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  #waiting = new Map();
  #count = 0;

  /** @param settings of the server's analyzer */
  constructor(settings) {
    this.#worker.onmessage = ({ data: { number, answer, error } }) => {
      const { done, failed } = this.#waiting.get(number);
      this.#waiting.delete(number);
      if (error === undefined) done(answer);
      else failed(new Error(error));
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      for (const { failed } of this.#waiting.values()) failed(new Error(`this tab cannot run the nets: ${event.message || "its worker does not start"}`));
      this.#waiting.clear();
    };
    /** Resolves to the number of threads in which the nets run. */
    this.ready = this.#ask("load", { settings });
    this.ready.catch(() => {});
  }

  async picture(file, settings) {
    await this.ready;
    return this.#ask("picture", { file, name: file.name || "picture", settings });
  }

  follow(settings) {
    const stream = ++this.#count;
    const begun = this.ready.then(() => this.#ask("begin", { stream, settings }));
    begun.catch(() => {});
    return {
      ask: async (time_s, film) => {
        await begun;
        const [resizeWidth, resizeHeight] = frameSize(film);
        const bitmap = await createImageBitmap(film, { resizeWidth, resizeHeight });
        return this.#ask("frame", { stream, time_s, bitmap }, [bitmap]);
      },
      close: () => { begun.then(() => this.#ask("end", { stream })).catch(() => {}); },
    };
  }

  #ask(task, details, moved = []) {
    const number = ++this.#count;
    return new Promise((done, failed) => {
      this.#waiting.set(number, { done, failed });
      this.#worker.postMessage({ number, task, ...details }, moved);
    });
  }
}
