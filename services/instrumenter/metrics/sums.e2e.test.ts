/*
 * Events that belong to no process (disks, interrupts, connections, waits), over one second of the real kernel: every
 * breakdown adds up to the number without one. The others have pairing.e2e.test.ts. Needs root.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ALWAYS } from '../../../common/model/predicate/predicate';
import { totalOf } from '../../../common/model/value';
import type { BpfProbe } from '../sources/bpf/kernel/probe';
import { folderOnDisk, is, onRealKernel, perl } from '../sources/bpf/testing/real-kernel';

const PORT = 30_000 + (process.pid % 10_000);
const METRICS = [
  'disk.physio_ops',
  'disk.physio_bytes',
  'tcp.lifetimes',
  'cpu.irqs',
  'cpu.softirqs',
  'cpu.waittime',
] as const;
const TRIES = 5;
const sleepUntil = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(ms - Date.now(), 0)));

onRealKernel('sums', (kernel) => {
  const turnAll = async (probes: readonly BpfProbe[]): Promise<number[]> => {
    for (const probe of probes) probe.flip();
    await kernel.source.settle();
    const readings = await Promise.all(probes.map((probe) => probe.read()));
    return readings.map(({ value, lost }) => totalOf(value) + lost);
  };

  /** Of all questions, what counts in the same second of the wall clock. */
  async function oneSecond(probes: readonly BpfProbe[], work: () => void): Promise<number[] | undefined> {
    await turnAll(probes);
    const second = Math.ceil(Date.now() / 1000) + 1;
    if (!probes.every((probe) => probe.until(second))) return undefined;
    await sleepUntil(1000 * second + 30);
    await turnAll(probes);
    if (!probes.every((probe) => probe.until(second + 1))) return undefined;
    work();
    await sleepUntil(1000 * (second + 1) + 30);
    return turnAll(probes);
  }

  const offers = new Map(
    kernel.source.offers().flatMap((offer) => ('fields' in offer ? [[String(offer.metric), offer]] : [])),
  );
  test.each(METRICS.filter((metric) => offers.has(metric)))(
    '%s: the sum over any breakdown is the number without one, and a filter that excludes nothing changes nothing',
    async (metric) => {
      const fields = offers.get(metric)?.fields ?? [];
      const where = metric === 'tcp.lifetimes' ? is('rport', String(PORT)) : ALWAYS;
      const questions: (readonly string[])[] = [[], ...fields.map((field) => [field])];
      const numeric = fields.filter((field) => ['latency', 'size', 'duration'].includes(field));
      for (const field of numeric)
        questions.push([fields.find((f) => f === 'disk' || f === 'cpu') ?? 'hostname', field]);
      const probes = await Promise.all(questions.map((by) => kernel.enable(metric, by, where)));
      for (const field of numeric) {
        const all = { kind: 'compare', op: 'ge', field, constant: 0 } as const;
        const both = where === ALWAYS ? all : ({ kind: 'and', members: [where, all] } as const);
        probes.push(await kernel.enable(metric, [], both));
        questions.push([`${field} >= 0`]);
      }
      const folder = folderOnDisk('ca-sums-');
      const work = (): void => {
        if (folder !== undefined && metric.startsWith('disk.'))
          spawnSync('dd', [
            'if=/dev/zero',
            `of=${join(folder, 'data')}`,
            'bs=16k',
            'count=20',
            'oflag=direct',
          ]);
        if (metric === 'tcp.lifetimes')
          perl(`use IO::Socket::INET; my $s = IO::Socket::INET->new(Listen => 9, ReuseAddr => 1, LocalAddr => "127.0.0.1", LocalPort => ${PORT}) or die;
            for (1..20) { my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => ${PORT}) or die; close $s->accept; close $c }`);
      };
      try {
        let different: unknown[] = ['no second was whole'];
        // An event that began before one question and after another counts in only one of them: that may happen once, not always.
        for (let i = 0; i < TRIES && different.length > 0; i++) {
          const totals = await oneSecond(probes, work);
          if (totals === undefined) continue;
          const [whole = NaN] = totals;
          different = questions.flatMap((by, n) => (totals[n] === whole ? [] : [[by, totals[n], whole]]));
        }
        expect(different).toEqual([]);
      } finally {
        if (folder !== undefined) rmSync(folder, { recursive: true });
      }
    },
    60_000,
  );
});
