/*
 * The property: whatever bytes arrive at the front door or at an aggregator, no process ends, nothing answers 5xx, nobody
 * reads what is not theirs, and no connection outlives its time-outs. CA_FUZZ_RUNS says how many; CA_FUZZ_SEED repeats one.
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
  // What is to be refused was refused, and what is good was answered: the requests meet both.
  for (const status of [200, 400, 401, 403, 404, 405])
    expect(statuses.get(status)).toBeGreaterThan(RUNS / 1000);
});
