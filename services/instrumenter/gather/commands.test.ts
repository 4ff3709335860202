import { CaError } from '../../../common/service/errors';
import { SILENT } from '../../../common/service/log';
import { toWire, type Body, type Message, type MessageType } from '../../../common/wire/message';
import type { Handler } from '../../../common/wire/peer';
import { listen } from './commands';
import { ask, FakeSource, HandClock } from '../testing/fakes';
import { Instrumenter } from './instrumenter';
import { Journal } from './journal';

/** Handlers as a peer would call them. */
function bus() {
  const handlers = new Map<string, Handler<MessageType>>();
  const peer = {
    on<T extends MessageType>(type: T, handler: Handler<T>) {
      handlers.set(type, handler as Handler<MessageType>);
    },
  };
  const say = async <T extends MessageType>(type: T, body: Body<T>) =>
    handlers.get(type)?.(body, { type, body } as unknown as Message);
  const source = new FakeSource('bpf', [{ metric: 'unix.proc_execs', fields: ['execname'] }]);
  const instrumenter = new Instrumenter({
    clock: new HandClock(1000),
    elapsed: () => 0,
    log: SILENT,
    journal: new Journal(),
    sources: [source],
    budget: { ofCore: 5, cpus: 1 },
    put: () => undefined,
    changed: () => undefined,
  });
  let hellos = 0;
  listen({
    peer,
    instrumenter,
    sayHello: () => hellos++,
    resend: () => [],
    status: () => ({ service: 'instrumenter' }),
  });
  return { say, source, instrumenter, hellos: () => hellos };
}

test('enabling is answered with how it stands, disabling too', async () => {
  const { say, source } = bus();
  const question = ask('unix.proc_execs', ['execname'], { predicate: { eq: ['execname', 'sh'] } });
  expect(await say('enable_instrumentation', { instrumentation: toWire(question) })).toEqual({
    fqid: 'global;1',
    state: 'enabled',
    source: 'bpf',
  });
  expect(await say('disable_instrumentation', { fqid: 'global;1' })).toMatchObject({ state: 'stopped' });
  expect(source.probes[0]?.closed).toBe(true);
});

test('a predicate that does not fit the fields is refused before anything is enabled', async () => {
  const { say, source } = bus();
  const wire = { ...toWire(ask('unix.proc_execs')), predicate: { lt: ['execname', 5] } };
  await expect(say('enable_instrumentation', { instrumentation: wire })).rejects.toThrow(CaError);
  expect(source.probes).toEqual([]);
});

test('what is not expected is stopped; that is not answered', async () => {
  const { say, instrumenter } = bus();
  await say('enable_instrumentation', { instrumentation: toWire(ask('unix.proc_execs')) });
  expect(await say('expected_instrumentations', { fqids: [] })).toBeUndefined();
  expect(instrumenter.rows()).toEqual([]);
});

test('a config service that comes up is told who is here', async () => {
  const { say, hellos } = bus();
  expect(await say('config_online', {})).toBeUndefined();
  expect(hellos()).toBe(1);
  expect(await say('status', {})).toEqual({ service: 'instrumenter' });
});
