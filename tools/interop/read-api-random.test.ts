/* Prometheus' API under random queries. CA_FUZZ_RUNS=100000 sends that many. */
import fc from 'fast-check';
import { startFilledFleet } from '../testing/filled-fleet';
import type { SmallFleet } from '../testing/small-fleet';

const RUNS = Number(process.env['CA_FUZZ_RUNS'] ?? 300);
jest.setTimeout(60_000 + RUNS * 30);

const NAME = 'ca_syscall_syscalls_latency_seconds';
const API = '/prometheus/api/v1';

let fleet: SmallFleet;
let end: number;
beforeAll(async () => {
  ({ fleet, end } = await startFilledFleet());
});
afterAll(() => fleet.close());

const expression = fc.letrec<{ query: string }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(
      NAME,
      'ca_syscall_syscalls',
      `{id="1"}`,
      `{execname=~"m.*|n(o|d)*e"}`,
      '1',
      '0.5',
      '-1',
      'x{',
      '"a"',
      '{__name__=~".+"}',
    ),
    tie('query').map((inner) => `sum(${inner})`),
    tie('query').map((inner) => `sum by (execname) (${inner})`),
    tie('query').map((inner) => `sum without (id, execname) (${inner})`),
    tie('query').map((inner) => `topk(2, ${inner})`),
    tie('query').map((inner) => `histogram_quantile(0.99, ${inner})`),
    tie('query').map((inner) => `histogram_fraction(0, 0.01, ${inner})`),
    tie('query').map((inner) => `histogram_avg(${inner})`),
    tie('query').map((inner) => `rate(${inner}[7s])`),
    tie('query').map((inner) => `sum_over_time(${inner}[1m])`),
    tie('query').map((inner) => `avg(${inner})`),
    fc
      .tuple(tie('query'), fc.constantFrom('*', '/', '+', '-', '%', '^', '>', 'and'), tie('query'))
      .map((three) => `(${three.join(' ')})`),
    tie('query').map((inner) => `${inner} offset 5m`),
    fc.string(),
  ),
}));
const anyTime = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -400, max: 20 }).map((s) => ({ relative: s })) },
  fc
    .constantFrom('', 'now', '-1', '1e99', '0', '2026-11-30T00:00:00Z', '9'.repeat(30), 'NaN')
    .map((text) => ({ text })),
);

test('random queries are answered or refused, never with 5xx, and in time', async () => {
  const timeText = (time: { relative?: number; text?: string }, more = 0): string =>
    time.text ?? String(end + (time.relative ?? 0) + more);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(
        '/query_range',
        '/query_range',
        '/query',
        '/series',
        '/labels',
        '/label/execname/values',
        '/metadata',
      ),
      expression.query,
      anyTime,
      // Mostly a few seconds more: many queries say more than a few long ones.
      fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max: 8 }) }, { weight: 1, arbitrary: anyTime }),
      fc.constantFrom('1', '15', '0.1', '1m', '5s', '0', 'x', '1e-9', '1h'),
      fc.constantFrom(API, API, '/ca/customers/acme/prometheus/api/v1'),
      async (path, query, from, to, step, base) => {
        const began = performance.now();
        const parameters = {
          query,
          'match[]': query,
          start: timeText(from),
          end: typeof to === 'number' ? timeText(from, to) : timeText(to),
          time: timeText(from),
          step,
        };
        const response = await fetch(
          `${fleet.base}${base}${path}?${new URLSearchParams(parameters).toString()}`,
        );
        const { status } = response;
        const body = (await response.json()) as { status: string };
        expect([200, 400]).toContain(status);
        expect(['success', 'error']).toContain(body.status);
        // A query that hangs takes longer than any load of the machine explains.
        expect(performance.now() - began).toBeLessThan(60_000);
      },
    ),
    { numRuns: RUNS },
  );
});
