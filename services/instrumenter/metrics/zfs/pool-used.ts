/* zfs.pool_used: used space in pool. Observed by the zpool command. */
import type { MetricDescription } from '../language/description';

export const poolUsed: MetricDescription = {
  module: 'zfs',
  stat: 'pool_used',
  label: 'used space in pool',
  question: 'How much space is taken in each pool?',
  type: 'size',
  interval: 'point',
  fields: ['hostname', 'zpool'],
};
