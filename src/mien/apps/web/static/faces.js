// A card for each face: what it shows, and how probable each emotion is.
import { percent, shownAs } from "./marks.js";

const MOST = 6;

export function listFaces(list, entry, colours) {
  if (!entry) return list.replaceChildren();
  const faces = [...entry.faces].sort((a, b) => (a.id ?? 0) - (b.id ?? 0));
  list.replaceChildren(...faces.slice(0, MOST).map((face) => card(face, colours)));
  if (!faces.length) list.append(note("no face found"));
  else if (faces.length > MOST) list.append(note(`and ${faces.length - MOST} more`));
}

function note(words) {
  const line = document.createElement("p");
  line.className = "soft";
  line.textContent = words;
  return line;
}

function card(face, colours) {
  const made = document.getElementById("card").content.cloneNode(true);
  made.querySelector("h2").textContent = shownAs(face);
  const who = face.id > 0 ? `#${face.id}` : "";
  const doubt = face.quality === "good" ? "" : face.quality;
  made.querySelector("span").textContent = [who, doubt].filter(Boolean).join(" · ");
  made.querySelector("tbody").append(...Object.keys(face.probabilities).map((label) => row(label, face, colours)));
  return made;
}

function row(label, face, colours) {
  const line = document.createElement("tr"), share = face.probabilities[label];
  if (label === face.emotion) line.className = "top";
  const name = line.appendChild(document.createElement("th"));
  name.scope = "row";
  name.textContent = label;
  const bar = line.insertCell().appendChild(document.createElement("div"));
  bar.className = "bar";
  const filled = bar.appendChild(document.createElement("i"));
  filled.style.width = `${100 * share}%`;
  filled.style.background = colours[label];
  line.insertCell().textContent = percent(share);
  return line;
}
