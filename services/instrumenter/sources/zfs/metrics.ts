/* The metrics of the zfs source, in columns of its two tables. In: an entry. Out: bytes, or nothing where none apply. */
import type { MetricName } from '../../../../common/model/metric';
import type { Lists } from './lists';

interface ZfsMetric {
  readonly metric: MetricName;
  readonly table: keyof Lists;
  readonly field: 'zdataset' | 'zpool';
  /** A number of a column, 0 when it does not apply. Undefined: the entry is left out. */
  readonly bytes: (column: (name: string) => number) => number | undefined;
}

const dataset = (stat: string, bytes: ZfsMetric['bytes']): ZfsMetric => ({
  metric: `zfs.${stat}`,
  table: 'datasets',
  field: 'zdataset',
  bytes,
});

const pool = (stat: string, column: string): ZfsMetric => ({
  metric: `zfs.${stat}`,
  table: 'pools',
  field: 'zpool',
  bytes: (of) => of(column),
});

export const ZFS_METRICS: readonly ZfsMetric[] = [
  // Children are datasets themselves: counted here they would count twice.
  dataset('dataset_used', (of) => of('used') - of('usedbychildren')),
  dataset('dataset_quota', (of) => (of('quota') === 0 ? undefined : of('quota'))),
  dataset('dataset_unused_quota', (of) => (of('quota') === 0 ? undefined : of('quota') - of('used'))),
  pool('pool_free', 'free'),
  pool('pool_used', 'allocated'),
  pool('pool_total', 'size'),
];
