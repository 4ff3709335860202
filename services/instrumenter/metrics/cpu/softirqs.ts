/* cpu.softirqs: each batch of work that the kernel defers until after an interrupt, by kind, and how long it took. */
import type { MetricDescription } from '../language/description';
import { argument, cpu, hostname, now } from '../language/expression';
import { tableOfNames } from '../language/names';
import { named, tracepoint } from '../language/observation';
import { sinceStart, subsecond } from '../process';

/** In the order of include/linux/interrupt.h, with the names of /proc/softirqs. */
const KINDS = tableOfNames(
  ['HI', 'TIMER', 'NET_TX', 'NET_RX', 'BLOCK', 'IRQ_POLL', 'TASKLET', 'SCHED', 'HRTIMER', 'RCU'].map(
    (name, number) => [name, number] as const,
  ),
);

export const softirqs: MetricDescription = {
  module: 'cpu',
  stat: 'softirqs',
  label: 'soft interrupts',
  question: 'How much of a CPU goes to packets, timers and other work in nobody’s name?',
  synonyms: ['softirq', 'ksoftirqd', 'network interrupt', 'si'],
  unit: 'soft interrupts',
  interval: 'interval',
  fields: ['hostname', 'softirq', 'cpu', 'latency', 'subsecond'],
  bpf: {
    probes: [
      { at: tracepoint('softirq_entry'), steps: [{ kind: 'keep', by: 'cpu', values: { start: now } }] },
      {
        at: tracepoint('softirq_exit'),
        steps: [
          {
            kind: 'count',
            by: 'cpu',
            fields: { hostname, softirq: named(argument(0), KINDS), cpu, latency: sinceStart, subsecond },
          },
        ],
      },
    ],
  },
};
