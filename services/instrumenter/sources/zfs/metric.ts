/* The zfs part of a metric, in columns of its two tables. In: an entry. Out: bytes, or nothing if none apply. */
import type { Lists } from './lists';

export interface ZfsPart {
  readonly table: keyof Lists;
  readonly field: 'zdataset' | 'zpool';
  /** A number of a column, 0 when it does not apply. Undefined: the entry is left out. */
  readonly bytes: (column: (name: string) => number) => number | undefined;
}

export const datasetPart = (bytes: ZfsPart['bytes']): ZfsPart => ({
  table: 'datasets',
  field: 'zdataset',
  bytes,
});

export const poolPart = (column: string): ZfsPart => ({
  table: 'pools',
  field: 'zpool',
  bytes: (of) => of(column),
});
