import { LOG_GRID } from '../../common/model/bucket';
import { addDistributions, toRanges } from '../../common/model/distribution';
import { humps, xorshift } from './load';
import { mergeRanges, OriginalDataset, originalPicture, type Range } from './original';

const ranges = (d: readonly number[]): Range[] => toRanges(d, LOG_GRID).map(([r, n]) => [[...r], n]);

test('the stand-in adds as ours does, only in another form', () => {
  const next = xorshift(1);
  for (let i = 0; i < 50; i++) {
    const [a, b] = [humps(next, 1 + (next() % 60)), humps(next, 40)];
    expect(mergeRanges(ranges(a), ranges(b))).toEqual(ranges(addDistributions(a, b)));
  }
});

test('the stand-in’s picture has colour where the data is, white elsewhere, and all pixels', () => {
  const dataset = new OriginalDataset();
  const text = (time: number, key: string, low: number): string =>
    JSON.stringify({ time, value: { [key]: [[[low, low + 9], 5]] } });
  dataset.receive(text(0, 'a', 10));
  dataset.receive(text(1, 'b', 90));
  const o = { start: 0, seconds: 2, selected: ['b'], nbuckets: 10, width: 20, height: 10, max: 100 };
  const pixels = originalPicture(dataset, o);
  const pixel = (x: number, y: number): number[] => [...pixels.slice(3 * (y * 20 + x), 3 * (y * 20 + x) + 3)];
  expect(pixels).toHaveLength(3 * 20 * 10);
  expect(pixel(0, 0)).toEqual([255, 255, 255]);
  // The second bucket from the bottom, in the total's hue; the topmost in the key's own.
  expect(pixel(0, 8)).not.toEqual([255, 255, 255]);
  expect(pixel(9, 8)).toEqual(pixel(0, 8));
  expect(pixel(10, 8)).toEqual([255, 255, 255]);
  expect(pixel(19, 0)).not.toEqual([255, 255, 255]);
  expect(pixel(19, 0)).not.toEqual(pixel(0, 8));
});
