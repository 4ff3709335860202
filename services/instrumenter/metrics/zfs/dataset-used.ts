/* zfs.dataset_used: used space. Observed by the zfs command. */
import type { MetricDescription } from '../language/description';

export const datasetUsed: MetricDescription = {
  module: 'zfs',
  stat: 'dataset_used',
  label: 'used space',
  question: 'Which dataset takes how much space?',
  type: 'size',
  interval: 'point',
  fields: ['hostname', 'zdataset'],
};
