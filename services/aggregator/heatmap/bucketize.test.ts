/* The grid of the picture holds every count of the dataset, however columns, rows and layers are laid out. */
import fc from 'fast-check';
import { LOG_GRID } from '../../../common/model/bucket';
import { fromCounts } from '../../../common/model/distribution';
import { Dataset } from '../dataset/dataset';
import { linearAxis } from '../../../common/model/axis';
import { layOutAxis } from './axis';
import { bucketize } from './bucketize';
import { layOutColumns } from './columns';

const SEED = 20_110_405;
const START = 1_300_000_000;
const SECONDS = 12;

const report = fc.record({
  second: fc.integer({ min: 0, max: SECONDS - 1 }),
  key: fc.constantFrom('a', 'b', 'c', 'd'),
  counts: fc.array(fc.tuple(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 1, max: 1e6 })), {
    maxLength: 20,
  }),
});

test('the grid conserves counts: cells of all layers add up to what was reported', () => {
  fc.assert(
    fc.property(
      fc.array(report, { maxLength: 30 }),
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 5 }),
      (reports, rows, width, layers) => {
        const d = new Dataset({
          shape: 'keyed-distribution',
          grid: LOG_GRID,
          scope: 'interval',
          granularity: 1,
          retention: 60,
        });
        let total = 0;
        let highest = 0;
        for (const [i, { second, key, counts }] of reports.entries()) {
          const distribution = fromCounts(counts);
          for (const [bucket, count] of counts) {
            total += count;
            highest = Math.max(highest, bucket);
          }
          const value = {
            shape: 'keyed-distribution' as const,
            distributions: new Map([[key, distribution]]),
          };
          d.update(`n${i}`, START + second, 1, value, 0, 1000 * (START + SECONDS));
        }
        const columns = layOutColumns({ start: START, duration: SECONDS, step: 1, width });
        const ymax = LOG_GRID.ceilOf(highest) + 1;
        const axis = layOutAxis(LOG_GRID, linearAxis(0, ymax, rows), false);
        const layerOf = (key: string): number => key.charCodeAt(0) % layers;
        const { layers: drawn, add } = bucketize(columns, axis, { layers, layerOf });
        d.eachSlot(START, START + SECONDS, add);
        const cells = drawn.reduce((sum, layer) => sum + layer.reduce((s, n) => s + n, 0), 0);
        expect(Math.abs(cells - total)).toBeLessThanOrEqual(1e-9 * total);
      },
    ),
    { seed: SEED, numRuns: 120 },
  );
});
