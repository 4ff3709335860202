import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { SYSTEM_CLOCK } from '../../../../common/service/clock';
import { LOG_GRID } from '../../../../common/model/bucket';
import {
  addDistributions,
  eachBucket,
  EMPTY,
  totalCount,
  type Distribution,
} from '../../../../common/model/distribution';
import { ALWAYS, type Predicate } from '../../../../common/model/predicate/predicate';
import type { Instrumentation } from '../../../../common/model/instrumentation';
import { add, zero, type Value } from '../../../../common/model/value';
import { FIELDS, type FieldName } from '../../metrics/language/fields';
import { METRICS } from '../../metrics/registry';
import type { Probe, Reading, Source } from '../source';
import { openBpf } from '../bpf/open';
import { openDtrace } from './source';
import { describeDtrace, nextSecond } from './testing/real-dtrace';

const CALLS = 20_000;
const SIZES = [28_672, 45_056, 61_440];
/** Of each size. */
const WRITES = 50;
const PROGRAMS = 20;
const PARENT = 'ca-parent';
const SLEEPER = 'ca-sleeper';
/** Of 1 ms, and each of 50 µs more. */
const SLEEPS = 200;
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

function is(field: FieldName, constant: string): Predicate {
  return { kind: 'compare', op: 'eq', field, constant };
}

/** The questions to both, and the work that is then done. */
const QUESTIONS = {
  /** Only calls of a process whose name could end a string, a line or a row. */
  calls: asked('syscall.syscalls', ['execname', 'latency'], {
    kind: 'and',
    members: [is('syscall', 'getppid'), is('execname', HOSTILE_TEXT)],
  }),
  sleeps: asked('syscall.syscalls', ['latency'], {
    kind: 'and',
    members: [is('syscall', 'clock_nanosleep'), is('execname', SLEEPER)],
  }),
  /** Of sizes that other programs on this machine are unlikely to write now. */
  writes: asked('disk.physio_ops', ['optype', 'size'], {
    kind: 'or',
    members: SIZES.map((size) => ({ kind: 'compare', op: 'eq', field: 'size', constant: size }) as const),
  }),
  forks: asked('unix.proc_forks', ['execname'], is('execname', PARENT)),
  execs: asked('unix.proc_execs', ['execname'], is('pexecname', PARENT)),
  exits: asked('unix.proc_exits', ['execname'], is('pexecname', PARENT)),
};
type Name = keyof typeof QUESTIONS;
const NAMES = Object.keys(QUESTIONS) as Name[];

describeDtrace('the same workload through bpf and a real dtrace', (dtrace) => {
  const probes: Probe[] = [];
  const sources: Source[] = [];
  const seen = new Map<Name, { readonly dtrace: Reading; readonly bpf: Reading }>();

  // One dtrace after the other compiles and attaches: all questions are asked at once, and all the work is done in the same seconds.
  beforeAll(async () => {
    const bpf = openBpf('node1', METRICS);
    if (typeof bpf === 'string') throw new Error(bpf);
    sources.push(bpf);
    const real = await openDtrace({
      host: 'node1',
      clock: SYSTEM_CLOCK,
      elapsed: () => performance.now() * 1e6,
      dtrace,
    });
    sources.push(real);
    const questions = NAMES.map((name) => QUESTIONS[name]);
    const enabled = await Promise.all(
      [real, bpf].flatMap((source) => questions.map(async (question) => source.enable(question))),
    );
    probes.push(...enabled);
    const readings = await during(probes, bpf, async () => {
      await Promise.all([storm(), sleeping(), writing(), starting()]);
    });
    for (const [i, name] of NAMES.entries()) {
      const [first, second] = [readings[i], readings[i + NAMES.length]];
      if (first !== undefined && second !== undefined) seen.set(name, { dtrace: first, bpf: second });
    }
  }, 420_000);

  afterAll(async () => {
    await Promise.all(probes.map(async (probe) => probe.close()));
    await Promise.all(sources.map(async (source) => source.close()));
  }, 120_000);

  const of = (name: Name): { readonly dtrace: Reading; readonly bpf: Reading } => {
    const both = seen.get(name);
    if (both === undefined) throw new Error(`nothing was seen of ${name}`);
    return both;
  };

  test('neither lost an event', () => {
    for (const name of NAMES) expect([name, of(name).dtrace.lost, of(name).bpf.lost]).toEqual([name, 0, 0]);
  });

  test('a known number of calls by a process with a hostile name comes out exactly, in both', () => {
    for (const { value } of Object.values(of('calls'))) {
      if (value.shape !== 'keyed-distribution') throw new Error(value.shape);
      expect([...value.distributions.keys()]).toEqual([HOSTILE_TEXT]);
      expect(totalCount(value.distributions.get(HOSTILE_TEXT) ?? EMPTY)).toBe(CALLS);
    }
  });

  // Both observe at the same two points of the kernel, one after the other: a part of what the one does there is in what
  // the other measures. That is a few µs where a bucket is 100 µs wide: only a call at the edge of one is in its neighbour.
  test('how long calls took is the same, bucket by bucket, but for what stands at the edge of one', () => {
    const [theirs, ours] = [
      distributionOf(of('sleeps').dtrace.value),
      distributionOf(of('sleeps').bpf.value),
    ];
    expect([totalCount(theirs), totalCount(ours)]).toEqual([SLEEPS, SLEEPS]);
    expect(distinct(ours)).toBeGreaterThan(SLEEPS / 10);
    // The thread may be preempted between the two, in one call of a hundred.
    expect(fartherThanNeighbours(theirs, ours)).toBeLessThanOrEqual(SLEEPS / 100);
  });

  test('a value that does not depend on who measures has the same distribution, bucket by bucket', () => {
    const { dtrace: theirs, bpf: ours } = of('writes');
    expect(plain(theirs.value)).toEqual(plain(ours.value));
    const writes =
      theirs.value.shape === 'keyed-distribution' ? theirs.value.distributions.get('write') : undefined;
    // The file system may split a write or two.
    for (const size of SIZES) {
      expect(countAt(writes ?? EMPTY, LOG_GRID.bucketOf(size))).toBeGreaterThan(WRITES - 10);
    }
  });

  test.each([
    ['forks', [[PARENT, PROGRAMS]]],
    ['execs', [['true', PROGRAMS]]],
    ['exits', [['true', PROGRAMS]]],
  ] as const)('%s of known programs are counted exactly, in both', (name, known) => {
    expect(plain(of(name).dtrace.value)).toEqual(known);
    expect(plain(of(name).bpf.value)).toEqual(known);
  });
});

/**
 * What each probe counts while the work is done: all whole seconds around it. On a busy machine
 * a child's second may arrive too late; it is then reported as lost, such a run proves nothing, and the work is done again.
 */
async function during(
  probes: readonly Probe[],
  settling: Source,
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
  settling: Source,
  work: () => Promise<void>,
): Promise<Reading[]> {
  const read = async (): Promise<Reading[]> => {
    await nextSecond();
    for (const probe of probes) probe.flip();
    await settling.settle?.();
    // A closed second does not change while it is waited for.
    await nextSecond();
    return Promise.all(probes.map(async (probe) => probe.read()));
  };
  // Removes what an earlier attempt left behind; errors of that are ignored.
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

function distributionOf(value: Value): Distribution {
  if (value.shape !== 'distribution') throw new Error(value.shape);
  return value.distribution;
}

function distinct(d: Distribution): number {
  let buckets = 0;
  eachBucket(d, () => buckets++);
  return buckets;
}

/**
 * How many events are not in the same bucket or the next, at least: when none is, as many are below any bucket of one as
 * there are below its upper neighbour in the other, or fewer.
 */
function fartherThanNeighbours(a: Distribution, b: Distribution): number {
  const below = (d: Distribution, end: number): number => {
    let count = 0;
    eachBucket(d, (bucket, n) => (count += bucket < end ? n : 0));
    return count;
  };
  let most = 0;
  for (let end = 0; end <= LOG_GRID.size; end++) {
    most = Math.max(most, below(a, end) - below(b, end + 1), below(b, end) - below(a, end + 1));
  }
  return most;
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

function sleeping(): Promise<void> {
  return python(
    `import ctypes\nlibc=ctypes.CDLL(None)\nlibc.prctl(15,b'${SLEEPER}',0,0,0)\nfor i in range(${SLEEPS}): libc.usleep(1000+50*i)`,
  );
}

/** Past the page cache, so that each is a request of its own. */
async function writing(): Promise<void> {
  const file = `/var/tmp/ca-truth-${process.pid}`;
  try {
    await python(
      `import mmap,os\nfd=os.open('${file}',os.O_CREAT|os.O_WRONLY|os.O_DIRECT)\n` +
        SIZES.map((size) => `b=mmap.mmap(-1,${size})\nfor i in range(${WRITES}): os.write(fd,b)\n`).join(''),
    );
  } finally {
    rmSync(file, { force: true });
  }
}

function starting(): Promise<void> {
  return python(
    `import ctypes,os\nctypes.CDLL(None).prctl(15,b'${PARENT}',0,0,0)\nfor i in range(${PROGRAMS}):\n  if os.fork()==0: os.execv('/bin/true',['true'])\n  os.wait()`,
  );
}
