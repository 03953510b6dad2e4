// What a visitor can set, which survives a reload.
import { keep, kept } from "./kept.js";

const part = (id) => document.getElementById(id);

export class Settings {
  #colours;

  /**
   * @param model what the server tells of itself
   * @param {() => void} changed is called when pictures are to be read anew
   * @param {() => void} turned is called when the camera is to be shown the other way round
   */
  constructor(model, changed, turned) {
    this.#colours = model.colours;
    part("prior").value = kept().prior ?? model.model.prior;
    part("contempt").checked = model.tells_contempt && (kept().contempt ?? model.labels.includes("contempt"));
    part("mirror").checked = kept().mirror ?? true;
    part("apart").hidden = !model.tells_contempt;
    this.#tell();
    for (const id of ["prior", "contempt"]) part(id).onchange = () => {
      this.#tell();
      keep({ ...this.asked, contempt: part("contempt").checked });
      changed();
    };
    part("prior").oninput = () => this.#tell();
    part("mirror").onchange = () => { keep({ mirror: this.mirror }); turned(); };
  }

  /** What is asked of who reads a picture. */
  get asked() {
    return { prior: part("prior").value, view: part("contempt").checked ? "eight" : "seven" };
  }

  get prior() {
    return Number(part("prior").value);
  }

  get mirror() {
    return part("mirror").checked;
  }

  /** The emotions that are told apart. */
  get labels() {
    return Object.keys(this.#colours).filter((label) => label !== "contempt" || part("contempt").checked);
  }

  #tell() {
    const names = { 0: "as rare as in photos of FER2013", 1: "as common as the others" };
    part("priorsays").textContent = names[this.prior] ?? `${Math.round(100 * this.prior)} % of the way to as common as the others`;
    part("legend").replaceChildren(...this.labels.map((label) => this.#colour(label)), this.#colour("uncertain"));
  }

  #colour(label) {
    const item = document.createElement("li");
    item.textContent = label;
    item.className = label in this.#colours ? "" : label;
    item.style.setProperty("--colour", this.#colours[label]);
    return item;
  }
}
