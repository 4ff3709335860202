import { hueOfKey, swatchColour } from '../../common/model/hue';
import { rgbOf } from '../cli/screen/colour';
import { legendOf } from './legend';
import type { Slot } from './timeline';

const slot = (amounts: Record<string, number>): Slot => ({
  time: 1,
  amounts: new Map(Object.entries(amounts)),
  expected: 1,
  reporting: 1,
  lost: 0,
});

test('a key has the colour that it has on the page, whatever its rank and whoever comes and goes', () => {
  const before = legendOf([slot({ postgres: 10, nginx: 5 })]);
  const after = legendOf([slot({ postgres: 1, nginx: 5, node: 100 })]);
  for (const legend of [before, after]) {
    for (const { key, rgb } of legend.entries)
      expect(rgb).toEqual(rgbOf(swatchColour(hueOfKey(key), 'dark')));
  }
  expect(after.entries.map(({ key }) => key)).toEqual(['node', 'nginx', 'postgres']);
});

test('the seven largest keys have colours, the others are one grey and one share', () => {
  const legend = legendOf([slot(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`k${i}`, 10])))]);
  expect(legend.entries).toHaveLength(7);
  expect(legend.others).toBeCloseTo(0.3);
  expect(legend.colourOf('k9')).toEqual(legend.colourOf('never seen'));
  expect(legend.colourOf('k0')).not.toEqual(legend.colourOf('k9'));
});
