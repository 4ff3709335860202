import { METRICS } from '../../services/instrumenter/metrics/registry';
import { obstaclesTo } from './obstacles';
import type { Answered } from '../cli/system/survey';

/** A Linux node as it describes itself: what is open, and what it lacks. */
const node = (sources: readonly Record<string, unknown>[]): Answered =>
  ({ service: 'instrumenter n1', host: 'n1', status: { sources } }) as unknown as Answered;

test('every metric that a node does not offer has a reason that names a source', () => {
  const bare = node([{ name: 'self', metrics: 0 }]);
  for (const metric of METRICS) {
    if (metric.self === true) continue;
    const [obstacle] = obstaclesTo(metric, [bare]);
    expect(obstacle?.reason).toMatch(/CA_SOURCES|illumos/);
  }
});

test('what the source itself says comes first, then what is elsewhere', () => {
  const linux = node([
    { name: 'bpf', missing: [{ metric: 'disk.physio_ops', reason: 'no such tracepoint' }] },
    { name: 'proc', unavailable: 'there is no /proc as Linux has it' },
  ]);
  const reasonOf = (stat: string): string | undefined =>
    obstaclesTo(
      METRICS.find((m) => m.stat === stat)!,
      [linux],
    )[0]?.reason;
  expect(reasonOf('physio_ops')).toBe(
    'bpf: no such tracepoint; proc: there is no /proc as Linux has it; kstat is illumos’; dtrace is opened on Linux only where CA_SOURCES names it',
  );
  expect(reasonOf('arc_ops')).toBe('kstat is illumos’; dtrace has it on illumos only');
});
