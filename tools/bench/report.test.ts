import { reportOf, withTable } from './report';
import { result, unmeasured } from './result';

const README = `before
<!-- measured: begin (written by make bench) -->
old table
<!-- measured: end -->
after
`;

const report = reportOf([
  result({ id: 'a', what: 'rate', value: 50, unit: '/s', targets: [{ of: 'value', atLeast: 100 }] }),
  result({ id: 'b', what: 'only shown', value: 3, unit: 'MB' }),
  unmeasured('c', 'broken part', 'no broker'),
]);

test('the table takes the place between the markers, again and again', () => {
  const once = withTable(README, report);
  expect(withTable(once, report)).toBe(once);
  expect(once).not.toContain('old table');
  expect(once).toMatch(/^before\n/);
  expect(once).toMatch(/<!-- measured: end -->\nafter\n$/);
});

test('what is missed or was not measured stands in the first table, what has no target in the second', () => {
  const [first = '', second = ''] = withTable(README, report).split('<details>');
  expect(first).toContain('| rate | 50 /s |  |  | ≥ 100 /s | NO |');
  expect(first).toContain('| broken part | not measured: no broker |  |  |  | NO |');
  expect(second).toContain('| only shown | 3 MB |  |  |  |  |');
});

test('a README without the markers is refused', () => {
  expect(() => withTable('nothing', report)).toThrow('the README has no lines');
});

test('the file says what could not be measured with null and a reason', () => {
  const saved = JSON.parse(JSON.stringify(report)) as { results: unknown[] };
  expect(saved.results[2]).toMatchObject({ id: 'c', value: null, ok: false, reason: 'no broker' });
});
