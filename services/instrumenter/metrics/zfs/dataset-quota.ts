/* zfs.dataset_quota: quota size. */
import type { MetricDescription } from '../language/description';
import { datasetPart } from '../../sources/zfs/metric';

export const datasetQuota: MetricDescription = {
  module: 'zfs',
  stat: 'dataset_quota',
  label: 'quota size',
  question: 'How large may each dataset become?',
  synonyms: ['zfs', 'quota', 'disk space'],
  type: 'size',
  interval: 'point',
  fields: ['hostname', 'zonename', 'zdataset'],
  zfs: datasetPart((of) => (of('quota') === 0 ? undefined : of('quota'))),
};
