/* cpu.irqs: each interrupt of a device that its driver has served, and how long that took. */
import type { MetricDescription } from '../language/description';
import { argument, cpu, hostname, member, now, string } from '../language/expression';
import { tracepoint } from '../language/observation';
import { sinceStart, subsecond } from '../process';

/** The name in /proc/interrupts. */
const NAME_BYTES = 32;

export const cpuIrqs: MetricDescription = {
  module: 'cpu',
  stat: 'irqs',
  label: 'interrupts',
  question: 'Which device interrupts which CPU, how often, and for how long?',
  synonyms: ['irq', 'hardirq', 'hardware interrupt', 'device', 'mpstat'],
  unit: 'interrupts',
  interval: 'interval',
  fields: ['hostname', 'irqvector', 'cpu', 'latency', 'subsecond'],
  bpf: {
    probes: [
      // A CPU serves one interrupt at a time: drivers' handlers run with interrupts off.
      { at: tracepoint('irq_handler_entry'), steps: [{ kind: 'keep', by: 'cpu', values: { start: now } }] },
      {
        at: tracepoint('irq_handler_exit'),
        steps: [
          {
            kind: 'count',
            by: 'cpu',
            fields: {
              hostname,
              irqvector: string(member(argument('irqaction'), 'name'), NAME_BYTES),
              cpu,
              latency: sinceStart,
              subsecond,
            },
          },
        ],
      },
    ],
  },
};
