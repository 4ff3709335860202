/*
 * Glob patterns: * matches any characters, everything else itself. In: a pattern, a name. Out: whether it matches.
 * Not a regular expression: "a*a*a*b" would take exponential time.
 */
export function fitsGlob(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  /** Where to resume after a mismatch: the last star then matches one character more. */
  let afterStar = -1;
  let taken = 0;
  while (n < name.length) {
    if (pattern[p] === '*') {
      afterStar = ++p;
      taken = n;
    } else if (pattern[p] === name[n]) {
      p++;
      n++;
    } else if (afterStar >= 0) {
      p = afterStar;
      n = ++taken;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
