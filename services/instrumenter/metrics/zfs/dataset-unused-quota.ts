/* zfs.dataset_unused_quota: unused quota. */
import type { MetricDescription } from '../language/description';
import { datasetPart } from '../../sources/zfs/metric';

export const datasetUnusedQuota: MetricDescription = {
  module: 'zfs',
  stat: 'dataset_unused_quota',
  label: 'unused quota',
  question: 'How much may each dataset still grow?',
  synonyms: ['zfs', 'quota', 'free space'],
  type: 'size',
  interval: 'point',
  fields: ['hostname', 'zonename', 'zdataset'],
  zfs: datasetPart((of) => (of('quota') === 0 ? undefined : of('quota') - of('used'))),
};
