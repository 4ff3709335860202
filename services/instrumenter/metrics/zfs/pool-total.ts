/* zfs.pool_total: total space in pool. */
import type { MetricDescription } from '../language/description';
import { poolPart } from '../../sources/zfs/metric';

export const poolTotal: MetricDescription = {
  module: 'zfs',
  stat: 'pool_total',
  label: 'total space in pool',
  question: 'How large is each pool?',
  synonyms: ['zfs', 'zpool', 'disk space'],
  type: 'size',
  interval: 'point',
  fields: ['hostname', 'zpool'],
  zfs: poolPart('size'),
};
