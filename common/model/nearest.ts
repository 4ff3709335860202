/*
 * "Did you mean …?" In: a word, and the words that exist. Out: the one that was probably meant, if any. Only importer of
 * fastest-levenshtein.
 */
import { distance } from 'fastest-levenshtein';

const letters = (word: string): string => word.split('').sort().join('');

/** Fewer edits than a third of the word, and two at least; the beginning of a word, or its letters in another order, count as one. */
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
