// A card for each face: what it shows, and how probable each emotion is. Cards and the places of faces in the picture
// belong together: pointing at one, or going to it by the keyboard, points out the other.
import { faceName, percent, shownAs } from "./marks.js";

const MOST = 6;

export class Faces {
  #list;
  #spots;
  #point;
  #all = false;

  /** @param point is called with the number of the face that is pointed at, or -1 */
  constructor(list, spots, point) {
    [this.#list, this.#spots, this.#point] = [list, spots, point];
  }

  /** @param medium the picture or film that the faces are in */
  show(entry, colours, medium, mirrored) {
    const faces = entry?.faces ?? [], most = this.#all ? faces.length : Math.min(faces.length, MOST);
    fit(this.#spots, faces.length, () => this.#linked(document.createElement("button")));
    faces.forEach((face, k) => place(this.#spots.children[k], face, entry, mirrored, told(face, k, faces.length)));
    const cards = [...this.#list.querySelectorAll("article")].slice(0, most);
    while (cards.length < most) cards.push(this.#linked(document.getElementById("card").content.cloneNode(true).firstElementChild));
    const rest = !entry || most < faces.length || !faces.length ? [this.#rest(entry, faces.length - most)] : [];
    if (this.#list.children.length !== cards.length + rest.length || rest.length) this.#list.replaceChildren(...cards, ...rest.filter(Boolean));
    cards.forEach((card, k) => fill(card, faces[k], k, faces.length, colours, medium, entry));
  }

  #rest(entry, count) {
    if (!entry) return null;
    const line = document.createElement(count ? "button" : "p");
    line.className = count ? "" : "soft";
    line.textContent = count ? `and ${count} more` : "no face found";
    line.onclick = count ? () => { this.#all = true; this.#point(-1); } : null;
    return line;
  }

  /** Make a card or a place tell when it is pointed at. */
  #linked(part) {
    const number = () => [...part.parentElement.children].indexOf(part);
    part.onpointerenter = part.onfocus = () => this.#point(number());
    part.onpointerleave = part.onblur = () => this.#point(-1);
    if (part.localName === "button") {
      part.type = "button";
      part.onclick = () => { this.#all = true; this.#point(number()); this.#list.children[number()]?.focus(); };
    }
    return part;
  }

  /** Point out a card. */
  mark(number) {
    [...this.#list.children].forEach((card, k) => card.classList.toggle("pointed", k === number));
  }
}

function fit(parent, count, make) {
  while (parent.children.length > count) parent.lastElementChild.remove();
  while (parent.children.length < count) parent.append(make());
}

const told = (face, k, count) =>
  `face ${k + 1} of ${count}: ${face.emotion}, ${percent(face.confidence)}${face.uncertain ? ", uncertain" : ""}`;

function place(spot, { box: [x1, y1, x2, y2] }, { width, height }, mirrored, words) {
  const left = mirrored ? width - x2 : x1, share = (value, whole) => `${100 * value / whole}%`;
  Object.assign(spot.style, { left: share(left, width), top: share(y1, height), width: share(x2 - x1, width), height: share(y2 - y1, height) });
  spot.setAttribute("aria-label", words);
}

function fill(card, face, k, count, colours, medium, entry) {
  card.setAttribute("aria-label", told(face, k, count));
  card.classList.toggle("uncertain", face.uncertain);
  card.querySelector("h2").textContent = shownAs(face);
  const doubt = face.quality === "good" ? "" : face.quality;
  card.querySelector("span").textContent = [faceName(face, k, count), doubt].filter(Boolean).join(" · ");
  thumbnail(card.querySelector("canvas"), face, medium, entry);
  const body = card.querySelector("tbody"), labels = Object.keys(face.probabilities);
  fit(body, labels.length, line);
  labels.forEach((label, row) => fillLine(body.children[row], label, face, colours));
}

function thumbnail(canvas, { box: [x1, y1, x2, y2] }, medium, { width }) {
  const scale = (medium.videoWidth ?? medium.naturalWidth) / width, side = 1.3 * scale * Math.max(x2 - x1, y2 - y1);
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (side > 0) context.drawImage(medium, scale * (x1 + x2) / 2 - side / 2, scale * (y1 + y2) / 2 - side / 2, side, side, 0, 0, canvas.width, canvas.height);
}

function line() {
  const made = document.createElement("tr"), name = made.appendChild(document.createElement("th"));
  name.scope = "row";
  const bar = made.insertCell().appendChild(document.createElement("div"));
  bar.className = "bar";
  bar.append(document.createElement("i"));
  made.insertCell();
  return made;
}

function fillLine(made, label, face, colours) {
  const [name, , figure] = made.children, bar = made.querySelector("i"), share = face.probabilities[label];
  made.className = label === face.emotion ? "top" : "";
  name.textContent = label;
  bar.style.width = `${100 * share}%`;
  bar.style.background = colours[label];
  figure.textContent = percent(share);
}
