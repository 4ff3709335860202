/* cpu.usage: aggregated CPU usage. Observed by /proc and cgroups (Linux), kstat (illumos). */
import type { MetricDescription } from '../language/description';

export const usage: MetricDescription = {
  module: 'cpu',
  stat: 'usage',
  label: 'aggregated CPU usage',
  question: "Which container or service uses the CPUs, and how much of it is the kernel's work for it?",
  unit: 'percent of 1 CPU',
  interval: 'point',
  fields: ['hostname', 'zonename', 'cpumode'],
};
