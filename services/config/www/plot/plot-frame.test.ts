import * as fc from 'fast-check';
import { linearAxis, logAxis } from '../../../../common/model/axis.ts';
import { LOG_GRID } from '../../../../common/model/bucket.ts';
import { boxOf, cellAt, cellOf, placeOf, wholeColumns, xOf, yOf } from './plot-frame.ts';

const FRAME = { left: 50, top: 10, width: 600, height: 300 };
const LINEAR = {
  start: 1000,
  end: 1060,
  step: 1,
  axis: linearAxis(0, 1000, 100),
} as const;
const LOG = { ...LINEAR, axis: logAxis(LOG_GRID, 1000, 1e8, 120) } as const;

test('a click is turned back into time and value', () => {
  expect(cellAt(FRAME, LINEAR, 50, 309)).toEqual({ time: 1000, low: 0, high: 10 });
  expect(cellAt(FRAME, LINEAR, 649, 11)).toEqual({ time: 1059, low: 990, high: 1000 });
  expect(cellAt(FRAME, LINEAR, 50 + 300, 10 + 150)).toEqual({ time: 1030, low: 500, high: 510 });
});

test('outside the picture the nearest cell is meant', () => {
  expect(cellAt(FRAME, LINEAR, -999, 9999)).toEqual(cellOf(LINEAR, 0, 0));
  expect(cellAt(FRAME, LINEAR, 9999, -999)).toEqual(cellOf(LINEAR, 59, 99));
});

test.each([
  ['linear', LINEAR],
  ['log', LOG],
])('every cell is found again at its own middle (%s)', (_, range) => {
  fc.assert(
    fc.property(fc.nat(59), fc.nat(99), (column, row) => {
      const cell = cellOf(range, column, row);
      const x = (xOf(FRAME, range, cell.time) + xOf(FRAME, range, cell.time + 1)) / 2;
      const y = (yOf(FRAME, range, cell.low) + yOf(FRAME, range, cell.high)) / 2;
      expect(cellAt(FRAME, range, x, y)).toEqual(cell);
      expect(placeOf(range, cell)).toEqual({ column, row });
    }),
    { seed: 20260105 },
  );
});

test('rows leave no value out and hold none twice', () => {
  for (const range of [LINEAR, LOG]) {
    for (let row = 0; row < 99; row++) expect(cellOf(range, 0, row).high).toBe(cellOf(range, 0, row + 1).low);
  }
});

test('a box holds both of its corners, whichever way it was drawn', () => {
  const a = cellOf(LINEAR, 10, 20);
  const b = cellOf(LINEAR, 5, 40);
  const box = { start: 1005, end: 1011, low: 200, high: 410 };
  expect(boxOf(a, b, 1)).toEqual(box);
  expect(boxOf(b, a, 1)).toEqual(box);
});

test('columns are whole device pixels, all as wide, within the room that there is', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 200, max: 4000 }),
      fc.integer({ min: 10, max: 600 }),
      fc.constantFrom(1, 1.25, 1.5, 2, 3),
      (width, columns, ratio) => {
        const whole = wholeColumns({ ...FRAME, width }, columns, ratio);
        expect(whole.width).toBeLessThanOrEqual(width);
        if (whole.width === width) return;
        expect(((whole.width * ratio) / columns) % 1).toBeCloseTo(0, 6);
        expect(whole.width).toBeGreaterThan(0.79 * width);
      },
    ),
  );
});
