/*
 * What dtrace prints on standard error while it runs. In: one line. Out: how many events it reports as lost.
 * Each kind has its own wording; a line of no known kind is kept for error texts and counts no loss.
 */

/** "dtrace: 2266 aggregation drops on CPU 1", "dtrace: 713 dynamic variable drops", "dtrace: 1 drop on CPU 0". */
const DROPS = /^dtrace: (\d+) (?:[\w-]+ )*?drops?\b/;
/** "dtrace: error on enabled probe ID …", and on Linux "dtrace: error in dt_clause_0 for probe ID …". */
const ERROR = /^dtrace: error (?:on enabled probe|in )/;
/** "dtrace: 4 failed speculations", "dtrace: 2 stack string table overflows". */
const OTHERS = /^dtrace: (\d+) (?:failed speculation|stack string table overflow)/;

export function lostBy(line: string): number {
  const drops = DROPS.exec(line) ?? OTHERS.exec(line);
  if (drops !== null) return Number(drops[1]);
  return ERROR.test(line) ? 1 : 0;
}
