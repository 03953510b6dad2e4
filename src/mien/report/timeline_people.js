// Who is shown, and what people are called. Names are kept in the page's data, so that a saved page has them.
const away = new Set();
let unsaved = false;
const element = (id) => document.getElementById(id);

function tell() {
  sections.forEach((section, place) => { section.hidden = away.has(place); });
  const said = [];
  if (!isWhole()) said.push("The lanes show " + spanText() + "; the figures are those of the whole time.");
  if (away.size) said.push((away.size === 1 ? "1 person is" : away.size + " people are") + " hidden.");
  const state = element("state");
  if (!state) return;
  state.textContent = said.join(" ");
  state.hidden = !said.length;
  element("span").textContent = spanText();
  element("everyone").hidden = !away.size;
  element("unsaved").hidden = element("save").hidden = !unsaved;
  for (const id of ["farther", "whole", "back", "on"]) element(id).disabled = isWhole();
}

const spanText = () => clock(view.from) + " to " + clock(view.to);

function alone(place) {
  sections.forEach((_, other) => other === place ? away.delete(other) : away.add(other));
  tell();
}

function hide(place) {
  away.add(place);
  tell();
  (sections.find((one) => !one.hidden)?.querySelector(".lane") ?? element("everyone")).focus();
}

function everyone() {
  away.clear();
  tell();
}

function call(place, name) {
  name = name.trim();
  if (!name || name === data.people[place].name) return;
  data.people[place].name = name;
  const section = sections[place], portrait = section.querySelector(".who img");
  section.querySelector("h2").textContent = name;
  section.querySelector(".lane").setAttribute("aria-label", name + ": probabilities over time");
  if (portrait) portrait.alt = name;
  document.getElementById("data").textContent = JSON.stringify(data).replaceAll("<", "\\u003c");
  unsaved = true;
  tell();
}

function rename(place) {
  const head = sections[place].querySelector("h2"), field = document.createElement("input");
  field.value = data.people[place].name;
  field.setAttribute("aria-label", "Name of " + data.people[place].name);
  head.replaceChildren(field);
  field.select();
  let open = true;
  const close = (name) => {
    if (!open) return;
    open = false;
    head.textContent = data.people[place].name;
    call(place, name);
  };
  field.addEventListener("blur", () => close(field.value));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close("");
    else if (event.key === "Enter") close(field.value);
    else return;
    sections[place].querySelector("[data-do=rename]").focus();
  });
}

function pageText() {
  return "<!doctype html>\n" + root.outerHTML;
}

function save() {
  unsaved = false;
  tell();
  download(fileName("", "html"), new Blob([pageText()], { type: "text/html" }));
}
