import { SILENT } from '../../common/service/log';
import type { Instrumentation } from '../../common/model/instrumentation';
import { toWire } from '../../common/wire/message';
import { Aggregator } from './aggregator';
import { instrumentation, NOW } from './testing/test-values';

function setUp() {
  let now = NOW * 1000;
  const aggregator = new Aggregator({
    clock: { now: () => now, everySecond: () => () => undefined },
    log: SILENT,
    bind: () => Promise.resolve(),
    unbind: () => Promise.resolve(),
    time: () => new Promise(() => undefined),
    resend: () => Promise.resolve([]),
  });
  aggregator.nodes({ to: 'v1', put: [{ catalogue: 'c', names: ['n1'] }], drop: [] });
  return {
    aggregator,
    at: (second: number) => (now = 1000 * (NOW + second)),
    enable: (change: Partial<Instrumentation>) =>
      aggregator.enable({
        instrumentation: toWire(instrumentation('1', change)),
        scope: { catalogues: ['c'], except: [] },
      }),
    report: (second: number) => {
      const reports = [{ fqid: 'global;1', value: { shape: 'number', number: 7 } as const, lost: 0 }];
      aggregator.receive({ node: 'n1', second: NOW + second, duration: 1, sent: now, reports }, 1);
    },
    slot: (second: number) => aggregator.get('global;1')?.dataset.slotAt(NOW + second),
    oldestOnDisk: () => aggregator.get('global;1')?.dataset.restorable(now).oldest,
  };
}

test('a question with the id of a former one answers with nothing of a former one, late or on disk', async () => {
  const t = setUp();
  await t.enable({ crtime: (NOW - 100) * 1000 });
  for (const second of [-3, -2, -1]) t.report(second);
  expect(t.slot(-2)).toBeDefined();
  t.at(5);
  await t.enable({ stat: 'other', crtime: (NOW + 5) * 1000 });
  expect(t.slot(-2)).toBeUndefined();
  t.report(4);
  expect(t.slot(4)).toBeUndefined();
  expect(t.oldestOnDisk()).toBe(NOW + 5);
  t.at(7);
  t.report(6);
  expect(t.slot(6)).toBeDefined();
});

test('the same question, enabled again or changed, keeps its values', async () => {
  const t = setUp();
  const crtime = (NOW - 100) * 1000;
  await t.enable({ crtime });
  t.report(-2);
  await t.enable({ crtime, retentionTime: 300 });
  expect(t.slot(-2)).toBeDefined();
});

test('the first slot is whole in the answer, and a clock of the config service that is ahead hides nothing', async () => {
  const t = setUp();
  await t.enable({ crtime: (NOW + 3) * 1000, granularity: 10 });
  expect(t.oldestOnDisk()).toBeLessThanOrEqual(NOW);
});
