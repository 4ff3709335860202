import { setTimeout as pause } from 'node:timers/promises';
import type { Instrumentation } from '../../../common/model/instrumentation';
import { LIMITS } from '../../../common/service/limits';
import { meaningOf } from '../../../common/wire/coverage';
import { digestOf } from '../../../common/wire/digest';
import { changes, Gathers } from '../../../common/wire/gathers';
import { toWire, type Exception, type GatherItem, type NodeStanding } from '../../../common/wire/message';
import { ask, deferred, FakeSource } from '../testing/fakes';
import { catalogueOf } from './catalogue';
import { Wanted } from './wanted';
import { PROBE_LOG_LENGTH } from './gathering';

const EXECS = 'unix.proc_execs';

const item = (id: string, more: Parameters<typeof ask>[2] = {}, hosts?: string[]): GatherItem => ({
  instrumentation: toWire(ask(EXECS, ['execname'], { id, ...more })),
  ...(hosts === undefined ? {} : { hosts }),
});

function node(fields = ['hostname', 'execname']) {
  const offers = [{ metric: EXECS, fields }] as ConstructorParameters<typeof FakeSource>[1];
  let source = new FakeSource('bpf', offers);
  const enabled: string[] = [];
  const disabled: string[] = [];
  const told: NodeStanding[] = [];
  const asked: number[] = [];
  const enabling: { with: (i: Instrumentation) => Promise<unknown> } = { with: () => Promise.resolve() };
  const wanted = new Wanted({
    host: 'web-1',
    enable: (i) => {
      enabled.push(i.id);
      return enabling.with(i);
    },
    disable: (fqid) => {
      disabled.push(fqid);
      return Promise.resolve();
    },
    catalogue: () => catalogueOf([{ name: 'bpf', source }]),
    tell: (standing) => told.push(standing),
    ask: () => asked.push(1),
    random: () => 0.5,
  });
  const publish = (from: Gathers | undefined, to: Gathers, fleet?: number): void => {
    for (const message of changes(from, to))
      wanted.take({ ...message, ...(fleet === undefined ? {} : { fleet }) });
  };
  return {
    wanted,
    enabled,
    disabled,
    told,
    asked,
    enabling,
    publish,
    offer: (more: string[]) => {
      source = new FakeSource('bpf', [{ metric: EXECS, fields: more }]);
      wanted.offersChanged();
    },
  };
}

const ONE = Gathers.EMPTY.with([item('1')], []);

test('what comes is gathered, what goes is not any more, and the digest says so once', async () => {
  const { publish, enabled, disabled, told } = node();
  publish(undefined, ONE);
  const two = ONE.with([item('2')], ['global;1']);
  publish(ONE, two);
  await pause(20);
  expect(enabled).toEqual(['1', '2']);
  expect(disabled).toEqual(['global;1']);
  expect(told.map(({ gathers }) => gathers)).toEqual([two.digest]);
  publish(undefined, two);
  await pause(20);
  expect(enabled).toEqual(['1', '2']);
  expect(told).toHaveLength(1);
});

test('a change of a document that is not here makes it ask for the whole, once', async () => {
  const { publish, enabled, asked } = node();
  publish(ONE, ONE.with([item('2')], []));
  publish(ONE, ONE.with([item('3')], []));
  await pause(20);
  expect([enabled, asked.length]).toEqual([[], 1]);
});

test('what belongs to other hosts, or what no source here can do, is left alone and is no exception', async () => {
  const { publish, enabled, wanted } = node();
  publish(
    undefined,
    Gathers.EMPTY.with(
      [
        item('1', {}, ['db-*']),
        item('2', {}, ['db-*', 'web-*']),
        item('3', { predicate: { eq: ['zonename', 'x'] } }),
        { instrumentation: { ...item('4').instrumentation, meaning: digestOf('something else') } },
      ],
      [],
    ),
  );
  await pause(20);
  expect(enabled).toEqual(['2']);
  expect(wanted.standing.exceptions).toBe(digestOf([]));
});

test('a question that means what this node means by its metric is gathered', async () => {
  const { publish, enabled, wanted } = node();
  const { metadata } = wanted.content(wanted.standing.catalogue) as ReturnType<typeof catalogueOf>;
  const meaning = meaningOf(metadata.metrics[0]!);
  publish(
    undefined,
    Gathers.EMPTY.with([{ instrumentation: { ...item('1').instrumentation, meaning } }], []),
  );
  await pause(20);
  expect(enabled).toEqual(['1']);
});

test('what is not simply enabled is an exception, with its words, until it is', async () => {
  const { publish, wanted, told, enabling } = node();
  enabling.with = ({ id }) => {
    const fqid = `global;${id}`;
    wanted.changed({ fqid, state: 'enabling' });
    if (id === '1') wanted.changed({ fqid, state: 'enabled', source: 'bpf' });
    if (id === '2') wanted.changed({ fqid, state: 'failed', source: 'bpf', reason: 'no', log: 'R1' });
    if (id === '3') wanted.changed({ fqid, state: 'enabled', source: 'proc' });
    if (id === '4') wanted.changed({ fqid, state: 'enabled', source: 'bpf', reason: '1 of 2 files' });
    return Promise.resolve();
  };
  const all = ONE.with(
    ['2', '3', '4'].map((id) => item(id)),
    [],
  );
  publish(undefined, all);
  await pause(20);
  const exceptions = wanted.content(wanted.standing.exceptions) as Exception[];
  expect(exceptions.map(({ fqid, state }) => [fqid, state])).toEqual([
    ['global;2', 'failed'],
    ['global;3', 'enabled'],
    ['global;4', 'enabled'],
  ]);
  wanted.changed({ fqid: 'global;2', state: 'enabled', source: 'bpf' });
  publish(all, ONE);
  await pause(20);
  expect(told.at(-1)).toEqual({ ...wanted.standing, exceptions: digestOf([]), gathers: ONE.digest });
  expect(wanted.content(digestOf(exceptions))).toBeUndefined();
});

test('what takes longer than a second to enable is told as under way, and again when it is done', async () => {
  const { publish, wanted, told, enabling } = node();
  const done = deferred<undefined>();
  enabling.with = () => {
    wanted.changed({ fqid: 'global;1', state: 'enabling' });
    return done.promise;
  };
  publish(undefined, ONE);
  await pause(1100);
  expect(told).toHaveLength(1);
  expect(wanted.content(told[0]!.exceptions)).toEqual([{ fqid: 'global;1', state: 'enabling' }]);
  wanted.changed({ fqid: 'global;1', state: 'enabled', source: 'bpf' });
  done.resolve(undefined);
  await pause(20);
  expect(told.at(-1)?.exceptions).toBe(digestOf([]));
});

test('a predicate that does not fit its fields is an exception of its own; the others are gathered', async () => {
  const { publish, enabled, wanted } = node();
  const broken = { instrumentation: { ...item('1').instrumentation, predicate: { lt: ['execname', 5] } } };
  publish(undefined, Gathers.EMPTY.with([broken, item('2')], []));
  await pause(20);
  expect(enabled).toEqual(['2']);
  expect(wanted.content(wanted.standing.exceptions)).toMatchObject([{ fqid: 'global;1', state: 'failed' }]);
});

test('when sources offer something else, that is told, and what concerns the node now is gathered', async () => {
  const { publish, enabled, told, offer } = node(['hostname']);
  publish(undefined, ONE);
  await pause(20);
  expect(enabled).toEqual([]);
  offer(['hostname', 'execname']);
  await pause(20);
  expect(enabled).toEqual(['1']);
  expect(told).toHaveLength(2);
  expect(told[1]?.catalogue).not.toBe(told[0]?.catalogue);
});

test('a large fleet tells after a pause in proportion to its size', () => {
  const { publish, wanted, told } = node();
  publish(undefined, ONE, 10 * LIMITS.standingsPerSecond);
  expect(wanted.pauseMs()).toBe(5000);
  expect(told).toEqual([]);
  wanted.close();
});

test('however much fails, with however many words, all of it is told and fits into a message', () => {
  const { publish, wanted, enabling } = node();
  enabling.with = ({ id }) => {
    const words = { reason: 'x'.repeat(LIMITS.reasonLength), log: 'y'.repeat(PROBE_LOG_LENGTH) };
    wanted.changed({ fqid: `global;${id}`, state: 'failed', ...words });
    return Promise.resolve();
  };
  publish(
    undefined,
    Gathers.EMPTY.with(
      Array.from({ length: 1000 }, (_, i) => item(String(i + 1))),
      [],
    ),
  );
  const told = wanted.content(wanted.standing.exceptions) as Exception[];
  expect(told).toHaveLength(1000);
  expect(JSON.stringify(told).length).toBeLessThan(LIMITS.messageBytes);
  wanted.close();
});
