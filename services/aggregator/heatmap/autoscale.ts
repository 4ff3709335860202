/*
 * The top of a chart. In: the largest value in it. Out: a round number a little above (at most a quarter).
 * Candidates are multiples of 10^p, 2·10^(p-1), 10^(p-1), 2·10^(p-2), …: the coarsest that fits wins.
 */

/** 10 → 12, 100 → 120, 1235 → 1400, 820000 → 1000000; 0 and less → 0. */
export function autoscale(largest: number): number {
  if (!(largest > 0)) return 0;
  let step = 1;
  while (step <= largest) step *= 10;
  for (let divisor = 5; ; divisor = divisor === 5 ? 2 : 5) {
    const candidate = (Math.floor(largest / step) + 1) * step;
    if (candidate < 1.25 * largest) return candidate;
    if (step <= 1) return largest + 1;
    step /= divisor;
  }
}
