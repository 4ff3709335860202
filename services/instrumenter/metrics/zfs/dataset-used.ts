/* zfs.dataset_used: used space. */
import type { MetricDescription } from '../language/description';
import { datasetPart } from '../../sources/zfs/metric';

export const datasetUsed: MetricDescription = {
  module: 'zfs',
  stat: 'dataset_used',
  label: 'used space',
  question: 'Which dataset takes how much space?',
  synonyms: ['zfs', 'disk space', 'usage'],
  type: 'size',
  interval: 'point',
  fields: ['hostname', 'zonename', 'zdataset'],
  // Children are datasets themselves: counted here, they would count twice.
  zfs: datasetPart((of) => of('used') - of('usedbychildren')),
};
