// Several files: each with a small picture, and what was found in it so far.

export class Gallery {
  #list;
  #choose;

  /** @param choose is called with the item that is pressed */
  constructor(list, choose) {
    [this.#list, this.#choose] = [list, choose];
  }

  /** Begin anew with these items; one alone needs no gallery. */
  open(items) {
    for (const picture of this.#list.querySelectorAll("img")) URL.revokeObjectURL(picture.src);
    this.#list.hidden = items.length < 2;
    this.#list.replaceChildren(...(items.length < 2 ? [] : items.map((item) => this.#row(item))));
  }

  /** Say what is known by now. */
  show(items, shown) {
    [...this.#list.children].forEach((row, k) => {
      const button = row.firstElementChild, item = items[k], state = stateOf(item);
      button.setAttribute("aria-current", item === shown);
      button.classList.toggle("trouble", Boolean(item.error && !item.error.isGone));
      button.classList.toggle("uncertain", Boolean(item.entry?.faces.some(({ uncertain }) => uncertain)));
      button.lastElementChild.textContent = state;
      button.title = item.error?.message ?? `${item.file.name}: ${state}`;
    });
  }

  #row(item) {
    const row = document.createElement("li"), button = row.appendChild(document.createElement("button"));
    button.type = "button";
    button.onclick = () => this.#choose(item);
    button.append(item.kind === "picture" ? thumbnail(item.file) : sign("▶"));
    button.appendChild(document.createElement("span")).textContent = item.file.name;
    button.appendChild(document.createElement("small"));
    return row;
  }
}

function thumbnail(file) {
  const picture = Object.assign(new Image(), { src: URL.createObjectURL(file), alt: "" });
  picture.onerror = () => { URL.revokeObjectURL(picture.src); picture.replaceWith(sign(file.name.split(".").pop())); };
  return picture;
}

/** What stands for a file of which the browser shows no picture. */
function sign(words) {
  const made = document.createElement("b");
  made.textContent = words;
  made.ariaHidden = true;
  return made;
}

function stateOf({ kind, entry, error }) {
  if (error) return error.isGone ? "waits for the server" : "failed";
  if (kind === "video") return "video";
  return entry ? counted(entry) : "waiting";
}

/** How many faces an entry has, in words, and how many of them are uncertain. */
export function counted({ faces }, found = "") {
  const { length } = faces, doubts = faces.filter(({ uncertain }) => uncertain).length;
  const count = (["no face", "1 face"][length] ?? `${length} faces`) + found;
  return doubts ? `${count}, ${doubts < length ? `${doubts} uncertain` : length > 1 ? "all uncertain" : "uncertain"}` : count;
}
