// What was chosen: read one picture after the other, and listed where it is several files.
import { Gallery } from "./gallery.js";
import { sayPace } from "./status.js";

export class Chosen {
  items = [];
  #shown = null;
  #gallery;
  #read;

  /**
   * @param choose is called with the item that is pressed in the list
   * @param {(file: File) => Promise<object>} read reads a picture, to its entry
   */
  constructor(choose, read) {
    this.#gallery = new Gallery(document.getElementById("gallery"), choose);
    this.#read = read;
  }

  /** Begin anew with these items. */
  open(items) {
    this.items = items;
    this.#gallery.open(items);
  }

  /** Tell what is known of all by now, and which of them is shown. */
  show(shown) {
    this.#shown = shown;
    this.#gallery.show(this.items, shown);
  }

  /** Read a picture, once: its item gets the entry or the error, unless it was forgotten meanwhile. */
  read(item) {
    if (item.reading) return item.reading;
    const reading = this.#read(item.file)
      .then((entry) => ({ entry }), (error) => ({ error }))
      .then((found) => { if (item.reading === reading) Object.assign(item, found); });
    return item.reading = reading;
  }

  async readAll() {
    const mine = this.items, pictures = mine.filter(({ kind }) => kind === "picture");
    for (const item of pictures) {
      await this.read(item);
      if (mine !== this.items) return;
      this.show(this.#shown);
      if (pictures.length > 1) sayPace(`${pictures.filter(({ entry, error }) => entry || error).length} of ${pictures.length} done`);
    }
  }

  /** Have those read anew of which this is true. */
  forget(isMeant) {
    for (const item of this.items.filter(isMeant)) delete item.reading, delete item.entry, delete item.error;
  }
}
