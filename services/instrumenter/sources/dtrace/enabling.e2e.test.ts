/*
 * An enabling of dtrace under way costs what else is gathered on the node not one second: a whole instrumenter with its
 * real clock, real bpf (/proc where there is none), and a dtrace that takes CA_TEST_ENABLING_SECONDS (12) to attach;
 * and once more with the real dtrace, which keeps a CPU busy meanwhile.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYSTEM_CLOCK } from '../../../../common/clock';
import { SILENT } from '../../../../common/log';
import { totalOf } from '../../../../common/value';
import { ask } from '../../fakes';
import { Instrumenter, type Standing } from '../../instrumenter';
import { Journal } from '../../journal';
import type { Parcel } from '../../outbox';
import { OPENERS, openSources } from '../../sources';
import { describeDtrace, dtraceHere, nextSecond } from './testing';

const SLOW_SECONDS = Number(process.env['CA_TEST_ENABLING_SECONDS'] ?? 12);
const ATTEMPTS = 3;
const PATIENCE_MS = (ATTEMPTS * SLOW_SECONDS + 240) * 1000;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ca-enabling-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** It has one pair of probes, hangs for so long, and then is the real one, or prints a second's block each second. */
function slowDtrace(): string {
  const file = join(folder, 'dtrace');
  const real = dtraceHere();
  const zero = `while sleep 1; do s=$(($(date +%s) - 1)); printf 'S %d\\nK 0\\nE %d\\n' "$s" "$s"; done`;
  writeFileSync(
    file,
    `#!/bin/sh
case $1 in
  -V) echo 'dtrace: D 2.0.7' ;;
  -l) echo '1 rawtp vmlinux sys_enter'; echo '2 rawtp vmlinux sys_exit' ;;
  *) sleep ${SLOW_SECONDS}; ${real === undefined ? zero : `exec ${real} "$@"`} ;;
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
  /** Seconds at which the process got no CPU at all: the machine's doing. */
  readonly stoodStill: number;
}

/** Two questions that dtrace does not answer here, then one that only dtrace is asked. */
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
  const sources = opened.flatMap(({ source }) => (source === undefined ? [] : [source]));
  const sent: Parcel[] = [];
  const told: Standing[] = [];
  const instrumenter = new Instrumenter({
    ...surroundings,
    sources,
    budget: 1000,
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
    // Until dtrace has reported too, and at least a little longer than it took.
    for (let i = 0; i < 10 && (i < 3 || of('dear', sent).length === 0); i++) await nextSecond();
    return { sent: [...sent], told, enablingSeconds, stoodStill: instrumenter.counts.ticksMissed };
  } finally {
    stop();
    await instrumenter.close();
    await Promise.all(sources.map(async (source) => source.close()));
  }
}

const of = (id: string, sent: readonly Parcel[]): Parcel[] =>
  sent.filter(({ report }) => report.fqid === `global;${id}`);

/** Where the machine gave the whole process no CPU for a second nothing is proved, and it is done again. */
async function missesNothing(dtrace: string, atLeastSeconds: number): Promise<void> {
  let result = await course(dtrace);
  for (let attempt = 1; attempt < ATTEMPTS && result.stoodStill > 0; attempt++) result = await course(dtrace);
  const { sent, told, enablingSeconds } = result;
  expect(enablingSeconds).toBeGreaterThanOrEqual(atLeastSeconds);
  const states = told
    .filter(({ fqid }) => fqid === 'global;dear')
    .map(({ state, source }) => [state, source]);
  expect(states.slice(0, 2)).toEqual([
    ['enabling', undefined],
    ['enabled', 'dtrace'],
  ]);
  expect(of('dear', sent).length).toBeGreaterThan(0);
  for (const id of ['cheap0', 'cheap1']) {
    const parcels = of(id, sent);
    const [first] = parcels;
    // Not one second without its report, and none that lost anything.
    expect(parcels.map(({ second }) => second - (first?.second ?? 0))).toEqual(parcels.map((_, i) => i));
    expect(parcels.every(({ report }) => report.lost === 0)).toBe(true);
    expect(parcels.length).toBeGreaterThanOrEqual(enablingSeconds);
  }
  // Softirqs, or CPUs: there are some in every second.
  expect(of('cheap0', sent).every(({ report }) => totalOf(report.value) > 0)).toBe(true);
}

const asRoot = process.platform === 'linux' && process.getuid?.() === 0 ? test : test.skip;

asRoot(
  `nobody misses a second while a dtrace hangs for ${SLOW_SECONDS} s before it attaches (as root)`,
  () => missesNothing(slowDtrace(), SLOW_SECONDS),
  PATIENCE_MS,
);

describeDtrace('with a real dtrace', (dtrace) => {
  test(
    'nobody misses a second while it compiles and attaches, and keeps a CPU busy',
    () => missesNothing(dtrace, 1),
    PATIENCE_MS,
  );
});
