import type { SpecialAnswer } from '../../../../common/api/special.ts';
import { explainCost, fieldsToAsk, together } from './explain.ts';
import type { Cost } from './answers.ts';

const key = (name: string, g: number, inside = 5) => ({
  key: name,
  inside,
  outside: 1,
  share_inside: 0.5,
  share_outside: 0.1,
  ratio: 5,
  g,
  p: 0,
  significant: true,
});
const answer = (inside: number, ...keys: object[]) =>
  ({ inside, outside: 9, keys }) as unknown as SpecialAnswer;

test('keys of all fields are ranked together, those that are not over-represented left out', () => {
  const { keys, inside, fields } = together([
    { field: 'execname', answer: answer(10, key('db', 40), key('web', -3)) },
    { field: 'syscall', answer: answer(12, key('fsync', 90), key('read', 2, 0)) },
  ]);
  expect(keys.map(({ field, key: k }) => [field, k])).toEqual([
    ['syscall', 'fsync'],
    ['execname', 'db'],
  ]);
  expect([inside, fields]).toEqual([12, 2]);
});

test('without an answer there is nothing, and no error', () => {
  expect(together([])).toEqual({ keys: [], inside: 0, fields: 0 });
});

test('the field that is shown is not asked for again, the host comes last, and there are at most twelve', () => {
  expect(fieldsToAsk(['hostname', 'execname', 'errno'], 'execname')).toEqual(['errno', 'hostname']);
  expect(
    fieldsToAsk(
      Array.from({ length: 30 }, (_, i) => `f${i}`),
      undefined,
    ),
  ).toHaveLength(12);
});

test('what it costs is told beforehand, where it is known', () => {
  expect(explainCost(3, { percent_of_core: 1.5 } as Cost)).toBe(
    'Asks the same split by 3 more fields for 8 s; about 4.5 % of a core while it lasts.',
  );
  expect(explainCost(1, undefined)).toBe('Asks the same split by 1 more field for 8 s.');
});
