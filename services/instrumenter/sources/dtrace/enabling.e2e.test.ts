/*
 * While dtrace is being enabled, other instrumentations of the node lose not one second: a whole instrumenter with its
 * real clock, real bpf (/proc where there is none), and a dtrace that takes CA_TEST_ENABLING_SECONDS (6) to attach;
 * and, at the same time, another one with the real dtrace, which keeps a CPU busy meanwhile.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYSTEM_CLOCK } from '../../../../common/service/clock';
import { SILENT } from '../../../../common/service/log';
import { totalOf } from '../../../../common/model/value';
import { ask } from '../../testing/fakes';
import { Instrumenter, type Standing } from '../../gather/instrumenter';
import { Journal } from '../../gather/journal';
import type { Parcel } from '../../gather/parcel';
import { OPENERS, openSources } from '../sources';
import { describeDtrace, dtraceHere, nextSecond } from './testing/real-dtrace';

const SLOW_SECONDS = Number(process.env['CA_TEST_ENABLING_SECONDS'] ?? 6);
const ATTEMPTS = 3;
const PATIENCE_MS = (ATTEMPTS * SLOW_SECONDS + 240) * 1000;

const IS_ROOT = process.platform === 'linux' && process.getuid?.() === 0;

let folder: string;
/** Both at once: each waits most of the time. */
let slow: Promise<void>;
let real: Promise<void>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ca-enabling-'));
  const dtrace = dtraceHere();
  slow = IS_ROOT ? missesNothing(slowDtrace(), SLOW_SECONDS) : Promise.resolve();
  real = dtrace === undefined ? Promise.resolve() : missesNothing(dtrace, 0);
  // The test of each reports its failure.
  for (const course of [slow, real]) course.catch(() => undefined);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A dtrace with the probes of system calls only, which hangs for this long and then prints each second, as the real one does. */
function slowDtrace(): string {
  const file = join(folder, 'dtrace');
  writeFileSync(
    file,
    `#!/bin/sh
case $1 in
-V) echo 'dtrace: D 2.0.7' ;;
-l) echo '1 rawtp vmlinux sys_enter'; echo '2 rawtp vmlinux sys_exit' ;;
*)
  sleep ${SLOW_SECONDS}
  last=$(date +%s)
  while sleep 0.2; do
    now=$(date +%s)
    [ "$now" = "$last" ] || printf 'S %d\\nK 1\\nE %d\\n' "$last" "$last"
    last=$now
  done
  ;;
esac
`,
  );
  chmodSync(file, 0o755);
  return file;
}

/** What a node sends, and says, from before an enabling of dtrace until seconds after it. */
interface Course {
  readonly sent: readonly Parcel[];
  readonly told: readonly Standing[];
  /** Whole seconds that passed while dtrace was being enabled. */
  readonly enablingSeconds: number;
  /** Seconds in which the process got no CPU at all, because of the machine. */
  readonly stoodStill: number;
}

/** Two questions that other sources answer, then one for dtrace only. */
const CHEAP = {
  bpf: ['cpu.softirqs', 'memory.page_faults'],
  proc: ['cpu.cpus', 'memory.rss'],
} as const;

async function course(dtrace: string): Promise<Course> {
  const surroundings = {
    host: 'node1',
    clock: SYSTEM_CLOCK,
    elapsed: () => performance.now() * 1e6,
    log: SILENT,
    journal: new Journal(),
    seed: 1,
    dtrace,
  };
  const opened = await openSources(['dtrace', 'bpf', 'proc'], surroundings, OPENERS);
  const missing = opened.find(({ name }) => name === 'dtrace')?.unavailable;
  if (missing !== undefined) throw new Error(missing);
  const sources = opened.flatMap(({ source }) => (source === undefined ? [] : [source]));
  const sent: Parcel[] = [];
  const told: Standing[] = [];
  const instrumenter = new Instrumenter({
    ...surroundings,
    sources,
    budget: { ofCore: 1000, cpus: 1 },
    put: (parcel) => sent.push(parcel),
    changed: (standing) => told.push(standing),
  });
  const stop = SYSTEM_CLOCK.everySecond((second) => void instrumenter.tick(second));
  try {
    const cheap = CHEAP[sources.some(({ name }) => name === 'bpf') ? 'bpf' : 'proc'];
    await Promise.all(
      cheap.map(async (metric, i) => instrumenter.enable(ask(metric, [], { id: `cheap${i}` }))),
    );
    while (sent.length < 2 * cheap.length) await nextSecond();
    const from = SYSTEM_CLOCK.now();
    await instrumenter.enable(ask('syscall.syscalls', [], { id: 'dear' }));
    const enablingSeconds = Math.floor((SYSTEM_CLOCK.now() - from) / 1000);
    // Until dtrace has reported three as well: on a busy machine its first seconds are late, because it is still starting.
    for (let i = 0; i < 60 && of('dear', sent).length < 3; i++) await nextSecond();
    return { sent: [...sent], told, enablingSeconds, stoodStill: instrumenter.counts.ticksMissed };
  } finally {
    stop();
    await instrumenter.close();
    await Promise.all(sources.map(async (source) => source.close()));
  }
}

const of = (id: string, sent: readonly Parcel[]): Parcel[] =>
  sent.filter(({ report }) => report.fqid === `global;${id}`);

/**
 * A machine that is kept busy by others may give the whole process no CPU for a second, which proves nothing: it is done
 * again, and at last a second or two of that are forgiven. An enabling that blocked would cost all of its seconds.
 */
async function missesNothing(dtrace: string, atLeastSeconds: number): Promise<void> {
  let result = await course(dtrace);
  for (let attempt = 1; attempt < ATTEMPTS && result.stoodStill > 0; attempt++) result = await course(dtrace);
  const { sent, told, enablingSeconds, stoodStill } = result;
  expect(enablingSeconds).toBeGreaterThanOrEqual(atLeastSeconds);
  const states = told
    .filter(({ fqid }) => fqid === 'global;dear')
    .map(({ state, source }) => [state, source]);
  expect(states.slice(0, 2)).toEqual([
    ['enabling', undefined],
    ['enabled', 'dtrace'],
  ]);
  expect(of('dear', sent).length).toBeGreaterThanOrEqual(3);
  for (const id of ['cheap0', 'cheap1']) {
    const parcels = of(id, sent);
    const seconds = parcels.map(({ second }) => second);
    expect(new Set(seconds).size).toBe(seconds.length);
    const missed = Math.max(...seconds) - Math.min(...seconds) + 1 - seconds.length;
    expect(seconds.length + missed).toBeGreaterThanOrEqual(enablingSeconds);
    // A second without a tick loses the one before as well: they cannot be separated.
    expect(missed).toBeLessThanOrEqual(2 * Math.min(stoodStill, 2));
    if (stoodStill === 0) expect(parcels.every(({ report }) => report.lost === 0)).toBe(true);
  }
  // Softirqs, or CPUs: every second has some.
  expect(of('cheap0', sent).every(({ report }) => totalOf(report.value) > 0)).toBe(true);
}

(IS_ROOT ? test : test.skip)(
  `nobody misses a second while a dtrace hangs for ${SLOW_SECONDS} s before it attaches (as root)${IS_ROOT ? '' : ' (skipped: it needs root)'}`,
  () => slow,
  PATIENCE_MS,
);

describeDtrace('with a real dtrace', () => {
  test(
    'nobody misses a second while it compiles and attaches, and keeps a CPU busy',
    () => real,
    PATIENCE_MS,
  );
});
