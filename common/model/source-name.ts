/*
 * The ways to gather, by name. In: nothing. Out: names for services, and sets of them as one number: a slot of values has
 * one. Their order is that of the wire and of files: a new one goes to the end.
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
