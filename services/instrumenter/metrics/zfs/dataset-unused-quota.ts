/* zfs.dataset_unused_quota: unused quota. Observed by the zfs command. */
import type { MetricDescription } from '../language/description';

export const datasetUnusedQuota: MetricDescription = {
  module: 'zfs',
  stat: 'dataset_unused_quota',
  label: 'unused quota',
  question: 'How much may each dataset still grow?',
  type: 'size',
  interval: 'point',
  fields: ['hostname', 'zdataset'],
};
