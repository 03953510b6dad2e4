// A lane as a table of its bins, and as a picture of the part that is shown.
const quoted = (cell) => /[",\n\r]/.test(cell) ? '"' + String(cell).replaceAll('"', '""') + '"' : String(cell);
const seconds = (value) => String(Math.round(value * 1e6) / 1e6);

function laneTable(place) {
  const one = data.people[place];
  const head = ["clip", "id", "name", "start_s", "end_s", "uncertain", ...data.labels.map((label) => "p_" + label)];
  const rows = one.bins.map((bin, row) => {
    const from = data.start_s + bin * data.bin_s, to = Math.min(from + data.bin_s, data.end_s);
    const why = one.doubt[row] < 0 ? "" : data.doubts[one.doubt[row]];
    return [data.clip, one.id, one.name, seconds(from), seconds(to), why, ...one.thousandths[row].map((p) => p / 1000)];
  });
  return [head, ...rows].map((row) => row.map(quoted).join(",") + "\n").join("");
}

// The measures of the picture, and how many of its pixels are one of these.
const WIDE = 1200, HIGH = 150, TOP = 56, SIDE = 24, ACROSS = WIDE - 2 * SIDE, FINE = 2;
const INK = "#1d2126", SOFT = "#5c6670", PAPER = "#ffffff", TINT = "#f4f6f8", HATCH = "#3c444d";
const MARKS = {
  "not sure": (brush) => { for (const x of [-8, 0, 8]) brush.moveTo(x - 1, 9), brush.lineTo(x + 9, -1); },
  small: (brush) => { for (const at of [2, 6]) brush.moveTo(at + 1, at), brush.arc(at, at, 1, 0, 7); },
  turned: (brush) => { brush.moveTo(0, 4); brush.lineTo(8, 4); },
  blurred: (brush) => { brush.moveTo(4, 0); brush.lineTo(4, 8); },
};

function hatch(brush, doubt) {
  const tile = document.createElement("canvas"), part = tile.getContext("2d");
  tile.width = tile.height = 8;
  part.globalAlpha = 0.6;
  part.fillStyle = PAPER;
  part.fillRect(0, 0, 8, 8);
  part.globalAlpha = 0.75;
  part.strokeStyle = HATCH;
  MARKS[doubt](part);
  part.stroke();
  return brush.createPattern(tile, "repeat");
}

// The runs of bins that follow one another, as [first row, last row].
function runsOf(bins) {
  const runs = [];
  bins.forEach((bin, row) => {
    if (row && bins[row - 1] === bin - 1) runs.at(-1)[1] = row;
    else runs.push([row, row]);
  });
  return runs;
}

function drawAreas(brush, one) {
  for (const [first, last] of runsOf(one.bins)) {
    for (let k = data.labels.length - 1; k >= 0; k--) {
      const top = (row) => y(one.thousandths[row].slice(0, k + 1).reduce((sum, p) => sum + p, 0) / 1000);
      brush.beginPath();
      brush.moveTo(x(one.bins[first]), y(0));
      brush.lineTo(x(one.bins[first]), top(first));
      for (let row = first; row <= last; row++) brush.lineTo(x(one.bins[row] + 0.5), top(row));
      brush.lineTo(x(one.bins[last] + 1), top(last));
      brush.lineTo(x(one.bins[last] + 1), y(0));
      brush.fillStyle = data.colours[k];
      brush.fill();
    }
  }
}

function drawLegend(brush, one, top) {
  const keys = data.labels.map((label, k) => [label, data.colours[k]]);
  const why = data.doubts.filter((_, place) => one.doubt.includes(place));
  why.forEach((doubt, place) => keys.push([(place ? "" : "uncertain: ") + doubt, hatch(brush, doubt)]));
  let left = SIDE;
  for (const [text, fill] of keys) {
    brush.fillStyle = fill;
    brush.fillRect(left, top, 12, 12);
    brush.strokeStyle = "#00000033";
    brush.strokeRect(left + 0.5, top + 0.5, 11, 11);
    brush.fillStyle = INK;
    brush.fillText(text, left + 18, top + 11);
    left += 40 + brush.measureText(text).width;
  }
}

// Where times and probabilities of the part that is shown lie in the picture.
const at = (time) => SIDE + (time - view.from) / (view.to - view.from) * ACROSS;
const x = (bin) => at(Math.min(data.start_s + bin * data.bin_s, data.end_s));
const y = (share) => TOP + HIGH * (1 - share);

function drawHead(brush, place) {
  brush.fillStyle = INK;
  brush.font = "600 18px system-ui, sans-serif";
  brush.fillText(data.people[place].name, SIDE, 28);
  brush.fillStyle = SOFT;
  brush.font = "14px system-ui, sans-serif";
  brush.fillText(data.clip + " · " + sections[place].querySelector(".who p").textContent, SIDE, 47);
}

function drawLane(brush, one) {
  brush.save();
  brush.beginPath();
  brush.rect(SIDE, TOP, ACROSS, HIGH);
  brush.clip();
  brush.fillStyle = TINT;
  brush.fillRect(SIDE, TOP, ACROSS, HIGH);
  drawAreas(brush, one);
  one.doubt.forEach((doubt, row) => {
    if (doubt < 0) return;
    brush.fillStyle = hatch(brush, data.doubts[doubt]);
    brush.fillRect(x(one.bins[row]), TOP, x(one.bins[row] + 1) - x(one.bins[row]), HIGH);
  });
  brush.restore();
}

function drawScales(brush) {
  brush.fillStyle = SOFT;
  brush.fillText("1", SIDE - 14, TOP + 11);
  brush.fillText("0", SIDE - 14, TOP + HIGH);
  for (const { time, text } of ticks()) {
    brush.textAlign = at(time) < SIDE + 20 ? "left" : at(time) > WIDE - SIDE - 20 ? "right" : "center";
    brush.fillText(text, at(time), TOP + HIGH + 18);
  }
  brush.textAlign = "left";
}

function lanePicture(place) {
  const canvas = document.createElement("canvas"), brush = canvas.getContext("2d"), one = data.people[place];
  canvas.width = FINE * WIDE;
  canvas.height = FINE * (TOP + HIGH + 76);
  brush.scale(FINE, FINE);
  brush.fillStyle = PAPER;
  brush.fillRect(0, 0, WIDE, canvas.height);
  drawHead(brush, place);
  drawLane(brush, one);
  drawScales(brush);
  drawLegend(brush, one, TOP + HIGH + 40);
  return canvas;
}

function fileName(name, suffix) {
  const stem = data.clip.replace(/\.[^.]*$/, "") + (name && " " + name);
  return stem.replace(/[^\p{L}\p{N} _.-]/gu, "_") + ".mien." + suffix;
}

function download(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

const laneFile = (place, suffix) => fileName(data.people[place].name, suffix);

const TOOLS = {
  alone, hide, rename,
  csv: (place) => download(laneFile(place, "csv"), new Blob([laneTable(place)], { type: "text/csv" })),
  png: (place) => lanePicture(place).toBlob((blob) => download(laneFile(place, "png"), blob)),
};

sections.forEach((section, place) => {
  const tools = section.querySelector(".tools");
  tools.hidden = false;
  for (const button of tools.children) button.addEventListener("click", () => TOOLS[button.dataset.do](place));
});
if (sections.length) {
  element("everyone").addEventListener("click", everyone);
  element("save").addEventListener("click", save);
  element("bar").hidden = false;
  zoom(data.start_s, data.end_s);
}
