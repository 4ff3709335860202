import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { metricName } from '../../common/model/metric';
import { METRICS } from '../../services/instrumenter/metrics/registry';
import { ROWS, truthPage } from './rows';

const ROOT = join(__dirname, '../..');

function testsIn(folder: string): string {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts') && !entry.name.startsWith('rows.'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}

test('every test and every sentence that is to hold something is there', () => {
  const tests = ['common', 'services', 'tools'].map(testsIn).join('\n');
  const missing = ROWS.flatMap(({ what, tests: titles = [], misses = [], open }) => [
    ...titles.filter((title) => !tests.includes(title)),
    ...misses
      .filter(([metric, begins]) => {
        const found = METRICS.find((m) => metricName(m) === metric);
        return !(found?.misses ?? []).some((sentence) => sentence.startsWith(begins));
      })
      .map(([metric, begins]) => `${metric}: ${begins}`),
    ...(titles.length + misses.length === 0 && open === undefined ? [what] : []),
  ]);
  expect(missing).toEqual([]);
});

test('docs/truth.md is what the rows say', () => {
  expect(readFileSync(join(ROOT, 'docs/truth.md'), 'utf8')).toBe(truthPage());
});
