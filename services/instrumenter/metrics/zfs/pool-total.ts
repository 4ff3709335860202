/* zfs.pool_total: total space in pool. Observed by the zpool command. */
import type { MetricDescription } from '../language/description';

export const poolTotal: MetricDescription = {
  module: 'zfs',
  stat: 'pool_total',
  label: 'total space in pool',
  question: 'How large is each pool?',
  type: 'size',
  interval: 'point',
  fields: ['hostname', 'zpool'],
};
