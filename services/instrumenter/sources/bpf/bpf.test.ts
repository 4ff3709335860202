/* The bpf source on the real kernel. Needs root, or CAP_BPF and CAP_PERFMON; says so where it is skipped. */
import fc from 'fast-check';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gridOf } from '../../../../common/field';
import { LOG_GRID } from '../../../../common/bucket';
import { eachBucket, totalCount } from '../../../../common/distribution';
import type { Instrumentation } from '../../../../common/instrumentation';
import { LIMITS } from '../../../../common/limits';
import { SILENT } from '../../../../common/log';
import { predicateFields, type Predicate } from '../../../../common/predicate';
import { totalOf, type Value } from '../../../../common/value';
import { Instrumenter, type Standing } from '../../instrumenter';
import { Journal } from '../../journal';
import { FIELDS, type FieldName } from '../../metrics/fields';
import type { MetricDescription } from '../../metrics/description';
import { describe as describeMetric, METRICS } from '../../metrics/registry';
import { EnableError } from '../../source';
import { Assembler, encode } from './assembler';
import { BpfSource } from './bpf';
import { Btf, MissingError } from './btf';
import { emitBucket } from './grid';
import { Kernel, KernelError } from './kernel';
import { countCpus, openBpf } from './open';
import type { BpfProbe } from './probe';
import { toyBtf } from './testing/toy_kernel';
import { Verifier } from './testing/verifier';

const HOST = 'this-node';
/** `make fuzz`: 10,000. */
const RANDOM_QUESTIONS = Number(process.env['CA_FUZZ_RUNS'] ?? 150);
/** User programs may not be there, and not every kernel lets its functions be watched. */
const mayBeMissing = (metric: MetricDescription | undefined): boolean =>
  metric?.bpf?.probes.some(({ at }) => at.kind === 'user' || at.kind === 'function') === true;
const opened = openBpf(HOST, METRICS);
const obstacle =
  typeof opened === 'string'
    ? opened
    : opened
        .offers()
        .map((offer) =>
          'unavailable' in offer && !mayBeMissing(describeMetric(offer.metric)) ? offer.unavailable : '',
        )
        .find((reason) => reason !== '');
const usable = typeof opened !== 'string' && obstacle === undefined;
if (!usable) process.stderr.write(`SKIPPED: bpf on the real kernel: ${obstacle}\n`);

test('as root on Linux nothing of this file is skipped', () => {
  if (process.platform === 'linux' && process.getuid?.() === 0) expect(obstacle).toBeUndefined();
});

/** A process name (15 bytes at most) that no other run of these tests on this machine uses. */
const own = (name: string): string => `${process.pid.toString(36)}-${name}`;
const GETPPID = process.arch === 'x64' ? 110 : 173;
/** Perl: takes a name; the kernel cuts it to 15 bytes. */
const rename = (name: string): string => `open(F, ">", "/proc/$$/comm"); syswrite(F, "${name}"); close F;`;

const ALWAYS: Predicate = { kind: 'always' };
const is = (field: string, constant: string): Predicate => ({ kind: 'compare', op: 'eq', field, constant });

function instrumentation(
  name: `${string}.${string}`,
  decomposition: readonly string[],
  predicate: Predicate = ALWAYS,
): Instrumentation {
  const [module = '', stat = ''] = name.split('.');
  const fields = [...decomposition, ...predicateFields(predicate)];
  return {
    id: '1',
    module,
    stat,
    predicate,
    decomposition,
    fields: Object.fromEntries(fields.map((field) => [field, FIELDS[field as FieldName].type])),
    valueScope: 'interval',
    granularity: 1,
    retentionTime: 60,
    idleMax: 60,
    persistData: false,
    enabled: true,
    crtime: 0,
  };
}

/** A Perl process of a chosen name makes this many getppid calls, and no other of that kind. */
function makeCalls(comm: string | Buffer, count: number, more = ''): void {
  const name = Buffer.from(comm).toString('hex');
  const script = `$0 = "x"; open(F, ">", "/proc/$$/comm"); syswrite(F, pack("H*", "${name}")); close F; ${more} for (1..${count}) { syscall(${GETPPID}) }`;
  const done = spawnSync('perl', ['-e', script], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`perl failed: ${done.stderr}`);
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // the descriptor of the listing itself
  }
}

const isNumeric = (field: string): boolean => FIELDS[field as FieldName].type !== 'string';

/** Arguments of processes that are not running are looked up when a second is read. */
function canBeFiltered(metric: `${string}.${string}`): (field: string) => boolean {
  const steps = describeMetric(metric)?.bpf?.probes.flatMap((p) => p.steps) ?? [];
  return (field) =>
    !steps.some((step) => {
      const of = step.kind === 'count' ? step.fields[field] : undefined;
      return of !== undefined && 'kind' in of && ['command', 'function'].includes(of.kind);
    });
}

/** Predicates of any form over these fields. */
function predicateOver(discrete: readonly string[], numeric: readonly string[]): fc.Arbitrary<Predicate> {
  const text = fc.record({
    op: fc.constantFrom('eq' as const, 'ne' as const),
    field: fc.constantFrom(...discrete),
    constant: fc.oneof(fc.string({ maxLength: 40 }), fc.constantFrom('read', 'none', '1', HOST, 'sleeping')),
  });
  const number = fc.record({
    op: fc.constantFrom(
      'eq' as const,
      'ne' as const,
      'lt' as const,
      'le' as const,
      'gt' as const,
      'ge' as const,
    ),
    field: fc.constantFrom(...(numeric.length === 0 ? ['subsecond'] : numeric)),
    constant: fc.oneof(fc.double({ noNaN: true, min: -10, max: 1e15 }), fc.maxSafeInteger()),
  });
  const leaf = (numeric.length === 0 ? text : fc.oneof(text, number)).map((c): Predicate => ({
    kind: 'compare',
    ...c,
  }));
  const { predicate } = fc.letrec<{ predicate: Predicate }>((tie) => ({
    predicate: fc.oneof(
      { maxDepth: 5 },
      leaf,
      fc
        .record({
          kind: fc.constantFrom('and' as const, 'or' as const),
          members: fc.array(tie('predicate'), { minLength: 2, maxLength: 6 }),
        })
        .map((p): Predicate => p),
    ),
  }));
  return fc.oneof(fc.constant(ALWAYS), predicate);
}

const numbersOf = (value: Value): ReadonlyMap<string, number> =>
  value.shape === 'keyed' ? value.numbers : new Map([['', totalOf(value)]]);

(usable ? describe : describe.skip)('the bpf source on this kernel', () => {
  const source = opened as BpfSource;
  const open: BpfProbe[] = [];

  async function enable(...args: Parameters<typeof instrumentation>): Promise<BpfProbe> {
    const probe = await source.enable(instrumentation(...args));
    open.push(probe);
    return probe;
  }

  async function close(probe: BpfProbe): Promise<void> {
    probe.turn();
    await source.settle();
  }

  async function readAfterTurn(probe: BpfProbe): Promise<Value> {
    await close(probe);
    const reading = probe.read();
    expect(reading.lost).toBe(0);
    return reading.value;
  }

  afterEach(() => {
    for (const probe of open.splice(0)) probe.close();
  });
  afterAll(() => {
    source.close();
  });

  test('every metric with a description for BPF is offered with all fields that are described', () => {
    for (const metric of METRICS) {
      if (metric.bpf === undefined || mayBeMissing(metric)) continue;
      const counts = metric.bpf.probes.flatMap((p) => p.steps.filter((step) => step.kind === 'count'));
      const described = metric.fields.filter((field) => counts.every((step) => field in step.fields));
      expect(source.offers()).toContainEqual({
        metric: `${metric.module}.${metric.stat}`,
        fields: described,
      });
      expect(described.length).toBeGreaterThan(4);
    }
  });

  test('the verifier accepts each field of each metric, alone and with another, with and without a predicate', async () => {
    const verifier = new Verifier(new Kernel(process.arch === 'x64' ? 'x64' : 'arm64'));
    for (const offer of source.offers()) {
      if (!('fields' in offer)) continue;
      const discrete = offer.fields.filter((f) => FIELDS[f as FieldName].type === 'string');
      const numeric = offer.fields.filter((f) => FIELDS[f as FieldName].type !== 'string');
      const long: Predicate = {
        kind: 'or',
        members: [
          ...discrete.filter(canBeFiltered(offer.metric)).map((field) => is(field, '1')),
          ...numeric.map((field): Predicate => ({ kind: 'compare', op: 'gt', field, constant: 1e12 })),
        ],
      };
      const breakdowns = [
        [],
        ...discrete.map((d) => [d]),
        ...numeric.map((n) => [n]),
        ...discrete.flatMap((d, i) => (numeric.length === 0 ? [] : [[d, numeric[i % numeric.length]!]])),
      ];
      for (const [i, breakdown] of breakdowns.entries()) {
        const predicate = i % 2 === 0 ? ALWAYS : long;
        verifier.check(source.compile(instrumentation(offer.metric, breakdown, predicate)));
      }
      // The kernel attaches it, too.
      const probe = await enable(offer.metric, []);
      expect(probe.listing()).toContain('exit');
      probe.close();
    }
    verifier.close();
  }, 60_000);

  test(
    'the verifier accepts every question made at random: any metric, breakdown and predicate',
    () => {
      const offers = source.offers().flatMap((offer) => ('fields' in offer ? [offer] : []));
      const anyQuestion = fc.constantFrom(...offers).chain((offer) => {
        const discrete = offer.fields.filter((f) => !isNumeric(f));
        const numeric = offer.fields.filter(isNumeric);
        return fc.tuple(
          fc.constant(offer.metric),
          fc.option(fc.constantFrom(...discrete)),
          numeric.length === 0 ? fc.constant(null) : fc.option(fc.constantFrom(...numeric)),
          predicateOver(discrete.filter(canBeFiltered(offer.metric)), numeric),
        );
      });
      const verifier = new Verifier(new Kernel(process.arch === 'x64' ? 'x64' : 'arm64'));
      const began = performance.now();
      fc.assert(
        fc.property(anyQuestion, ([metric, discrete, numeric, predicate]) => {
          const breakdown = [discrete, numeric].filter((field) => field !== null);
          verifier.check(source.compile(instrumentation(metric, breakdown, predicate)));
        }),
        { seed: 20111108, numRuns: RANDOM_QUESTIONS },
      );
      verifier.close();
      if (RANDOM_QUESTIONS > 1000) {
        const seconds = ((performance.now() - began) / 1000).toFixed(1);
        process.stderr.write(`${RANDOM_QUESTIONS} questions were accepted in ${seconds} s\n`);
      }
    },
    60_000 + 100 * RANDOM_QUESTIONS,
  );

  test('the verifier accepts the longest predicates that the API takes, over any field', () => {
    const verifier = new Verifier(new Kernel(process.arch === 'x64' ? 'x64' : 'arm64'));
    const text = 'x'.repeat(79);
    for (const offer of source.offers()) {
      if (!('fields' in offer)) continue;
      const fields = offer.fields.filter(canBeFiltered(offer.metric));
      const all = fields.map((field): Predicate =>
        isNumeric(field) ? { kind: 'compare', op: 'gt', field, constant: 1e12 + 1 } : is(field, text),
      );
      // In a row, and in groups each of which begins anew: what one member computes, the next cannot rely on.
      const row = Array.from({ length: LIMITS.predicateNodes - 1 }, (_, i) => all[i % all.length]!);
      const groups = Array.from({ length: Math.floor(row.length / 6) }, (_, i): Predicate => ({
        kind: 'and',
        members: row.slice(5 * i, 5 * i + 5),
      }));
      for (const members of [row, groups]) {
        const predicate: Predicate = { kind: 'or', members };
        verifier.check(source.compile(instrumentation(offer.metric, fields.slice(1, 2), predicate)));
      }
    }
    verifier.close();
  }, 60_000);

  test('exactly the calls that were made are counted, by name, call and result', async () => {
    const comm = own('exact');
    const byName = await enable('syscall.syscalls', ['execname'], is('syscall', 'getppid'));
    const byCall = await enable('syscall.syscalls', ['syscall'], is('execname', comm));
    const byLatency = await enable('syscall.syscalls', ['execname', 'latency'], is('syscall', 'getppid'));
    const byErrno = await enable('syscall.syscalls', ['errno'], {
      kind: 'and',
      members: [is('execname', comm), is('syscall', 'getppid')],
    });
    makeCalls(comm, 12_345);
    expect(numbersOf(await readAfterTurn(byName)).get(comm)).toBe(12_345);
    expect(numbersOf(await readAfterTurn(byCall)).get('getppid')).toBe(12_345);
    expect(numbersOf(await readAfterTurn(byErrno))).toEqual(new Map([['none', 12_345]]));
    const value = await readAfterTurn(byLatency);
    const distribution = value.shape === 'keyed-distribution' ? value.distributions.get(comm) : undefined;
    expect(totalCount(distribution ?? [])).toBe(12_345);
    eachBucket(distribution ?? [], (bucket) => expect(LOG_GRID.floorOf(bucket)).toBeLessThan(1_000_000_000));
  });

  test('failing calls are told apart by their error', async () => {
    const comm = own('errno');
    const probe = await enable('syscall.syscalls', ['errno'], {
      kind: 'and',
      members: [
        is('execname', comm),
        { kind: 'or', members: [is('syscall', 'rmdir'), is('syscall', 'unlinkat')] },
      ],
    });
    makeCalls(comm, 0, 'for (1..77) { rmdir("/nowhere/at/all") }');
    expect(numbersOf(await readAfterTurn(probe))).toEqual(new Map([['ENOENT', 77]]));
  });

  test('a second that is read is empty afterwards, and no call falls between two seconds', async () => {
    const comm = own('turns');
    const probe = await enable('syscall.syscalls', ['execname', 'latency'], {
      kind: 'and',
      members: [is('execname', comm), is('syscall', 'getppid')],
    });
    const calls = 400_000;
    const storm = spawn('perl', ['-e', `${rename(comm)} for (1..${calls}) { syscall(${GETPPID}) }`]);
    const over = new Promise((resolve) => storm.on('exit', resolve));
    let seen = 0;
    let turns = 0;
    let running = true;
    void over.then(() => (running = false));
    while (running) {
      await close(probe);
      const { value, lost } = probe.read();
      seen += totalOf(value) + lost;
      turns++;
    }
    for (let i = 0; i < 2; i++) {
      await close(probe);
      const { value, lost } = probe.read();
      seen += totalOf(value) + lost;
    }
    expect(seen).toBe(calls);
    expect(turns).toBeGreaterThan(3);
    expect(totalOf(await readAfterTurn(probe))).toBe(0);
  });

  test('names are bytes: commas, quotes, controls and what is no UTF-8 arrive unharmed and can be asked for', async () => {
    const names = [
      { bytes: Buffer.from('a,b"c\n\\\t@x: 5'), text: 'a,b"c\n\\\t@x: 5' },
      { bytes: Buffer.from([0x61, 0xff, 0xfe, 0x62]), text: 'a\\xff\\xfeb' },
      { bytes: Buffer.from('__proto__'), text: '__proto__' },
      { bytes: Buffer.from('fünfzehn-Byte€'), text: 'fünfzehn-Byte\\xe2' },
    ];
    const all = await enable('syscall.syscalls', ['execname'], is('syscall', 'getppid'));
    for (const { bytes, text } of names) {
      const one = await enable('syscall.syscalls', [], {
        kind: 'and',
        members: [is('syscall', 'getppid'), is('execname', text)],
      });
      makeCalls(bytes, 11);
      expect([text, totalOf(await readAfterTurn(one))]).toEqual([text, 11]);
    }
    const numbers = numbersOf(await readAfterTurn(all));
    for (const { text } of names) expect([text, numbers.get(text)]).toEqual([text, 11]);
  });

  test('a map that is full loses nothing silently: kept and lost add up', async () => {
    const probe = await enable('unix.proc_execs', ['pid']);
    // The same program over a map of a few entries: what does not fit must be in `lost`.
    const tight = new Kernel(process.arch === 'x64' ? 'x64' : 'arm64');
    const createMap = tight.createMap.bind(tight);
    tight.createMap = (m) => createMap(m.name.startsWith('counts') ? { ...m, entries: 4 } : m);
    const small = new BpfSource({
      hostname: HOST,
      architecture: process.arch === 'x64' ? 'x64' : 'arm64',
      metrics: METRICS,
      kernel: tight,
      types: new Btf(() => readFileSync('/sys/kernel/btf/vmlinux'), 'test'),
      cpus: countCpus(readFileSync('/sys/devices/system/cpu/possible', 'utf8')),
    });
    const full = await small.enable(
      instrumentation('unix.proc_execs', ['pid'], is('pexecname', own('full'))),
    );
    try {
      spawnSync('perl', [
        '-e',
        `${rename(own('full'))} for (1..20) { if (!fork) { exec "/bin/true" } wait }`,
      ]);
      full.turn();
      await small.settle();
      const { value, lost } = full.read();
      expect(numbersOf(value).size).toBeLessThanOrEqual(4);
      expect(lost).toBeGreaterThan(0);
      expect(totalOf(value) + lost).toBe(20);
      full.turn();
      await small.settle();
      expect(full.read().lost).toBe(0);
    } finally {
      small.close();
    }
    expect(totalOf(await readAfterTurn(probe))).toBeGreaterThanOrEqual(20);
  });

  test('in a storm from all CPUs what is counted and what is lost add up to what was done, in each second', async () => {
    // A map too small for all keys: much is lost, and every bit of it must be said.
    const tight = new Kernel(process.arch === 'x64' ? 'x64' : 'arm64');
    const createMap = tight.createMap.bind(tight);
    tight.createMap = (m) => createMap(m.name.startsWith('counts') ? { ...m, entries: 16 } : m);
    const small = new BpfSource({
      hostname: HOST,
      architecture: process.arch === 'x64' ? 'x64' : 'arm64',
      metrics: [describeMetric('syscall.syscalls')!],
      kernel: tight,
      types: new Btf(() => readFileSync('/sys/kernel/btf/vmlinux'), 'test'),
      cpus: countCpus(readFileSync('/sys/devices/system/cpu/possible', 'utf8')),
    });
    const comm = own('flood');
    const asked = instrumentation('syscall.syscalls', ['execname', 'latency'], {
      kind: 'and',
      members: [is('execname', comm), is('syscall', 'getppid')],
    });
    try {
      const [lossy, whole] = [await small.enable(asked), await source.enable(asked)];
      open.push(whole);
      const calls = 600_000;
      const began = performance.now();
      const storms = [1, 2].map(async () => {
        const storm = spawn('perl', ['-e', `${rename(comm)} for (1..${calls}) { syscall(${GETPPID}) }`]);
        await once(storm, 'exit');
      });
      let running = true;
      const over = Promise.all(storms).then(() => (running = false));
      const sums = { lossy: 0, lost: 0, whole: 0, turns: 0 };
      const turn = async (): Promise<void> => {
        lossy.turn();
        whole.turn();
        await source.settle();
        const [a, b] = [lossy.read(), whole.read()];
        expect(b.lost).toBe(0);
        sums.lossy += totalOf(a.value);
        sums.lost += a.lost;
        sums.whole += totalOf(b.value);
        sums.turns++;
      };
      while (running) await turn();
      await over;
      const perSecond = (2 * calls) / ((performance.now() - began) / 1000);
      await turn();
      await turn();
      expect(sums.lost).toBeGreaterThan(0);
      expect([sums.lossy + sums.lost, sums.whole]).toEqual([2 * calls, 2 * calls]);
      if (process.env['CA_FUZZ_RUNS'] !== undefined) {
        process.stderr.write(`${Math.round(perSecond)} events/s, twice counted, read ${sums.turns} times\n`);
      }
    } finally {
      small.close();
    }
  }, 60_000);

  test('of very many keys as many leave as the limit allows, with the exact total', async () => {
    const probe = await enable('syscall.syscalls', ['pid'], is('syscall', 'getppid'));
    const children = LIMITS.keysPerSecond + 50;
    makeCalls(own('keys'), 0, `for (1..${children}) { if (!fork) { syscall(${GETPPID}); exit } wait }`);
    const numbers = numbersOf(await readAfterTurn(probe));
    expect(numbers.size).toBe(LIMITS.keysPerSecond);
    expect(numbers.get('(other)')).toBeGreaterThanOrEqual(51);
    expect([...numbers.values()].reduce((a, b) => a + b, 0)).toBeGreaterThanOrEqual(children);
  });

  test('processes that are started, forked and ended are counted under their names', async () => {
    const parent = is('pexecname', own('proc'));
    const execs = await enable('unix.proc_execs', ['execname'], parent);
    const exits = await enable('unix.proc_exits', ['execname', 'walltime'], parent);
    const forks = await enable('unix.proc_forks', ['execname'], is('execname', own('proc')));
    const threads = await enable('unix.thr_creates', ['execname'], is('execname', own('proc')));
    spawnSync('perl', ['-e', `${rename(own('proc'))} for (1..7) { if (!fork) { exec "/bin/true" } wait }`]);
    expect(numbersOf(await readAfterTurn(execs))).toEqual(new Map([['true', 7]]));
    expect(numbersOf(await readAfterTurn(forks))).toEqual(new Map([[own('proc'), 7]]));
    expect(totalOf(await readAfterTurn(threads))).toBe(0);
    const value = await readAfterTurn(exits);
    const lives = value.shape === 'keyed-distribution' ? (value.distributions.get('true') ?? []) : [];
    expect(totalCount(lives)).toBe(7);
    eachBucket(lives, (bucket) => {
      expect(LOG_GRID.floorOf(bucket)).toBeGreaterThan(10_000);
      expect(LOG_GRID.floorOf(bucket)).toBeLessThan(60_000_000_000);
    });
  });

  test('time on the CPU adds up to what /proc says of a busy process', async () => {
    const comm = own('busy');
    const probe = await enable('cpu.thread_executions', ['leavereason', 'runtime'], is('execname', comm));
    const script = `${rename(comm)} while ((times)[0] < 0.3) { for my $i (1..1e5) { } } open(S, "/proc/$$/schedstat"); print scalar <S>;`;
    const ran = Number(spawnSync('perl', ['-e', script], { encoding: 'utf8' }).stdout.split(' ')[0]);
    const value = await readAfterTurn(probe);
    if (value.shape !== 'keyed-distribution') throw new Error('a keyed distribution was asked for');
    let counted = 0;
    for (const distribution of value.distributions.values()) {
      eachBucket(distribution, (bucket, count) => {
        counted += (count * (LOG_GRID.floorOf(bucket) + LOG_GRID.ceilOf(bucket))) / 2;
      });
    }
    expect(value.distributions.has('exited')).toBe(true);
    // 5 % for the buckets, 10 % for what ran before the name was set and after the print.
    expect(Math.abs(counted - ran) / ran).toBeLessThan(0.15);
  });

  test('a thread that cannot run because another one does is seen waiting', async () => {
    const probe = await enable('cpu.runqueue_waits', ['execname', 'latency'], is('execname', own('queue')));
    const script = `${rename(own('queue'))} for (1..3) { if (!fork) { while ((times)[0] < 0.2) { for my $i (1..1e5) { } } exit } } wait for 1..3`;
    // All on one CPU: three that want to run, one that may.
    spawnSync('taskset', ['-c', '0', 'perl', '-e', script]);
    const value = await readAfterTurn(probe);
    const waits = value.shape === 'keyed-distribution' ? (value.distributions.get(own('queue')) ?? []) : [];
    let waited = 0;
    eachBucket(waits, (bucket, count) => (waited += count * LOG_GRID.floorOf(bucket)));
    // 0.6 s of work for one CPU, in turns: while one runs the two others wait.
    expect(waited).toBeGreaterThan(400_000_000);
  });

  test('direct reads of a disk are counted by kind, with their size', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ca-disk-'));
    const file = join(folder, 'data');
    try {
      spawnSync('dd', ['if=/dev/zero', `of=${file}`, 'bs=64k', 'count=32', 'conv=fsync']);
      const probe = await enable('disk.physio_ops', ['optype', 'size'], {
        kind: 'and',
        members: [is('optype', 'read'), is('errno', 'none')],
      });
      const dd = spawnSync('dd', [`if=${file}`, 'of=/dev/null', 'bs=64k', 'iflag=direct'], {
        encoding: 'utf8',
      });
      const value = await readAfterTurn(probe);
      if (dd.status !== 0) {
        process.stderr.write(`SKIPPED: this folder’s file system has no direct reads: ${dd.stderr}\n`);
        return;
      }
      const sizes = value.shape === 'keyed-distribution' ? (value.distributions.get('read') ?? []) : [];
      const bucket = LOG_GRID.bucketOf(65_536);
      let found = 0;
      eachBucket(sizes, (b, count) => (found += b === bucket ? count : 0));
      expect(found).toBeGreaterThanOrEqual(32);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a call’s place within its second is the wall clock’s', async () => {
    const comm = own('subsec');
    const probe = await enable('syscall.syscalls', ['subsecond'], {
      kind: 'and',
      members: [is('execname', comm), is('syscall', 'getppid')],
    });
    const script = `use Time::HiRes qw(time); ${rename(comm)} $t = time; syscall(${GETPPID}); printf "%.6f", $t`;
    const at = Number(spawnSync('perl', ['-MTime::HiRes', '-e', script], { encoding: 'utf8' }).stdout);
    const value = await readAfterTurn(probe);
    const distribution = value.shape === 'distribution' ? value.distribution : [];
    expect(totalCount(distribution)).toBe(1);
    const expected = gridOf('subsecond').bucketOf((at % 1) * 1000);
    const off = Math.abs((distribution[0] ?? -1) - expected);
    expect(Math.min(off, 100 - off)).toBeLessThanOrEqual(2);
  });

  test('the kernel’s own bucket is common/bucket.ts’s, at every bucket’s first and last value', () => {
    const kernel = new Kernel(process.arch === 'x64' ? 'x64' : 'arm64');
    for (const grid of [LOG_GRID, gridOf('percent'), gridOf('subsecond')]) {
      const asm = new Assembler(1000);
      asm.load(8, 0, 1, 0);
      emitBucket(asm, grid);
      asm.end();
      const program = kernel.load(
        'bucket',
        encode(asm.instructions, () => 0),
      );
      const args = Buffer.alloc(16);
      for (let bucket = 0; bucket < grid.size; bucket++) {
        for (const value of [grid.floorOf(bucket), grid.ceilOf(bucket)]) {
          args.writeBigUInt64LE(BigInt(value));
          expect([value, kernel.testRun(program, args)]).toEqual([value, bucket]);
        }
      }
      for (const value of [-1n, 1n << 63n, (1n << 63n) - 1n]) {
        args.writeBigUInt64LE(BigInt.asUintN(64, value));
        expect(kernel.testRun(program, args)).toBe(value === (1n << 63n) - 1n ? grid.size - 1 : 0);
      }
      kernel.close(program);
    }
  });

  test('what the verifier refuses is an error with its own last words', () => {
    const kernel = new Kernel(process.arch === 'x64' ? 'x64' : 'arm64');
    const asm = new Assembler(10);
    asm.load(8, 0, 5, 0); // a register that holds nothing
    asm.end();
    expect(() =>
      kernel.load(
        'bad',
        encode(asm.instructions, () => 0),
      ),
    ).toThrow(KernelError);
    try {
      kernel.load(
        'bad',
        encode(asm.instructions, () => 0),
      );
    } catch (error) {
      expect((error as KernelError).log).toContain('R5 !read_ok');
    }
  });

  test('a closed probe leaves no descriptor behind, nor does one that fails half-way', async () => {
    const held = (): number =>
      readdirSync('/proc/self/fd').filter((fd) => linkOf(`/proc/self/fd/${fd}`).startsWith('anon_inode:bpf'))
        .length;
    const probe = await enable('syscall.syscalls', ['latency']);
    // Five maps, three programs and their attachments.
    const before = held();
    probe.close();
    expect(held()).toBe(before - 11);
    const without = held();
    const kernel = new Kernel(process.arch === 'x64' ? 'x64' : 'arm64');
    kernel.attach = () => Promise.reject(new KernelError('tracepoint x cannot be attached to', 2));
    const failing = new BpfSource({
      hostname: HOST,
      architecture: process.arch === 'x64' ? 'x64' : 'arm64',
      metrics: [describeMetric('syscall.syscalls')!],
      kernel,
      types: new Btf(() => readFileSync('/sys/kernel/btf/vmlinux'), 'test'),
      cpus: 2,
    });
    await expect(failing.enable(instrumentation('syscall.syscalls', ['latency']))).rejects.toThrow(
      EnableError,
    );
    expect(held()).toBe(without);
  });

  test('what a probe costs is counted while statistics are on', async () => {
    const probe = await enable('syscall.syscalls', ['execname', 'latency']);
    // Whoever else counts on this machine may have counted ours before.
    const before = probe.cost();
    expect(source.countCost(true)).toBe(true);
    makeCalls(own('cost'), 10_000);
    source.countCost(false);
    const after = probe.cost();
    expect(after.runs - before.runs).toBeGreaterThanOrEqual(20_000);
    expect(after.nanoseconds - before.nanoseconds).toBeGreaterThan(100_000);
    // Two maps of 16,384 entries of 40 bytes and more.
    expect(after.bytes).toBeGreaterThan(1_000_000);
  });

  test('what costs more than the budget of its node is taken out of the kernel, the rest stays', async () => {
    const told: Standing[] = [];
    const instrumenter = new Instrumenter({
      clock: { now: () => Date.now(), everySecond: () => () => undefined },
      elapsed: () => performance.now() * 1e6,
      log: SILENT,
      journal: new Journal(),
      sources: [source],
      budget: 1,
      put: () => undefined,
      changed: (standing) => told.push(standing),
    });
    const cheap = instrumentation('unix.proc_execs', ['execname']);
    const dear = { ...instrumentation('syscall.syscalls', ['execname', 'latency']), id: '2' };
    await instrumenter.enable(cheap);
    await instrumenter.enable(dear);
    for (let second = 10; second < 14; second++) {
      await instrumenter.tick(second);
      // Half a million calls a second, of which half the time is ours.
      makeCalls(own('dear'), 100_000);
    }
    await instrumenter.tick(14);
    expect(told.at(-1)).toMatchObject({ fqid: 'global;2', state: 'failed' });
    expect(told.at(-1)?.reason).toContain('CA_PROBE_BUDGET');
    expect(instrumenter.rows()).toMatchObject([{ state: 'enabled' }, { state: 'failed' }]);
    await instrumenter.close();
  });

  test('waiting for programs to end works also where membarrier is refused', async () => {
    const kernel = new Kernel(process.arch === 'x64' ? 'x64' : 'arm64');
    const internals = kernel as unknown as { numbers: { bpf: number; membarrier: number } };
    internals.numbers = { ...internals.numbers, membarrier: 100_000 };
    await kernel.gracePeriod();
    kernel.release();
  });

  test('those who wait in one turn of the event loop wait for the same grace period', async () => {
    const kernel = new Kernel(process.arch === 'x64' ? 'x64' : 'arm64');
    const first = kernel.gracePeriod();
    expect(kernel.gracePeriod()).toBe(first);
    await first;
    expect(kernel.gracePeriod()).not.toBe(first);
  });
});

describe('where BPF does not work', () => {
  const options = {
    hostname: HOST,
    architecture: 'x64' as const,
    metrics: METRICS,
    cpus: 1,
  };
  const refusing = (errno: number): Kernel =>
    ({
      raiseLockedMemory: () => undefined,
      createMap: () => {
        throw new KernelError('the kernel refuses the map try', errno);
      },
      close: () => undefined,
      release: () => undefined,
    }) as unknown as Kernel;

  test('without permission every metric is unavailable, and the sentence says what is needed', async () => {
    const source = new BpfSource({ ...options, types: toyBtf(), kernel: refusing(1) });
    expect(source.offers().length).toBeGreaterThan(3);
    for (const offer of source.offers())
      expect(offer).toHaveProperty('unavailable', expect.stringContaining('CAP_BPF'));
    await expect(source.enable(instrumentation('syscall.syscalls', []))).rejects.toThrow('CAP_BPF');
    await expect(source.enable(instrumentation('cpu.cpus', []))).rejects.toThrow(
      'no description of cpu.cpus',
    );
    await source.settle();
    source.close();
  });

  test('without type information every metric is unavailable, and the sentence names it', () => {
    const types = new Btf(() => {
      throw new Error('ENOENT');
    }, '6.0');
    const source = new BpfSource({ ...options, types, kernel: refusing(1) });
    for (const offer of source.offers()) {
      expect(offer).toHaveProperty('unavailable', expect.stringContaining('/sys/kernel/btf/vmlinux'));
    }
  });

  test('a field that this kernel cannot tell is left out of the offer, the metric stays', () => {
    const real = toyBtf();
    const lacking = {
      release: '6.0',
      walk: (struct: string, path: string) => {
        if (path.startsWith('real_parent')) throw new MissingError(`no ${path}`);
        return real.walk(struct, path);
      },
      argumentsOf: (name: string) => {
        if (name.startsWith('block_')) throw new MissingError(`Linux 6.0 has no tracepoint ${name}`);
        return real.argumentsOf(name);
      },
      functionOf: (name: string) => real.functionOf(name),
      forget: () => undefined,
    } as unknown as Btf;
    const kernel = Object.assign(refusing(1), { createMap: () => 0, load: () => 0 }) as unknown as Kernel;
    const offers = new BpfSource({ ...options, types: lacking, kernel }).offers();
    expect(offers).toContainEqual({
      metric: 'unix.proc_execs',
      fields: ['hostname', 'execname', 'pid', 'subsecond'],
    });
    expect(offers).toContainEqual({
      metric: 'disk.physio_ops',
      unavailable: 'Linux 6.0 has no tracepoint block_rq_complete',
    });
  });

  test('other systems and processors are told so', () => {
    expect(openBpf(HOST, METRICS, { system: 'sunos', architecture: 'x64' })).toBe('BPF is a part of Linux');
    expect(openBpf(HOST, METRICS, { system: 'linux', architecture: 'riscv64' })).toContain('riscv64');
  });

  test('CPUs are counted in the kernel’s list of ranges', () => {
    expect(['0', '0-1', '0-3,8', '0-3,8-9\n'].map(countCpus)).toEqual([1, 2, 5, 6]);
  });
});
