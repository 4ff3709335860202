import { Costs } from './costs';
import { Gathering } from './gathering';
import { instrumentation } from './sources/bpf/testing/real_kernel';
import type { Cost, Probe, Source } from './source';

class Counting {
  cost: Cost = { runs: 1000, nanoseconds: 500_000 };
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
      turn: () => undefined,
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
  const costs = new Costs([counting.source], () => now);
  for (let second = 101; second < 110; second++) costs.tick(second, [one]);
  expect(counting.on).toEqual([]);
  costs.tick(110, [one]);
  expect(counting.on).toEqual([true]);
  counting.cost = { runs: 41_000, nanoseconds: 10_500_000 };
  now = 2e9;
  costs.tick(111, [one]);
  expect(counting.on).toEqual([true, false]);
  expect(one.load).toEqual({ runsPerSecond: 20_000, nanosecondsPerRun: 250, percentOfCore: 0.5 });
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
  const costs = new Costs([counting.source], () => now);
  costs.tick(110, [gone]);
  expect(counting.on).toEqual([]);
  costs.tick(120, [replaced, gone]);
  replaced.probe = counting.probe();
  now = 1e9;
  costs.tick(121, [replaced, gone]);
  expect([replaced.load, gone.load]).toEqual([undefined, undefined]);
  expect(counting.on).toEqual([true, false]);
});
