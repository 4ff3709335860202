import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allRows, fewRows, reportOf, withLines, type Report } from './report';
import { result, unmeasured } from './result';

const TEXT = `before
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
  const once = withLines(TEXT, allRows(report));
  expect(withLines(once, allRows(report))).toBe(once);
  expect(once).not.toContain('old table');
  expect(once).toMatch(/^before\n/);
  expect(once).toMatch(/<!-- measured: end -->\nafter\n$/);
});

test('what is missed or was not measured stands in the first table, what has no target in the second', () => {
  const [first = '', second = ''] = withLines(TEXT, allRows(report)).split('<details>');
  expect(first).toContain('| rate | 50 /s |  |  | ≥ 100 /s | NO |');
  expect(first).toContain('| broken part | not measured: no broker |  |  |  | NO |');
  expect(second).toContain('| only shown | 3 MB |  |  |  |  |');
});

test('a text without the markers is refused', () => {
  expect(() => withLines('nothing', [])).toThrow('there are no lines');
});

test('the README shows five rows of the last whole run, and docs/speed.md all of them', () => {
  const root = join(__dirname, '..', '..');
  const saved = JSON.parse(readFileSync(join(root, 'bench', 'results.json'), 'utf8')) as Report;
  const [readme, speed] = ['README.md', 'docs/speed.md'].map((name) =>
    readFileSync(join(root, name), 'utf8'),
  );
  expect(fewRows(saved).filter((line) => line.startsWith('| ') && !line.startsWith('| what'))).toHaveLength(
    5,
  );
  expect(withLines(readme ?? '', fewRows(saved))).toBe(readme);
  expect(withLines(speed ?? '', allRows(saved))).toBe(speed);
});

test('the file says what could not be measured with null and a reason', () => {
  const saved = JSON.parse(JSON.stringify(report)) as { results: unknown[] };
  expect(saved.results[2]).toMatchObject({ id: 'c', value: null, ok: false, reason: 'no broker' });
});
