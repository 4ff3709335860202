/*
 * Patterns of routing keys as in topic exchanges, matched here because direct exchanges do not have them.
 * In: words between dots; * is any one word, # any number of them. Out: does a key match?
 */

export function keyMatcher(pattern: string): (key: string) => boolean {
  const wanted = pattern.split('.');
  return (key) => matches(wanted, key.split('.'));
}

/** Dynamic programming over both lists: "#.#.#.x" costs words × words, never more. */
function matches(pattern: readonly string[], words: readonly string[]): boolean {
  // reachable[j]: the pattern so far matches the first j words.
  let reachable = [true, ...words.map(() => false)];
  for (const part of pattern) {
    const next = words.map(() => false);
    next.unshift(part === '#' && reachable[0] === true);
    for (let j = 1; j <= words.length; j++) {
      next[j] =
        part === '#'
          ? next[j - 1] === true || reachable[j] === true
          : reachable[j - 1] === true && (part === '*' || part === words[j - 1]);
    }
    reachable = next;
  }
  return reachable[words.length] === true;
}
