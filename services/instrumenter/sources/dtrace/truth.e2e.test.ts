import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { SYSTEM_CLOCK } from '../../../../common/clock';
import { LOG_GRID } from '../../../../common/bucket';
import {
  addDistributions,
  eachBucket,
  EMPTY,
  totalCount,
  type Distribution,
} from '../../../../common/distribution';
import { ALWAYS } from '../../../../common/predicate';
import type { Instrumentation } from '../../../../common/instrumentation';
import { add, zero, type Value } from '../../../../common/value';
import { FIELDS, type FieldName } from '../../metrics/fields';
import { METRICS } from '../../metrics/registry';
import type { Probe, Reading, Source } from '../../source';
import { openBpf } from '../bpf/open';
import { openDtrace } from './source';
import { describeDtrace } from './testing';

const CALLS = 20_000;
const ATTEMPTS = 5;
/** A name with everything in it that could end a string, a line or a row. */
const HOSTILE = Buffer.from('a,b"c\\d\nE 1\xff', 'latin1');
const HOSTILE_TEXT = 'a,b"c\\d\nE 1\\xff';

function asked(metric: string, decomposition: FieldName[], predicate = ALWAYS): Instrumentation {
  const [module = '', stat = ''] = metric.split('.');
  return {
    id: '1',
    module,
    stat,
    predicate,
    decomposition,
    fields: Object.fromEntries(Object.entries(FIELDS).map(([name, { type }]) => [name, type])),
    valueScope: 'interval',
    granularity: 1,
    retentionTime: 600,
    idleMax: 0,
    persistData: false,
    enabled: true,
    crtime: 0,
  };
}

describeDtrace('the same workload through bpf and a real dtrace', (dtrace) => {
  let sources: { readonly dtrace: Source; readonly bpf: Source };
  const probes: Probe[] = [];

  beforeAll(async () => {
    const bpf = openBpf('node1', METRICS);
    if (typeof bpf === 'string') throw new Error(bpf);
    sources = { bpf, dtrace: await openDtrace({ host: 'node1', clock: SYSTEM_CLOCK, dtrace }) };
  }, 180_000);

  afterEach(async () => {
    await Promise.all(probes.splice(0).map(async (probe) => probe.close()));
  }, 60_000);

  afterAll(async () => {
    await sources.dtrace.close();
    await sources.bpf.close();
  });

  async function enable(source: Source, instrumentation: Instrumentation): Promise<Probe> {
    const probe = await source.enable(instrumentation);
    probes.push(probe);
    return probe;
  }

  test('a known number of calls by a process with a hostile name comes out exactly, in both', async () => {
    const question = asked('syscall.syscalls', ['execname', 'latency'], {
      kind: 'and',
      members: [
        { kind: 'compare', op: 'eq', field: 'syscall', constant: 'getppid' },
        { kind: 'compare', op: 'eq', field: 'execname', constant: HOSTILE_TEXT },
      ],
    });
    const both = [await enable(sources.dtrace, question), await enable(sources.bpf, question)];
    const seen = await during(both, [sources.bpf], () => storm());
    for (const { value, lost } of seen) {
      expect(lost).toBe(0);
      if (value.shape !== 'keyed-distribution') throw new Error(value.shape);
      expect([...value.distributions.keys()]).toEqual([HOSTILE_TEXT]);
      expect(totalCount(value.distributions.get(HOSTILE_TEXT) ?? EMPTY)).toBe(CALLS);
    }
  }, 300_000);

  test('a value that does not depend on who measures has the same distribution, bucket by bucket', async () => {
    // Sizes that others on this machine are not likely to write just when a second ends.
    const sizes = [28_672, 45_056, 61_440];
    const question = asked('disk.physio_ops', ['optype', 'size'], {
      kind: 'or',
      members: sizes.map((size) => ({ kind: 'compare', op: 'eq', field: 'size', constant: size }) as const),
    });
    const both = [await enable(sources.dtrace, question), await enable(sources.bpf, question)];
    const file = '/var/tmp/ca-truth';
    const seen = await during(both, [sources.bpf], async () => {
      await python(
        `import mmap,os\nfd=os.open('${file}',os.O_CREAT|os.O_WRONLY|os.O_DIRECT)\n` +
          sizes.map((size) => `b=mmap.mmap(-1,${size})\nfor i in range(50): os.write(fd,b)\n`).join('') +
          `os.unlink('${file}')`,
      );
    });
    const [first, second] = seen.map(({ value }) => plain(value));
    expect(first).toEqual(second);
    const writes =
      seen[0]?.value.shape === 'keyed-distribution' ? seen[0].value.distributions.get('write') : undefined;
    // The file system may split a write or two.
    for (const size of sizes) {
      expect(countAt(writes ?? EMPTY, LOG_GRID.bucketOf(size))).toBeGreaterThan(40);
    }
  }, 300_000);

  test('programs that are started and end are counted alike', async () => {
    for (const metric of ['unix.proc_execs', 'unix.proc_exits', 'unix.proc_forks'] as const) {
      const question = asked(metric, ['execname'], {
        kind: 'compare',
        op: 'eq',
        field: metric === 'unix.proc_forks' ? 'pid' : 'pexecname',
        constant: metric === 'unix.proc_forks' ? String(process.pid) : 'ca-parent',
      });
      const both = [await enable(sources.dtrace, question), await enable(sources.bpf, question)];
      const seen = await during(both, [sources.bpf], async () => {
        if (metric === 'unix.proc_forks') for (let i = 0; i < 20; i++) execFileSync('true');
        else
          await python(
            `import ctypes,os\nctypes.CDLL(None).prctl(15,b'ca-parent',0,0,0)\nfor i in range(20):\n  if os.fork()==0: os.execv('/bin/true',['true'])\n  os.wait()`,
          );
      });
      const [first, second] = seen.map(({ value }) => plain(value));
      expect(first).toEqual(second);
      if (metric !== 'unix.proc_forks') expect(first).toEqual([['true', 20]]);
    }
  }, 600_000);

  test('an enabling under way costs the instrumentations that run not one second', async () => {
    const question = asked('syscall.syscalls', []);
    const probe = await enable(sources.bpf, question);
    probe.turn();
    await sources.bpf.settle?.();
    await probe.read();
    const enabling = enable(sources.dtrace, asked('syscall.syscalls', ['execname']));
    let done = false;
    void enabling.then(() => (done = true));
    let seconds = 0;
    let longest = 0;
    let last = Date.now();
    while (!done) {
      await nextSecond();
      longest = Math.max(longest, Date.now() - last);
      last = Date.now();
      probe.turn();
      await sources.bpf.settle?.();
      const reading = await probe.read();
      if (reading.value.shape !== 'number') throw new Error(reading.value.shape);
      expect(reading.value.number).toBeGreaterThan(0);
      seconds++;
    }
    await enabling;
    expect(seconds).toBeGreaterThan(1);
    expect(longest).toBeLessThan(1500);
  }, 300_000);
});

const nextSecond = (): Promise<unknown> =>
  new Promise((resolve) => {
    const stop = SYSTEM_CLOCK.everySecond((second) => {
      stop();
      resolve(second);
    });
  });

/**
 * What each probe counts while the work is done: all whole seconds around it. On a machine that is kept busy by others
 * a child's second may come too late; it is then said to be lost, such a run proves nothing, and the work is done again.
 */
async function during(
  probes: readonly Probe[],
  settling: readonly Source[],
  work: () => Promise<void>,
): Promise<Reading[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      const readings = await oneRun(probes, settling, work);
      if (readings.every(({ lost }) => lost === 0) || attempt === ATTEMPTS) return readings;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

async function oneRun(
  probes: readonly Probe[],
  settling: readonly Source[],
  work: () => Promise<void>,
): Promise<Reading[]> {
  const read = async (): Promise<Reading[]> => {
    await nextSecond();
    for (const probe of probes) probe.turn();
    for (const source of settling) await source.settle?.();
    // What was closed does not change by waiting for it.
    await nextSecond();
    return Promise.all(probes.map(async (probe) => probe.read()));
  };
  // Whatever an earlier attempt left behind; failures of it are its own.
  await read().catch(() => undefined);
  await read();
  const working = work();
  let done = false;
  void working.then(() => (done = true));
  let sum: Reading[] | undefined;
  for (let after = 0; after < 2;) {
    if (done) after++;
    const readings = await read();
    sum = sum?.map((reading, i) => plus(reading, readings[i])) ?? readings;
  }
  await working;
  return sum ?? [];
}

function countAt(d: Distribution, wanted: number): number {
  let found = 0;
  eachBucket(d, (bucket, count) => (found += bucket === wanted ? count : 0));
  return found;
}

function plus(a: Reading, b: Reading | undefined): Reading {
  return { value: add(a.value, b?.value ?? zero(a.value.shape)), lost: a.lost + (b?.lost ?? 0) };
}

function plain(value: Value): unknown {
  switch (value.shape) {
    case 'keyed':
      return [...value.numbers].sort();
    case 'keyed-distribution':
      return [...value.distributions].map(([key, d]) => [key, addDistributions(d, EMPTY)]).sort();
    default:
      return value;
  }
}

function python(script: string): Promise<void> {
  const child: ChildProcess = spawn('python3', ['-c', script], { stdio: 'ignore' });
  return once(child, 'exit').then(([code]) => {
    if (code !== 0) throw new Error(`the workload ended with ${String(code)}`);
  });
}

function storm(): Promise<void> {
  const name = [...HOSTILE].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  return python(
    `import ctypes\nlibc=ctypes.CDLL(None)\nlibc.prctl(15,b'${name}',0,0,0)\nfor i in range(${CALLS}): libc.getppid()`,
  );
}
