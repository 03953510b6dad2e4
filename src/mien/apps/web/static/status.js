// The line below the picture: what the page says, and at what pace it works.

const part = (id) => document.getElementById(id);

export function say(words, trouble = false) {
  part("status").textContent = words;
  part("status").classList.toggle("trouble", trouble);
  sayPace("");
}

export function sayPace(words) {
  part("pace").textContent = words;
}
