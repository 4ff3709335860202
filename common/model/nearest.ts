/*
 * "Did you mean …?" In: a word, and the known words. Out: the nearest known word, if one is near enough. Only importer of
 * fastest-levenshtein.
 */
import { distance } from 'fastest-levenshtein';

const letters = (word: string): string => word.split('').sort().join('');

/** One edit apart, or the same letters in another order. */
export function isSlip(word: string, known: string): boolean {
  return distance(word, known) <= 1 || letters(word) === letters(known);
}

/** Near: edits up to a third of the word's letters, at least two. A prefix, or the same letters reordered, counts as one edit. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const close = (candidate.startsWith(word) && word.length > 1) || letters(candidate) === letters(word);
    const edits = close ? Math.min(1, distance(word, candidate)) : distance(word, candidate);
    if (edits < least) [best, least] = [candidate, edits];
  }
  return best;
}
