import type { Clock } from '../../../common/service/clock';
import { CaError } from '../../../common/service/errors';
import { LIMITS } from '../../../common/service/limits';
import { SILENT } from '../../../common/service/log';
import { parsePredicate } from '../../../common/model/predicate/predicate';
import { toWire, type ResendItems } from '../../../common/wire/message';
import type { Instrumentation } from '../../../common/model/instrumentation';
import { Aggregator } from '../aggregator';
import { ATTEMPTS } from './recall';

const NOW = 1_700_000_000;

function setUp(crtime = 0) {
  let now = NOW * 1000;
  const clock: Clock = { now: () => now, everySecond: () => () => undefined };
  const asked: { node: string; items: ResendItems }[] = [];
  const answers: { node: (items: ResendItems) => Promise<ResendItems> } = { node: () => Promise.resolve([]) };
  const aggregator = new Aggregator({
    clock,
    log: SILENT,
    bind: () => Promise.resolve(),
    unbind: () => Promise.resolve(),
    time: () => new Promise(() => undefined),
    resend: (node, items) => {
      asked.push({ node, items });
      return answers.node(items);
    },
  });
  const question: Instrumentation = {
    id: '1',
    module: 'a',
    stat: 'b',
    predicate: parsePredicate({}, () => undefined),
    decomposition: [],
    fields: {},
    valueScope: 'interval',
    granularity: 1,
    retentionTime: 600,
    idleMax: 0,
    persistData: false,
    enabled: true,
    crtime,
  };
  return {
    aggregator,
    asked,
    answers,
    enable: (names: string[]) => {
      // n2 was in the list, and is dropped.
      aggregator.nodes({ to: 'v1', put: [{ catalogue: 'c', names: ['n2', ...names] }], drop: [] });
      if (!names.includes('n2')) aggregator.nodes({ from: 'v1', to: 'v2', put: [], drop: ['n2'] });
      return aggregator.enable({
        instrumentation: toWire(question),
        scope: { catalogues: ['c'], except: [] },
      });
    },
    report: (node: string, second: number) => {
      const value = { shape: 'number', number: 1 } as const;
      const reports = [{ fqid: 'global;1', value, lost: 0 }];
      aggregator.receive({ node, second: NOW + second, duration: 1, sent: now, reports }, 1);
    },
    /** To NOW + second, and a tick. */
    at: async (second: number) => {
      now = 1000 * (NOW + second);
      aggregator.tick();
      await new Promise((resolve) => setImmediate(resolve));
    },
    secondsAsked: () =>
      asked.map(({ node, items }) => [node, ...items.flatMap(({ seconds }) => seconds.map((s) => s - NOW))]),
  };
}

test('a missing second of a node is requested until it comes', async () => {
  const t = setUp(NOW * 1000);
  await t.enable(['n1', 'n2']);
  for (const second of [1, 2, 4, 5]) t.report('n1', second);
  for (const second of [1, 2, 3, 4, 5]) t.report('n2', second);
  await t.at(7);
  expect(t.secondsAsked()).toEqual([]); // 3 may still be on its way
  await t.at(8);
  expect(t.secondsAsked()).toEqual([['n1', 3]]);
  await t.at(9);
  expect(t.secondsAsked().length).toBe(2);
  t.report('n1', 3);
  await t.at(9.5);
  expect(t.secondsAsked().length).toBe(2);
});

test('values that a node does not have, or refused ATTEMPTS times, are not requested again', async () => {
  const t = setUp(NOW * 1000);
  await t.enable(['n1']);
  t.answers.node = (items) =>
    Promise.resolve(items.map(({ fqid, seconds }) => ({ fqid, seconds: seconds.slice(0, 1) })));
  await t.at(0);
  for (let second = 4; second <= 10; second++) t.report('n1', second);
  await t.at(12);
  expect(t.secondsAsked()).toEqual([['n1', 1, 2, 3]]);
  await t.at(14);
  expect(t.secondsAsked().at(-1)).toEqual(['n1', 2, 3]);
  t.answers.node = () => Promise.resolve([]);
  for (let second = 16; second < 40; second += 2) {
    for (const s of [second - 5, second - 4]) t.report('n1', s);
    await t.at(second);
  }
  expect(t.asked.length).toBe(ATTEMPTS);
});

test('a node that does not answer is asked at growing intervals', async () => {
  const t = setUp(NOW * 1000);
  await t.enable(['n1']);
  t.answers.node = () => Promise.reject(new CaError('NO_RESOURCE', 'nobody listens'));
  for (let second = 6; second < 46; second++) await t.at(second);
  expect(t.asked.length).toBeGreaterThan(4);
  expect(t.asked.length).toBeLessThan(10);
});

test('an aggregator that takes over requests the last minute, but nothing before the instrumentation was created', async () => {
  const t = setUp((NOW + 50) * 1000);
  await t.at(70);
  await t.enable(['n1']);
  await t.at(71);
  expect(t.secondsAsked()).toEqual([['n1', ...Array.from({ length: 71 - 5 - 50 }, (_, i) => 51 + i)]]);
  const old = setUp(0);
  await old.at(0);
  await old.enable(['n1']);
  await old.at(1);
  const [, first, ...rest] = old.secondsAsked()[0] ?? [];
  expect([first, rest.length]).toEqual([1 - LIMITS.outboxSeconds, LIMITS.outboxSeconds - 5]);
});

test('nodes that reported are asked even after the config service dropped them', async () => {
  const t = setUp(NOW * 1000);
  await t.enable(['n1', 'n2']);
  t.report('n2', 1);
  t.report('n2', 3);
  await t.enable(['n1']);
  for (const second of [1, 2, 3]) t.report('n1', second);
  await t.at(8);
  expect(t.secondsAsked()).toEqual([['n2', 2]]);
});
