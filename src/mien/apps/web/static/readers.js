// Who reads pictures: the server, or this tab.
import { keep, kept } from "./kept.js";
import { Server } from "./server.js";
import { Tab } from "./tab.js";
import { serverOnceBack } from "./waiting.js";

const choice = (place) => document.querySelector(`#where [value=${place}]`);
const tell = (words) => { document.getElementById("wheresays").textContent = words; };

export class Readers {
  #tab;
  #changed;
  #back;
  #readers = {};
  #where = "server";
  #isWaiting = false;

  /**
   * @param tab what the server tells of reading in a tab
   * @param {boolean} isSite whether there is no server
   * @param {() => void} changed is called when pictures are to be read anew
   * @param {() => void} back is called when a server that was gone is back
   */
  constructor(tab, isSite, changed, back) {
    [this.#tab, this.#changed, this.#back] = [tab, changed, back];
    for (const button of document.querySelectorAll("#where input")) button.onchange = () => this.#choose(button.value);
    choice("tab").disabled = Boolean(tab.why_not);
    if (tab.why_not) tell(`(${tab.why_not})`);
    choice("server").parentElement.hidden = isSite;
    if (isSite || (kept().where === "tab" && !tab.why_not)) this.#choose("tab");
  }

  /** The one that is chosen. */
  get chosen() {
    return this.#readers[this.#where] ??= this.#where === "tab" ? new Tab(this.#tab) : new Server();
  }

  /** The entry of a picture file. */
  picture(file, settings) {
    return this.chosen.picture(file, settings).catch((error) => {
      if (error.isGone) this.waitForServer();
      throw error;
    });
  }

  get isServer() {
    return this.#where === "server";
  }

  async waitForServer() {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    await serverOnceBack(() => this.isServer);
    this.#isWaiting = false;
    if (this.isServer) this.#back();
  }

  async #choose(place) {
    this.#where = place;
    keep({ where: place });
    choice(place).checked = true;
    tell(place === "tab" ? "loading the models…" : "");
    try {
      if (place === "tab") tell(readyIn(await this.chosen.ready));
    } catch (error) {
      delete this.#readers.tab;
      return tell(error.message);
    }
    this.#changed();
  }
}

const readyIn = (threads) => `ready, also offline (WebAssembly, ${threads === 1 ? "1 thread" : `${threads} threads`})`;
