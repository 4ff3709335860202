/*
 * Twenty questions about a storm of calls, on the real kernel, through the real Instrumenter and its queue, while there is
 * too little room everywhere: for keys, for calls under way, for reports. What was made is what was counted and what was
 * lost, for each. Needs root.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { SILENT } from '../../../common/service/log';
import { LIMITS } from '../../../common/service/limits';
import { totalOf } from '../../../common/model/value';
import type { Predicate } from '../../../common/model/predicate/predicate';
import type { Report } from '../../../common/wire/data';
import {
  both,
  GETPPID,
  instrumentation,
  is,
  onRealKernel,
  own,
  rename,
} from '../sources/bpf/testing/real-kernel';
import { sourceWithRoomFor } from '../sources/bpf/testing/small-source';
import type { Probe, Source } from '../sources/source';
import { Instrumenter } from './instrumenter';
import { Journal } from './journal';
import { Outbox } from './outbox';

const FIRST = 1_700_000_001;
const COMM = own('storm');
const PROGRAMS = 4;
const CALLS = 5000;
const mine = both(is('execname', COMM), is('syscall', 'getppid'));
const slow: Predicate = { kind: 'compare', op: 'ge', field: 'latency', constant: 0 };
const BREAKDOWNS = [
  ...[[], ['pid'], ['latency'], ['pid', 'latency'], ['execname', 'latency'], ['errno'], ['subsecond']],
  ...[['threadname', 'subsecond'], ['cputime'], ['pid', 'cputime']],
];
const QUESTIONS = BREAKDOWNS.flatMap((by) =>
  [mine, both(mine, slow)].map((where) => [by, where] as const),
).map(([by, where], i) => ({ ...instrumentation('syscall.syscalls', by, where), id: `q${i}` }));

/** The test ends the seconds. */
function withoutClock(source: Source): Source {
  const hide = (probe: Probe): Probe => ({
    flip: () => {
      probe.flip();
    },
    read: () => probe.read(),
    close: () => probe.close(),
  });
  return {
    name: source.name,
    offers: () => source.offers(),
    enable: async (one) => hide(await source.enable(one)),
    settle: async () => source.settle?.(),
    close: () => source.close(),
  };
}

onRealKernel('overload', () => {
  test('of twenty questions under overload, each has counted or lost what was made', async () => {
    expect(QUESTIONS).toHaveLength(20);
    const small = sourceWithRoomFor({ counts: 8, kept: PROGRAMS - 1 });
    let second = FIRST;
    let isAway = false;
    /** Seconds by which the queue is ahead of the instrumenter: the broker is away for as long in no time. */
    let ahead = 0;
    const sent: Report[] = [];
    const failures: string[] = [];
    const outbox = new Outbox({
      host: 'n',
      clock: { now: () => 1000 * (second + ahead), everySecond: () => () => undefined },
      routes: { instrumentation: (fqid) => fqid },
      send: (_keys, { reports }) => {
        if (!isAway) sent.push(...reports);
        return !isAway;
      },
    });
    const instrumenter = new Instrumenter({
      clock: { now: () => Date.now(), everySecond: () => () => undefined },
      elapsed: () => performance.now() * 1e6,
      log: SILENT,
      journal: new Journal(),
      sources: [withoutClock(small)],
      budget: { ofCore: 100_000, cpus: 1 },
      put: (parcel) => {
        outbox.put({ ...parcel, second: parcel.second + ahead });
      },
      changed: ({ fqid, state, reason }) => {
        if (state === 'failed') failures.push(`${fqid}: ${reason}`);
      },
    });
    const tick = async (): Promise<void> => {
      await instrumenter.tick(second++);
      outbox.flush();
    };
    try {
      for (const one of QUESTIONS) await instrumenter.enable(one);
      expect(failures).toEqual([]);
      await tick();
      const storms = Array.from({ length: PROGRAMS }, async () => {
        // All at once: each waits until the others are there, and stays in the room for calls under way.
        const script = `${rename(COMM)} for (1..${CALLS}) { syscall(${GETPPID}) } select(undef, undef, undef, 1)`;
        const [code] = (await once(spawn('perl', ['-e', script]), 'exit')) as [number | null];
        expect(code).toBe(0);
      });
      let isOver = false;
      const over = Promise.all(storms).then(() => (isOver = true));
      // The broker is away for so long that reports are given up.
      isAway = true;
      await tick();
      await tick();
      ahead = LIMITS.outboxSeconds + 10;
      await tick();
      isAway = false;
      while (!isOver) await tick();
      await over;
      await tick();
      await tick();
      await tick();
      const sums = QUESTIONS.map(({ id, decomposition }) => {
        const reports = sent.filter(({ fqid }) => fqid === `global;${id}`);
        const lost = reports.reduce((sum, report) => sum + report.lost, 0);
        const counted = reports.reduce((sum, report) => sum + totalOf(report.value), 0);
        return { id, decomposition, made: counted + lost, lost };
      });
      expect(sums.filter(({ made }) => made !== PROGRAMS * CALLS)).toEqual([]);
      expect(sums.filter(({ lost }) => lost === 0)).toEqual([]);
      expect(outbox.counts.lost).toBeGreaterThan(0);
    } finally {
      await instrumenter.close();
      small.close();
    }
  }, 120_000);
});
