import { scrolled, spanOf } from './panel-window.ts';

const KEPT = { granularity: 1, 'retention-time': 600 };

test('a live window ends with the newest slot that is over', () => {
  expect(spanOf({ window: 60, end: undefined }, KEPT, 1000.7)).toEqual({
    start: 940,
    end: 1000,
    step: 1,
    newest: 1000,
  });
});

test('a held window stays, and never reaches into the future', () => {
  expect(spanOf({ window: 60, end: 900 }, KEPT, 1000)).toMatchObject({ start: 840, end: 900 });
  expect(spanOf({ window: 60, end: 9e9 }, KEPT, 1000)).toMatchObject({ start: 940, end: 1000 });
});

test('a window of more slots than columns sums several in one', () => {
  const { start, end, step } = spanOf(
    { window: 3600, end: undefined },
    { granularity: 1, 'retention-time': 3600 },
    10_003,
  );
  expect([start, end, step]).toEqual([10_002 - 3600, 10_002, 6]);
});

test('a window nobody offers becomes the next larger one, or all that is kept', () => {
  expect(spanOf({ window: 61, end: undefined }, KEPT, 1000)).toMatchObject({ start: 880 });
  expect(spanOf({ window: 1e9, end: undefined }, KEPT, 1000)).toMatchObject({ start: 400 });
});

test('a new question begins with a window that it soon fills, and looks back further as it grows older', () => {
  const asked = { ...KEPT, crtime: 1_000_000 };
  const window = (now: number, change = {}): number => {
    const { start, end } = spanOf({ window: undefined, end: undefined, ...change }, asked, now);
    return end - start;
  };
  expect([1001, 1014, 1016, 1031, 1061, 5000].map((now) => window(now))).toEqual([15, 15, 30, 60, 120, 120]);
  expect(window(1001, { window: 300 })).toBe(300);
  // Held pictures are the same for everybody, whenever they are opened.
  expect(window(1001, { end: 1000 })).toBe(120);
});

test('scrolling goes back as far as values are kept, and forward until it is live again', () => {
  const span = { start: 940, end: 1000, step: 1 };
  expect(scrolled(undefined, -30, span, 600, 1000)).toBe(970);
  expect(scrolled(970, -10_000, span, 600, 1000)).toBe(460);
  expect(scrolled(970, 29, span, 600, 1000)).toBe(999);
  expect(scrolled(970, 30, span, 600, 1000)).toBeUndefined();
});
