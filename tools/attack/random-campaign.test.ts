/*
 * The property: whatever bytes arrive at the front door or at an aggregator, no process ends, nothing answers 5xx, no client
 * reads others' data, and no connection outlives its time-outs. CA_FUZZ_RUNS is the number of requests; CA_FUZZ_SEED repeats a run.
 */
import { campaign } from './random-campaign';
import { startSystem, type System } from './system';

const RUNS = Number(process.env['CA_FUZZ_RUNS'] ?? 3000);
const SEED = Number(process.env['CA_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

jest.setTimeout(180_000 + RUNS * 20);

let system: System;
beforeAll(async () => {
  system = await startSystem({ shared: true });
});
afterAll(() => system?.stop());

test(`${RUNS} random requests from seed ${SEED} end nothing, open nothing and leave nothing open`, async () => {
  const { findings, statuses } = await campaign(system, { runs: RUNS, seed: SEED, untilClosed: true });
  console.log(
    `seed ${SEED}: ${[...statuses]
      .sort(([a], [b]) => a - b)
      .map(([status, count]) => `${status}: ${count}`)
      .join(', ')}`,
  );
  expect(findings).toEqual([]);
  expect(system.casualties()).toEqual([]);
  // Bad requests were refused and good ones answered: the run had both.
  for (const status of [200, 400, 401, 403, 404, 405])
    expect(statuses.get(status)).toBeGreaterThan(RUNS / 1000);
});
