/* zfs.pool_free: free space in pool. */
import type { MetricDescription } from '../language/description';
import { poolPart } from '../../sources/zfs/metric';

export const poolFree: MetricDescription = {
  module: 'zfs',
  stat: 'pool_free',
  label: 'free space in pool',
  question: 'Which pool is about to be full?',
  synonyms: ['zfs', 'zpool', 'disk full', 'free space'],
  type: 'size',
  interval: 'point',
  fields: ['hostname', 'zpool'],
  zfs: poolPart('free'),
};
