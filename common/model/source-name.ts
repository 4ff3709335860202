/*
 * Names of sources. In: nothing. Out: names, and sets of names as one bit mask per slot of values. The wire and files
 * depend on the order: add new names at the end.
 */
export const SOURCE_NAMES = ['proc', 'kstat', 'zfs', 'self', 'bpf', 'dtrace', 'synthetic'] as const;
export type SourceName = (typeof SOURCE_NAMES)[number];

/** A set of this source alone. */
export function sourceBit(name: SourceName): number {
  return 1 << SOURCE_NAMES.indexOf(name);
}

/** Names of a set. */
export function sourcesIn(set: number): SourceName[] {
  return SOURCE_NAMES.filter((name) => (set & sourceBit(name)) !== 0);
}
