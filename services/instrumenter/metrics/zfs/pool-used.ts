/* zfs.pool_used: used space in pool. */
import type { MetricDescription } from '../language/description';
import { poolPart } from '../../sources/zfs/metric';

export const poolUsed: MetricDescription = {
  module: 'zfs',
  stat: 'pool_used',
  label: 'used space in pool',
  question: 'How much space is taken in each pool?',
  synonyms: ['zfs', 'zpool', 'disk space', 'usage'],
  type: 'size',
  interval: 'point',
  fields: ['hostname', 'zpool'],
  zfs: poolPart('allocated'),
};
