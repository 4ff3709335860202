import { describeLoads } from './loads';

test('loads of nodes are summed, and the most loaded node is named', () => {
  const load = (runsPerSecond: number, nanosecondsPerRun: number, percentOfCore: number) => ({
    runsPerSecond,
    nanosecondsPerRun,
    percentOfCore,
    memoryBytes: 1000,
  });
  expect(
    describeLoads(
      new Map([
        ['a', load(1000, 100, 0.5)],
        ['b', load(3000, 200, 2)],
        ['c', load(0, 0, 0)],
      ]),
    ),
  ).toEqual({
    nodes: 3,
    runs_per_second: 4000,
    ns_per_run: 175,
    percent_of_core: 2.5,
    memory_bytes: 3000,
    worst: { node: 'b', percent_of_core: 2 },
  });
  expect(describeLoads(new Map())).toBeUndefined();
});
