/* zfs.pool_free: free space in pool. Observed by the zpool command. */
import type { MetricDescription } from '../language/description';

export const poolFree: MetricDescription = {
  module: 'zfs',
  stat: 'pool_free',
  label: 'free space in pool',
  question: 'Which pool is about to be full?',
  type: 'size',
  interval: 'point',
  fields: ['hostname', 'zpool'],
};
