/**
 * The pairs of rows and columns, each taken once, with the largest sum of merits (H. W. Kuhn's Hungarian method, by
 * shortest augmenting paths).
 * @param {number[][]} merit a row a row; all of one length
 * @returns {[number, number][]} min(rows, columns) pairs
 */
export function assign(merit) {
  const rows = merit.length, columns = merit[0]?.length ?? 0;
  if (rows > columns) return assign(Array.from({ length: columns }, (_, c) => merit.map((row) => row[c]))).map(([c, r]) => [r, c]);
  const rowPrice = new Float64Array(rows + 1), columnPrice = new Float64Array(columns + 1);
  const taken = new Int32Array(columns + 1); // by which row, from 1
  for (let row = 1; row <= rows; row++) augment(merit, row, rowPrice, columnPrice, taken);
  return Array.from(taken, (row, column) => [row - 1, column - 1]).filter(([row, column]) => row >= 0 && column >= 0);
}

function augment(merit, row, rowPrice, columnPrice, taken) {
  const columns = taken.length, least = new Float64Array(columns).fill(Infinity);
  const before = new Int32Array(columns), done = new Uint8Array(columns);
  let at = 0;
  taken[0] = row;
  do {
    done[at] = 1;
    let step = Infinity, next = 0;
    for (let c = 1; c < columns; c++) {
      if (done[c]) continue;
      const cost = -merit[taken[at] - 1][c - 1] - rowPrice[taken[at]] - columnPrice[c];
      if (cost < least[c]) [least[c], before[c]] = [cost, at];
      if (least[c] < step) [step, next] = [least[c], c];
    }
    for (let c = 0; c < columns; c++) {
      if (done[c]) rowPrice[taken[c]] += step, columnPrice[c] -= step;
      else least[c] -= step;
    }
    at = next;
  } while (taken[at]);
  for (; at; at = before[at]) taken[at] = taken[before[at]];
}
