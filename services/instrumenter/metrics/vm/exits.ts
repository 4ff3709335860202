/* vm.exits: exits. */
import type { MetricDescription } from '../language/description';
import { zoneOf } from '../../sources/kstat/zones';

/** The kernel's names, which others use as well. */
const REASONS: Readonly<Record<string, string>> = {
  'halt-exits': 'haltx',
  'irq-exits': 'irqx',
  'irq-window-exits': 'irqwx',
  'io-exits': 'iox',
  'mmio-exits': 'mmiox',
};

const VCPU = /^vcpu-(\d+)$/;

export const exits: MetricDescription = {
  module: 'vm',
  stat: 'exits',
  label: 'exits',
  question: 'What makes virtual CPUs leave the guest?',
  synonyms: ['kvm', 'virtual machine', 'guest', 'hypervisor', 'vmexit'],
  unit: 'exits',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'vleavereason', 'vcpuid'],
  // Exits of virtual CPUs by reason; all but the five known reasons are "other".
  kstat: {
    fields: ['zonename', 'vcpuid', 'vleavereason'],
    select: { module: 'kvm', class: 'misc' },
    filter: ({ name }) => VCPU.test(name),
    names: (kstat) => ({ ...zoneOf(kstat), vcpuid: VCPU.exec(kstat.name)?.[1] ?? '' }),
    counters: (data) => ({
      exits: data('exits'),
      ...Object.fromEntries(Object.keys(REASONS).map((name) => [name, data(name)])),
    }),
    measure: {
      kind: 'counter',
      points({ fields }, { exits = 0, ...increase }) {
        const known = Object.entries(REASONS).map(([name, vleavereason]) => ({
          fields: { ...fields, vleavereason },
          value: increase[name] ?? 0,
        }));
        const other = known.reduce((rest, { value }) => rest - value, exits);
        // The six are not read at the same instant: the difference must not be negative.
        return [...known, { fields: { ...fields, vleavereason: 'other' }, value: Math.max(other, 0) }];
      },
    },
  },
};
