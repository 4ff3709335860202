import { quantityOf } from './view.ts';

const METRIC = { label: 'CPU usage' } as Parameters<typeof quantityOf>[0]['metric'];
const quantity = (of: object): string =>
  quantityOf({ unit: 'operations', metric: METRIC, isLevel: false, step: 1, ...of } as never);

test('what an axis counts has its unit and the time it is counted in; a level has no time in it', () => {
  expect(quantity({})).toBe('operations per second');
  expect(quantity({ step: 60 })).toBe('operations per 1 min');
  expect(quantity({ unit: '' })).toBe('CPU usage per second');
  expect(quantity({ unit: '', isLevel: true, step: 10 })).toBe('CPU usage');
});
