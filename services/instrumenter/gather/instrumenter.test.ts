import { SILENT } from '../../../common/service/log';
import { ask, deferred, FakeProbe, FakeSource, HandClock } from '../testing/fakes';
import { Instrumenter, type Standing } from './instrumenter';
import { Journal } from './journal';
import type { Parcel } from './parcel';
import { EnableError, type Reading, type Source } from '../sources/source';
import { KEYS_PER_SECOND, PROBE_FAILURES } from './tick';

const START = 1_700_000_000;

function node(...sources: Source[]) {
  const clock = new HandClock(START);
  const sent: Parcel[] = [];
  const told: Standing[] = [];
  const instrumenter = new Instrumenter({
    clock,
    elapsed: () => clock.time * 1e6,
    log: SILENT,
    journal: new Journal(),
    sources,
    budget: { ofCore: 5, cpus: 1 },
    put: (parcel) => sent.push(parcel),
    changed: (standing) => told.push(standing),
  });
  const tickAt = (second: number): Promise<void> => {
    clock.time = (START + second) * 1000 + 2;
    return instrumenter.tick(START + second);
  };
  return { clock, sent, told, instrumenter, tickAt };
}

const seconds = (sent: Parcel[]) => sent.map((p) => p.second - START);
const numbers = (sent: Parcel[]) =>
  sent.map(({ report: { value } }) => (value.shape === 'number' ? value.number : NaN));

const execs = (name: 'proc' | 'bpf' | 'dtrace' = 'bpf', fields: string[] = ['hostname', 'execname']) =>
  new FakeSource(name, [{ metric: 'unix.proc_execs', fields }]);

test('seconds are consecutive and each is sent once, from the first whole one on', async () => {
  const source = execs();
  const { instrumenter, sent, tickAt } = node(source);
  await instrumenter.enable(ask('unix.proc_execs'));
  const [probe] = source.probes;
  for (let second = 1; second <= 5; second++) {
    probe!.events = second * 10;
    await tickAt(second);
  }
  // The tick at 1 closes the part of a second after enabling: not sent. The tick at 2 closes second 1.
  expect(seconds(sent)).toEqual([1, 2, 3, 4]);
  expect(numbers(sent)).toEqual([20, 30, 40, 50]);
  expect(sent.map((p) => p.duration)).toEqual([1, 1, 1, 1]);
  expect(sent.map((p) => p.report.lost)).toEqual([0, 0, 0, 0]);
  expect(probe!.turns).toBe(5);
});

test('slots longer than a second are reported every five seconds, aligned', async () => {
  const source = execs();
  const { instrumenter, sent, tickAt } = node(source);
  await instrumenter.enable(ask('unix.proc_execs', [], { granularity: 10 }));
  // START is a multiple of 5.
  for (let second = 3; second <= 16; second++) {
    source.probes[0]!.events += 1;
    await tickAt(second);
  }
  expect(sent.map((p) => [p.second - START, p.duration])).toEqual([
    [5, 5],
    [10, 5],
  ]);
  expect(numbers(sent)).toEqual([5, 5]);
});

test('a process that stood still sends no second it cannot tell apart, and says how many events that cost', async () => {
  const source = execs();
  const { instrumenter, sent, tickAt } = node(source);
  await instrumenter.enable(ask('unix.proc_execs'));
  await tickAt(1);
  await tickAt(2);
  source.probes[0]!.events = 7;
  await tickAt(5);
  source.probes[0]!.events = 1;
  await tickAt(6);
  await tickAt(7);
  expect(seconds(sent)).toEqual([1, 5, 6]);
  expect(numbers(sent)).toEqual([0, 1, 0]);
  expect(sent.map((p) => p.report.lost)).toEqual([0, 7, 0]);
  expect(instrumenter.counts).toMatchObject({ ticks: 5, ticksMissed: 2 });
});

test('of very many keys as many leave as the limit allows, with the exact total', async () => {
  const source = execs();
  const { instrumenter, sent, tickAt } = node(source);
  await instrumenter.enable(ask('unix.proc_execs', ['execname']));
  const keys = KEYS_PER_SECOND + 50;
  const numbers = new Map(Array.from({ length: keys }, (_, i) => [`k${i}`, 2]));
  source.probes[0]!.reading = () => Promise.resolve({ value: { shape: 'keyed', numbers }, lost: 0 });
  await tickAt(1);
  await tickAt(2);
  const { value } = sent[0]!.report;
  expect(value.shape === 'keyed' && value.numbers.size).toBe(KEYS_PER_SECOND);
  expect(value.shape === 'keyed' && value.numbers.get('(other)')).toBe(2 * 51);
});

test('a slow probe delays no other, and its late second still arrives', async () => {
  const slow = execs('bpf');
  const fast = new FakeSource('proc', [{ metric: 'cpu.cpus', fields: [] }]);
  const { instrumenter, sent, tickAt } = node(fast, slow);
  await instrumenter.enable(ask('unix.proc_execs'));
  await instrumenter.enable(ask('cpu.cpus', [], { id: '2' }));
  await tickAt(1);
  const late = deferred<Reading>();
  const probe = slow.probes[0]!;
  const usual = probe.reading;
  probe.reading = () => late.promise;
  const second2 = tickAt(2);
  await new Promise((resolve) => setImmediate(resolve));
  await tickAt(3);
  expect(sent.map((p) => [p.report.fqid, p.second - START])).toEqual([
    ['global;2', 1],
    ['global;2', 2],
  ]);
  expect(probe.turns).toBe(2);
  probe.events = 4;
  probe.reading = usual;
  late.resolve({ value: { shape: 'number', number: 9 }, lost: 0 });
  await second2;
  await tickAt(4);
  await tickAt(5);
  const ofSlow = sent.filter((p) => p.report.fqid === 'global;1');
  // Seconds 2 and 3 were closed together: their four events are no second's, and lost.
  expect(ofSlow.map((p) => [p.second - START, p.report.lost])).toEqual([
    [1, 0],
    [4, 4],
  ]);
  expect(numbers(ofSlow)).toEqual([9, 0]);
});

test('a probe that throws costs only itself, is told of after a while, and comes back', async () => {
  const broken = execs();
  const fine = new FakeSource('proc', [{ metric: 'cpu.cpus', fields: [] }]);
  const { instrumenter, sent, told, tickAt } = node(fine, broken);
  await instrumenter.enable(ask('unix.proc_execs'));
  await instrumenter.enable(ask('cpu.cpus', [], { id: '2' }));
  told.length = 0;
  const probe = broken.probes[0]!;
  probe.onFlip = () => {
    throw new Error('no map');
  };
  for (let second = 1; second <= PROBE_FAILURES + 1; second++) await tickAt(second);
  expect(seconds(sent.filter((p) => p.report.fqid === 'global;2'))).toEqual([1, 2, 3, 4, 5]);
  expect(sent.filter((p) => p.report.fqid === 'global;1')).toEqual([]);
  expect(told).toEqual([
    { fqid: 'global;1', state: 'failed', source: 'bpf', reason: 'its last 5 readings failed: no map' },
  ]);
  probe.onFlip = () => undefined;
  await tickAt(7);
  await tickAt(8);
  expect(told.at(-1)).toEqual({ fqid: 'global;1', state: 'enabled', source: 'bpf' });
  expect(seconds(sent.filter((p) => p.report.fqid === 'global;1'))).toContain(7);
});

test('a reading that rejects, and a source that does not settle, leave the others alone', async () => {
  const source = execs();
  const settles = new FakeSource('proc', [{ metric: 'cpu.cpus', fields: [] }]);
  const { instrumenter, sent, tickAt } = node(source, settles);
  settles.settle = () => Promise.reject(new Error('no'));
  await instrumenter.enable(ask('unix.proc_execs'));
  await instrumenter.enable(ask('unix.proc_execs', [], { id: '2' }));
  await instrumenter.enable(ask('cpu.cpus', [], { id: '3' }));
  source.probes[0]!.reading = () => Promise.reject(new Error('gone'));
  await tickAt(1);
  await tickAt(2);
  expect(sent.map((p) => p.report.fqid).sort()).toEqual(['global;2', 'global;3']);
  expect(instrumenter.rows()[0]).toMatchObject({ fqid: 'global;1', errors: 2, reports: 0 });
});

test('what a failed reading may have left behind is not taken for the next second', async () => {
  const source = execs();
  const { instrumenter, sent, tickAt } = node(source);
  await instrumenter.enable(ask('unix.proc_execs'));
  await tickAt(1);
  await tickAt(2);
  const probe = source.probes[0]!;
  const usual = probe.reading;
  probe.reading = () => Promise.reject(new Error('busy'));
  await tickAt(3);
  probe.reading = usual;
  probe.events = 30;
  await tickAt(4);
  probe.events = 5;
  await tickAt(5);
  expect(seconds(sent)).toEqual([1, 4]);
  expect(sent.map((p) => p.report.lost)).toEqual([0, 30]);
  expect(numbers(sent)).toEqual([0, 5]);
});

test('values are read only when the source has settled', async () => {
  const source = execs();
  const { instrumenter, sent, tickAt } = node(source);
  await instrumenter.enable(ask('unix.proc_execs'));
  await tickAt(1);
  const settled = deferred<undefined>();
  const order: string[] = [];
  source.settle = () => settled.promise;
  source.probes[0]!.onFlip = () => order.push('flip');
  const usual = source.probes[0]!.reading;
  source.probes[0]!.reading = () => {
    order.push('read');
    return usual();
  };
  const done = tickAt(2);
  order.push('settled');
  settled.resolve(undefined);
  await done;
  expect(order).toEqual(['flip', 'settled', 'read']);
  expect(seconds(sent)).toEqual([1]);
});

test('enabling what already runs changes nothing; a changed question starts anew', async () => {
  const source = execs();
  const { instrumenter, sent, told, tickAt } = node(source);
  await instrumenter.enable(ask('unix.proc_execs'));
  await tickAt(1);
  await instrumenter.enable(ask('unix.proc_execs', [], { retentionTime: 60, idleMax: 1, persistData: true }));
  await tickAt(2);
  expect(source.probes).toHaveLength(1);
  expect(seconds(sent)).toEqual([1]);
  const changed = ask('unix.proc_execs', [], { predicate: { eq: ['execname', 'sh'] } });
  expect(await instrumenter.enable(changed)).toEqual({ fqid: 'global;1', state: 'enabled', source: 'bpf' });
  expect(source.probes.map((p) => p.closed)).toEqual([true, false]);
  expect(told.map((t) => t.state)).toEqual(['enabling', 'enabled', 'enabling', 'enabled']);
  expect(instrumenter.rows()).toHaveLength(1);
});

test('two that ask for the same at once get one probe and one answer', async () => {
  const source = execs();
  const { instrumenter } = node(source);
  const gate = deferred<FakeProbe>();
  source.onEnable = () => gate.promise;
  const first = instrumenter.enable(ask('unix.proc_execs'));
  const second = instrumenter.enable(ask('unix.proc_execs'));
  gate.resolve(new FakeProbe());
  expect(await first).toEqual(await second);
  expect(source.probes).toHaveLength(1);
});

test('an enabling that takes its time costs the others no second, and starts with its own first whole one', async () => {
  const source = execs();
  const { instrumenter, sent, tickAt } = node(source);
  await instrumenter.enable(ask('unix.proc_execs'));
  await tickAt(1);
  const gate = deferred<FakeProbe>();
  source.onEnable = () => gate.promise;
  const enabling = instrumenter.enable(ask('unix.proc_execs', [], { id: '2' }));
  for (const second of [2, 3, 4]) await tickAt(second);
  gate.resolve(new FakeProbe());
  await enabling;
  for (const second of [5, 6, 7]) await tickAt(second);
  expect(seconds(sent.filter((p) => p.report.fqid === 'global;1'))).toEqual([1, 2, 3, 4, 5, 6]);
  expect(seconds(sent.filter((p) => p.report.fqid === 'global;2'))).toEqual([5, 6]);
});

test('what is disabled while it is being enabled leaves no probe behind', async () => {
  const source = execs();
  const { instrumenter, sent, tickAt } = node(source);
  const gate = deferred<FakeProbe>();
  const reached = deferred<undefined>();
  source.onEnable = () => {
    reached.resolve(undefined);
    return gate.promise;
  };
  const enabling = instrumenter.enable(ask('unix.proc_execs'));
  await reached.promise;
  expect(await instrumenter.disable('global;1')).toMatchObject({ state: 'stopped' });
  gate.resolve(new FakeProbe());
  expect(await enabling).toMatchObject({ state: 'stopped' });
  expect(source.probes[0]!.closed).toBe(true);
  await tickAt(1);
  await tickAt(2);
  expect(sent).toEqual([]);
});

test('disabling is done once, twice is no error, and nothing is sent afterwards', async () => {
  const source = execs();
  const { instrumenter, sent, tickAt } = node(source);
  await instrumenter.enable(ask('unix.proc_execs'));
  await tickAt(1);
  const late = deferred<Reading>();
  source.probes[0]!.reading = () => late.promise;
  const reading = tickAt(2);
  expect(await instrumenter.disable('global;1')).toEqual({
    fqid: 'global;1',
    state: 'stopped',
    source: 'bpf',
  });
  late.resolve({ value: { shape: 'number', number: 1 }, lost: 0 });
  await reading;
  expect(await instrumenter.disable('global;1')).toEqual({ fqid: 'global;1', state: 'stopped' });
  await tickAt(3);
  expect(sent).toEqual([]);
  expect(source.probes[0]!.closed).toBe(true);
});

test('expected instrumentations stay, any other is stopped', async () => {
  const source = execs();
  const { instrumenter } = node(source);
  for (const id of ['1', '2', '3']) await instrumenter.enable(ask('unix.proc_execs', [], { id }));
  await instrumenter.expect(['global;2', 'global;9']);
  expect(instrumenter.rows().map((row) => row.fqid)).toEqual(['global;2']);
  expect(source.probes.map((p) => p.closed)).toEqual([true, false, true]);
});

test('the first source that covers the question gets it; a dearer one only where it does not', async () => {
  const cheap = execs('bpf', ['hostname']);
  const dear = execs('dtrace', ['hostname', 'execname']);
  const { instrumenter } = node(cheap, dear);
  expect(await instrumenter.enable(ask('unix.proc_execs', ['hostname']))).toMatchObject({ source: 'bpf' });
  expect(await instrumenter.enable(ask('unix.proc_execs', ['execname'], { id: '2' }))).toMatchObject({
    source: 'dtrace',
  });
  const filtered = ask('unix.proc_execs', [], { id: '3', predicate: { ne: ['execname', 'sh'] } });
  expect(await instrumenter.enable(filtered)).toMatchObject({ source: 'dtrace' });
});

test('when a source refuses, the next that covers the question is tried; when all do, the reason is told', async () => {
  const first = execs('bpf');
  const second = execs('dtrace');
  const { instrumenter, told } = node(first, second);
  first.onEnable = () => Promise.reject(new EnableError('no such file'));
  expect(await instrumenter.enable(ask('unix.proc_execs'))).toEqual({
    fqid: 'global;1',
    state: 'enabled',
    source: 'dtrace',
  });
  second.onEnable = () => Promise.reject(new EnableError('the verifier refused it', 'R1 invalid mem access'));
  const failed = await instrumenter.enable(ask('unix.proc_execs', [], { id: '2' }));
  expect(failed).toEqual({
    fqid: 'global;2',
    state: 'failed',
    source: 'dtrace',
    reason: 'the verifier refused it',
    log: 'R1 invalid mem access',
  });
  expect(told.at(-1)).toEqual(failed);
  // A repeated request tries again: the reason may be gone.
  second.onEnable = () => new FakeProbe();
  expect(await instrumenter.enable(ask('unix.proc_execs', [], { id: '2' }))).toMatchObject({
    state: 'enabled',
  });
});

test('what could not be enabled is tried again now and then, and told when it works; what stays in the way is told once', async () => {
  const source = execs();
  const { instrumenter, told, tickAt } = node(source);
  let tries = 0;
  source.onEnable = () => {
    tries++;
    return Promise.reject(new EnableError('no memory'));
  };
  await instrumenter.enable(ask('unix.proc_execs'));
  const before = told.length;
  for (let second = 1; second <= 65; second++) await tickAt(second);
  expect([tries, told.length]).toEqual([3, before]);
  source.onEnable = () => new FakeProbe();
  for (let second = 66; second <= 100; second++) await tickAt(second);
  expect(told.slice(before)).toMatchObject([{ state: 'enabled' }]);
  expect(source.probes[0]!.turns).toBeGreaterThan(3);
});

test('what is stopped while it is tried again leaves no probe behind', async () => {
  const source = execs();
  const { instrumenter, tickAt } = node(source);
  source.onEnable = () => Promise.reject(new EnableError('no memory'));
  await instrumenter.enable(ask('unix.proc_execs'));
  const { promise, resolve } = deferred<FakeProbe>();
  source.onEnable = () => promise;
  const ticked = tickAt(31);
  await new Promise(setImmediate);
  await instrumenter.disable('global;1');
  const probe = new FakeProbe();
  resolve(probe);
  await ticked;
  expect(probe.closed).toBe(true);
});

test('a question that no source covers fails with a sentence that says why', async () => {
  const without = new FakeSource('bpf', [{ metric: 'cpu.thread_executions', unavailable: 'no BTF' }]);
  const { instrumenter } = node(execs('proc', ['hostname']), without);
  const reason = async (...args: Parameters<typeof ask>) => (await instrumenter.enable(ask(...args))).reason;
  expect(await reason('unix.proc_execs', ['execname'])).toBe(
    'no source of this node can do this (proc: does not know execname)',
  );
  expect(await reason('cpu.thread_executions', [], { id: '2' })).toBe(
    'no source of this node can do this (bpf: no BTF)',
  );
  expect(await reason('cpu.cpus', [], { id: '3' })).toBe('no source of this node knows cpu.cpus');
});

test('a paused instrumentation is not gathered', async () => {
  const source = execs();
  const { instrumenter } = node(source);
  await instrumenter.enable(ask('unix.proc_execs'));
  expect(await instrumenter.enable(ask('unix.proc_execs', [], { enabled: false }))).toMatchObject({
    state: 'stopped',
  });
  expect(source.probes[0]!.closed).toBe(true);
  expect(instrumenter.rows()).toEqual([]);
});

test('at the end all probes are closed, also when one will not', async () => {
  const source = execs();
  const { instrumenter } = node(source);
  for (const id of ['1', '2']) await instrumenter.enable(ask('unix.proc_execs', [], { id }));
  source.probes[0]!.close = () => {
    throw new Error('no');
  };
  await instrumenter.close();
  expect(source.probes[1]!.closed).toBe(true);
  expect(instrumenter.rows()).toEqual([]);
});

test('what a probe cannot see is told when it is enabled, when it changes, and no more when it is gone', async () => {
  const source = execs();
  const { instrumenter, told, tickAt } = node(source);
  let shortfall: string | undefined = '1 of 2 files are not watched';
  source.onEnable = () => Object.assign(new FakeProbe(), { shortfall: () => shortfall });
  expect(await instrumenter.enable(ask('unix.proc_execs'))).toMatchObject({
    state: 'enabled',
    reason: '1 of 2 files are not watched',
  });
  const count = told.length;
  await tickAt(10);
  expect(told).toHaveLength(count);
  shortfall = '2 of 3 files are not watched';
  await tickAt(11);
  expect(told.at(-1)).toMatchObject({ state: 'enabled', reason: shortfall });
  shortfall = undefined;
  await tickAt(12);
  expect(told.at(-1)?.state).toBe('enabled');
  expect(told.at(-1)?.reason).toBeUndefined();
  expect(told).toHaveLength(count + 2);
});

test('why events are lost is told with what the node has counted of it, also of reports that were never sent', async () => {
  const source = execs();
  const { instrumenter, told, sent, tickAt } = node(source);
  const readings: Reading[] = [0, 5, 0].map((keys) => ({
    value: { shape: 'number', number: 1 },
    lost: keys,
    losses: { keys },
  }));
  const none: Reading = { value: { shape: 'number', number: 1 }, lost: 0 };
  source.onEnable = () => Object.assign(new FakeProbe(), { read: () => readings.shift() ?? none });
  await instrumenter.enable(ask('unix.proc_execs'));
  for (let second = 10; second < 13; second++) await tickAt(second);
  expect(sent.map(({ report }) => report.lost)).toEqual([5, 0]);
  expect(told.at(-1)).toMatchObject({ state: 'enabled' });
  expect(told.at(-1)?.reason).toMatch(/^events are lost: 5, because there were more different keys/);
  const count = told.length;
  instrumenter.gaveUp('global;1', 3);
  instrumenter.gaveUp('global;404', 3);
  for (let second = 13; second < 75; second++) await tickAt(second);
  expect(told.slice(count).map(({ reason }) => reason)).toEqual([
    expect.stringMatching(/^within 60 s events were lost: 5, because .*; 3, because the broker was away/),
  ]);
});

test('what costs more than the budget is stopped, said to be so, and starts again when it is asked for anew', async () => {
  const source = execs();
  const { instrumenter, told, tickAt, clock } = node(source);
  await instrumenter.enable(ask('unix.proc_execs'));
  const [probe] = source.probes;
  Object.assign(probe!, {
    cost: () => ({ runs: 0, nanoseconds: (clock.time - START * 1000) * 0.9e6, bytes: 0 }),
  });
  for (let second = 10; second < 14; second++) await tickAt(second);
  expect(told.at(-1)?.state).toBe('failed');
  expect(told.at(-1)?.reason).toContain('it cost 90.0 % of a core; the budget');
  expect(probe!.closed).toBe(true);
  expect(instrumenter.rows()).toMatchObject([{ state: 'failed', percentOfCore: 90 }]);
  await instrumenter.enable(ask('unix.proc_execs'));
  expect(told.at(-1)).toMatchObject({ state: 'enabled' });
});

describe('what was stopped for its cost', () => {
  /** A source whose probes cost this many percent of a core. */
  function costly() {
    const source = execs();
    const load = { percent: 30, spent: 0 };
    const enable = source.enable.bind(source);
    source.enable = async (i) =>
      Object.assign(await enable(i), { cost: () => ({ runs: 0, nanoseconds: load.spent, bytes: 0 }) });
    const made = node(source);
    let second = 0;
    const run = async (until: number): Promise<void> => {
      for (; second < until; second++) {
        load.spent += load.percent * 1e7;
        await made.tickAt(second);
      }
    };
    const states = () => made.told.map(({ state }) => state);
    return { ...made, source, load, run, states };
  }

  test('comes back by itself after a minute, and stays while there is room', async () => {
    const { instrumenter, told, load, run, states } = costly();
    await instrumenter.enable(ask('unix.proc_execs'));
    await run(20);
    expect(told.at(-1)).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(
        /of a core.*CA_PROBE_BUDGET=.*; it is tried again in 1m, when there is room$/,
      ) as unknown,
    });
    load.percent = 1;
    await run(60);
    expect(states().at(-1)).toBe('failed');
    await run(100);
    expect(told.at(-1)).toMatchObject({ state: 'enabled' });
    expect(told.at(-1)).not.toHaveProperty('reason');
    await run(1000);
    expect(states().filter((state) => state === 'failed')).toHaveLength(1);
    await instrumenter.close();
  });

  test('is tried half as often each time that it was too early', async () => {
    const { instrumenter, told, run } = costly();
    await instrumenter.enable(ask('unix.proc_execs'));
    await run(1000);
    const waits = told.flatMap(({ reason }) => /tried again in ([\w ]+),/.exec(reason ?? '')?.[1] ?? []);
    expect(waits).toEqual(['1m', '2m', '4m', '8m', '16m']);
    await instrumenter.close();
  });

  test('waits while others take all there is', async () => {
    const { instrumenter, told, source, load, run } = costly();
    await instrumenter.enable(ask('unix.proc_execs'));
    await run(20);
    expect(told.at(-1)?.state).toBe('failed');
    await instrumenter.enable(ask('unix.proc_execs', ['execname'], { id: '2' }));
    let [spent, each] = [0, 0];
    Object.assign(source.probes.at(-1)!, {
      cost: () => ({ runs: 0, nanoseconds: (spent += each), bytes: 0 }),
    });
    load.percent = 0;
    await run(45);
    // Above the budget, for less than the half minute after which it would have to go.
    each = 6e7;
    await run(75);
    const first = () => instrumenter.rows().find(({ fqid }) => fqid === 'global;1');
    expect(first()).toMatchObject({ state: 'failed' });
    each = 1e7;
    await run(100);
    expect(first()).toMatchObject({ state: 'enabled' });
    await instrumenter.close();
  });
});
