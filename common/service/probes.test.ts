import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fire, fireThrough, flightNumber, PROBES, type ProviderPackage } from './probes';

/** Records the calls that a working package would get. */
function recorder() {
  const added: [string, ...string[]][] = [];
  const fired: [string, (string | number)[]][] = [];
  let watched = false;
  const dtrace: ProviderPackage = {
    createDTraceProvider: () => ({
      addProbe: (name, ...types) => added.push([name, ...types]),
      enable: () => undefined,
      fire: (name, args) => {
        if (watched) fired.push([name, args()]);
      },
    }),
  };
  return { dtrace, added, fired, watch: () => (watched = true) };
}

test('every probe has its documented arguments', () => {
  const { dtrace, added } = recorder();
  fireThrough(dtrace);
  expect(added).toEqual(Object.entries(PROBES).map(([name, types]) => [name, ...types]));
  const documented = readFileSync(join(__dirname, '../../docs/probes.md'), 'utf8');
  for (const name of Object.keys(PROBES)) expect(documented).toContain(`\`${name}\``);
});

test('arguments are computed only while a probe is enabled', () => {
  const { dtrace, fired, watch } = recorder();
  const through = fireThrough(dtrace);
  let asked = 0;
  const args = (): [number, string] => [++asked, 'global;1'];
  through('heatmap-start', args);
  expect(asked).toBe(0);
  watch();
  through('heatmap-start', args);
  expect(fired).toEqual([['heatmap-start', [1, 'global;1']]]);
});

test('without DTrace, firing does nothing', () => {
  if (process.platform !== 'linux') return;
  fire('proxy-done', () => {
    throw new Error('nobody can watch here');
  });
});

test('the real package accepts our calls; on Linux it loads, and does nothing', () => {
  let real: ProviderPackage;
  try {
    real = createRequire(__filename)('dtrace-provider') as ProviderPackage;
  } catch {
    // Optional; on some systems it cannot be installed.
    return;
  }
  const through = fireThrough(real);
  expect(() => {
    through('message-received', () => ['ca.config', 'ping', 100]);
  }).not.toThrow();
});

test('two operations in flight have different numbers', () => {
  expect(flightNumber()).not.toBe(flightNumber());
});
