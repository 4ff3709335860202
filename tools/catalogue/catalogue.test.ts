import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { METRICS } from '../../services/instrumenter/metrics/registry';
import { catalogue } from './catalogue';

test('docs/catalogue.md is what the descriptions say', () => {
  expect(readFileSync(join(__dirname, '../../docs/catalogue.md'), 'utf8')).toBe(catalogue());
});

test('every metric has one row of seven cells', () => {
  const rows = catalogue()
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows).toHaveLength(METRICS.length);
  for (const row of rows) expect(row.split(/(?<!\\)\|/)).toHaveLength(9);
  expect(rows.find((row) => row.startsWith('| `cpu.irqs`'))).toContain('`irq_handler_exit`');
});
