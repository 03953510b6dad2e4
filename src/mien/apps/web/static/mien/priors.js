// The prior: how common each emotion is taken to be, from FER+'s shares (0) to all alike (1); see mien.core.priors.

/** Probabilities (or shares) of the eight emotions as of the seven: contempt counts as neutral. */
export const toSeven = (eight) => [eight[0] + eight[7], ...eight.slice(1, 7)];

/** Probabilities as they are where classes are shares ** -prior times as common. */
export function rebalance(probs, shares, prior) {
  const odds = Array.from(probs, (value, k) => value * shares[k] ** -prior), sum = odds.reduce((a, b) => a + b);
  return odds.map((value) => value / sum);
}

/**
 * Probabilities as they are shown over count classes; what is shown as one is raised as one.
 * @param {ArrayLike<number>} probs answers at prior 0
 */
export function shownAt(probs, shares, count, prior) {
  const joined = count < shares.length ? toSeven : (values) => values;
  return rebalance(joined(Array.from(probs)), joined(shares), prior);
}
