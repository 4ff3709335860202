/* zfs.dataset_quota: quota size. Observed by the zfs command. */
import type { MetricDescription } from '../language/description';

export const datasetQuota: MetricDescription = {
  module: 'zfs',
  stat: 'dataset_quota',
  label: 'quota size',
  question: 'How large may each dataset become?',
  type: 'size',
  interval: 'point',
  fields: ['hostname', 'zdataset'],
};
