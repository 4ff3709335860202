import { questionOfStep, readTrail, stepped, writeTrail } from './trail.ts';

const STEP = {
  by: ['execname', 'latency'],
  where: { ge: ['latency', 5] },
  box: { start: 1, end: 9, low: 5, high: 70 },
};

test('a trail comes back from its text, and nothing is written for none', () => {
  expect(readTrail(writeTrail([STEP, { by: [], where: {} }]))).toEqual([STEP, { by: [], where: {} }]);
  expect(writeTrail([])).toBe('');
});

test('whoever is asked next knows the way, of which the last ten steps are kept', () => {
  let trail = stepped({ ...STEP, trail: [] });
  expect(trail).toEqual([STEP]);
  for (let i = 0; i < 20; i++) trail = stepped({ ...STEP, by: [String(i)], trail });
  expect(trail).toHaveLength(10);
  expect(trail.at(-1)?.by).toEqual(['19']);
});

test('a step is the same metric asked as it was then', () => {
  expect(questionOfStep({ metric: 'fs.syncs', granularity: 5 }, STEP)).toEqual({
    module: 'fs',
    stat: 'syncs',
    decomposition: STEP.by,
    predicate: STEP.where,
    granularity: 5,
  });
});

test.each(['', '{}', '[1]', '[{"by":[1],"where":{}}]', '[{"by":["a"],"where":[]}]', 'null', '[null]'])(
  '%j is no trail',
  (text) => {
    expect(readTrail(text)).toEqual([]);
  },
);
