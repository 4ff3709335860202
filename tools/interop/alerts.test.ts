/* The alerts that are shipped: each is explained, names metrics that there are, and was seen to fire. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { checkoutFolder } from '../stack/checkout';

const read = (...path: string[]): string => readFileSync(join(checkoutFolder(), ...path), 'utf8');

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly annotations: { readonly summary: string };
    }[];
  }[];
}
interface Cases {
  readonly tests: readonly {
    readonly alert_rule_test: readonly {
      readonly alertname: string;
      readonly exp_alerts: readonly object[];
    }[];
  }[];
}

const rules = (parse(read('deploy', 'prometheus', 'rules.yml')) as Rules).groups.flatMap(
  ({ rules: all }) => all,
);
const names = rules.map(({ alert }) => alert);

/** Headings of alerts below "What to do when", and the words of each. */
function sections(): Map<string, string> {
  const [, part = ''] = read('docs', 'fleet.md').split('\n## What to do when\n');
  const [mine = ''] = part.split('\n## ');
  const found = new Map<string, string>();
  for (const text of mine.split('\n### ').slice(1)) {
    const [heading = '', ...lines] = text.split('\n');
    for (const name of heading.split(', ')) found.set(name, lines.join('\n').trim());
  }
  return found;
}

test('every alert has a section that says what it means and what to do, and no section is left over', () => {
  const found = sections();
  expect([...found.keys()].sort()).toEqual([...names].sort());
  for (const [name, text] of found) expect([name, text.split(/\s+/).length > 20]).toEqual([name, true]);
});

test('no alert has the name of another', () => {
  expect(new Set(names).size).toBe(names.length);
});

test.each(names)('%s was seen to keep silent and to fire', (name) => {
  const cases = (parse(read('deploy', 'prometheus', 'rules.test.yml')) as Cases).tests
    .flatMap(({ alert_rule_test }) => alert_rule_test)
    .filter(({ alertname }) => alertname === name);
  expect(cases.some(({ exp_alerts }) => exp_alerts.length > 0)).toBe(true);
  expect(cases.some(({ exp_alerts }) => exp_alerts.length === 0)).toBe(true);
});

/** What the code gives names to; counters as they are written out. */
const FAMILIES = [
  'common/prometheus/metrics/own-metrics.ts',
  'services/aggregator/http/own-metrics.ts',
  'services/aggregator/export/push.ts',
  'services/config/prometheus/metrics.ts',
].flatMap((file) =>
  [...read(...file.split('/')).matchAll(/\b(gauge|counter)\(\s*'(\w+)'/g)].map(([, kind, name]) =>
    kind === 'counter' ? `${name}_total` : name,
  ),
);

test.each(rules)('$alert asks for metrics that services have', ({ expr }) => {
  const asked = [...expr.matchAll(/\b(?:ca|process)_\w+/g)]
    .map(([name]) => name)
    // Exported values: whoever asks the question has them.
    .filter((name) => !name.startsWith('ca_disk_physio_'));
  expect(asked.filter((name) => !FAMILIES.includes(name))).toEqual([]);
});
