import { budgetOf } from './budget';
import { Costs } from './costs';
import { Gathering } from './gathering';
import { instrumentation } from '../sources/bpf/testing/real-kernel';
import type { Cost, Probe, Source } from '../sources/source';

class Counting {
  cost: Cost = { runs: 1000, nanoseconds: 500_000, bytes: 4096 };
  on: boolean[] = [];
  readonly source: Source = {
    name: 'bpf',
    offers: () => [],
    enable: () => Promise.reject(new Error('not asked for')),
    countCost: (on) => {
      this.on.push(on);
      return true;
    },
    close: () => undefined,
  };
  probe(): Probe {
    return {
      flip: () => undefined,
      read: () => ({ value: { shape: 'number', number: 0 }, lost: 0 }),
      cost: () => this.cost,
      close: () => undefined,
    };
  }
}

function gathering(probe: Probe): Gathering {
  const made = new Gathering(instrumentation('syscall.syscalls', []));
  made.probe = probe;
  return made;
}

test('cost is counted for one second in ten, and told as runs, nanoseconds and a share of a core', () => {
  const counting = new Counting();
  const one = gathering(counting.probe());
  let now = 0;
  const costs = new Costs({ sources: [counting.source], elapsed: () => now, budget: budgetOf(5, 1) });
  for (let second = 101; second < 110; second++) costs.tick(second, [one]);
  expect(counting.on).toEqual([]);
  costs.tick(110, [one]);
  expect(counting.on).toEqual([true]);
  counting.cost = { runs: 41_000, nanoseconds: 10_500_000, bytes: 4096 };
  now = 2e9;
  costs.tick(111, [one]);
  expect(counting.on).toEqual([true, false]);
  expect(one.load).toEqual({
    runsPerSecond: 20_000,
    nanosecondsPerRun: 250,
    percentOfCore: 0.5,
    memoryBytes: 4096,
  });
  expect(one.loadIsNew).toBe(true);
  expect(one.row()).toMatchObject({ percentOfCore: 0.5 });
  costs.tick(112, [one]);
  expect(counting.on).toEqual([true, false]);
});

test('a probe that was replaced, or that is gone, has no cost; with none that can tell nothing is turned on', () => {
  const counting = new Counting();
  const replaced = gathering(counting.probe());
  const gone = gathering({
    ...counting.probe(),
    cost: () => {
      throw new Error('closed');
    },
  });
  let now = 0;
  const costs = new Costs({ sources: [counting.source], elapsed: () => now, budget: budgetOf(5, 1) });
  costs.tick(110, [gone]);
  expect(counting.on).toEqual([]);
  costs.tick(120, [replaced, gone]);
  replaced.probe = counting.probe();
  now = 1e9;
  costs.tick(121, [replaced, gone]);
  expect([replaced.load, gone.load]).toEqual([undefined, undefined]);
  expect(counting.on).toEqual([true, false]);
});

describe('the budget', () => {
  /** Probes that cost this many percent of a core each second. */
  function costly(budget: number, ...percents: number[]) {
    const counting = new Counting();
    let seconds = 0;
    const gatherings = percents.map((percent) =>
      gathering({
        ...counting.probe(),
        cost: () => ({ runs: seconds, nanoseconds: seconds * percent * 1e7, bytes: 0 }),
      }),
    );
    const costs = new Costs({
      sources: [counting.source],
      elapsed: () => seconds * 1e9,
      budget: budgetOf(budget, 1),
    });
    const tickAt = (second: number) => {
      seconds = second;
      return costs.tick(second, gatherings);
    };
    return { counting, gatherings, tickAt };
  }

  test('exceeded for half a minute in a row, it takes the most expensive one away, with the reason', () => {
    const { gatherings, tickAt } = costly(5, 1, 4, 2);
    for (let second = 110; second < 140; second++) expect(tickAt(second)).toBeUndefined();
    const excess = tickAt(140);
    expect(excess?.gathering).toBe(gatherings[1]);
    expect(excess?.reason).toBe(
      'stopped: after 30 s above the budget it cost 4.0 % of a core, all 3 together 7.0 %; the budget of this node ' +
        'is 5 % of a core: ask for less, or start its instrumenter with CA_PROBE_BUDGET=11 (percent of the machine)',
    );
    // Without it the rest is measured once more, and stays.
    gatherings.splice(1, 1);
    for (let second = 141; second < 200; second++) expect(tickAt(second)).toBeUndefined();
  });

  test('a busy quarter of a minute above it is nobody’s end', () => {
    const { gatherings, tickAt } = costly(5, 0);
    let nanoseconds = 0;
    gatherings[0]!.probe!.cost = () => ({ runs: 0, nanoseconds, bytes: 0 });
    for (let second = 110; second < 300; second++) {
      nanoseconds += (second % 40 < 28 ? 9 : 1) * 1e7;
      expect(tickAt(second)).toBeUndefined();
    }
  });

  test('far exceeded, three seconds are enough', () => {
    const { gatherings, tickAt } = costly(5, 21, 1);
    for (const second of [110, 111, 112]) expect(tickAt(second)).toBeUndefined();
    expect(tickAt(113)?.gathering).toBe(gatherings[0]);
  });

  test('if the rest still costs too much, the next one goes', () => {
    const { gatherings, tickAt } = costly(5, 20, 30);
    const stopped: number[] = [];
    for (let second = 110; second < 130; second++) {
      const excess = tickAt(second);
      if (excess === undefined) continue;
      stopped.push(Math.round(excess.gathering.load?.percentOfCore ?? 0));
      gatherings.splice(gatherings.indexOf(excess.gathering), 1);
    }
    expect(stopped).toEqual([30, 20]);
  });

  test('who has come back on trial goes before who never left, though that costs more', () => {
    const { gatherings, tickAt } = costly(5, 4, 2);
    gatherings[1]!.cameBack = 100;
    let excess;
    for (let second = 110; second <= 140; second++) excess = tickAt(second) ?? excess;
    expect(excess?.gathering).toBe(gatherings[1]);
  });

  test('there is room while all together are within it', () => {
    const counting = new Counting();
    let percent = 9;
    let seconds = 0;
    let nanoseconds = 0;
    const one = gathering({ ...counting.probe(), cost: () => ({ runs: 0, nanoseconds, bytes: 0 }) });
    const costs = new Costs({
      sources: [counting.source],
      elapsed: () => seconds * 1e9,
      budget: budgetOf(5, 1),
    });
    const run = (until: number): void => {
      for (; seconds < until; seconds++) {
        nanoseconds += percent * 1e7;
        costs.tick(seconds, [one]);
      }
    };
    expect(costs.hasRoom).toBe(true);
    run(15);
    expect(costs.hasRoom).toBe(false);
    percent = 3;
    run(20);
    expect(costs.hasRoom).toBe(true);
  });

  test('a second above it now and then is nobody’s end, and within it the cost is counted one second in ten', () => {
    const { counting, gatherings, tickAt } = costly(5, 4);
    for (let second = 110; second < 160; second++) {
      if (second === 121) gatherings[0]!.probe!.cost = () => ({ runs: 0, nanoseconds: 1e12, bytes: 0 });
      expect(tickAt(second)).toBeUndefined();
      if (second === 121) {
        gatherings[0]!.probe!.cost = () => ({ runs: 0, nanoseconds: 1e12 + (second - 121), bytes: 0 });
      }
    }
    expect(counting.on.filter((on) => on)).toHaveLength(6);
  });
});
