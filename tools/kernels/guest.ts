/*
 * The program inside a kernel under test. In: for how long under load. Out: lines of JSON, each marked, so that the kernel's own messages
 * between them are ignored; a sign of life each second. Next: main.ts, which reads them.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { release, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { messageOf } from '../../common/service/errors';
import { metricName } from '../../common/model/metric';
import { totalCount } from '../../common/model/distribution';
import type { Instrumentation } from '../../common/model/instrumentation';
import type { Predicate } from '../../common/model/predicate/predicate';
import { totalOf, type Value } from '../../common/model/value';
import { describe as describeMetric, METRICS } from '../../services/instrumenter/metrics/registry';
import type { BpfSource } from '../../services/instrumenter/sources/bpf/bpf';
import { openBpf } from '../../services/instrumenter/sources/bpf/open';
import { Kernel } from '../../services/instrumenter/sources/bpf/kernel/kernel';
import { randomQuestions } from '../../services/instrumenter/sources/bpf/testing/random-questions';
import {
  ARCHITECTURE,
  both,
  GETPPID,
  instrumentation,
  is,
  own,
  perl,
  rename,
} from '../../services/instrumenter/sources/bpf/testing/real-kernel';
import { Verifier } from '../../services/instrumenter/sources/bpf/testing/verifier';
import type { Offer } from '../../services/instrumenter/sources/source';
import { tryMetrics } from '../probes/probes';
import { MARK, type Report } from './report';
import { WORKLOADS, type Workload } from './workloads';

const QUESTIONS = 100;
const AT_ONCE = 4;
/** The arguments: for how many seconds questions come and go under load, and how many programs are made at random. */
const [LOAD_SECONDS = 0, RANDOM_PROGRAMS = 0] = process.argv.slice(2).map(Number);
const TRIES = 5;
const OTHER_CALLS = 5000;
const SEED = 20111108;
const ALIVE = `setInterval(() => require('fs').writeSync(1, '${MARK}{"kind":"alive"}\\n'), 1000)`;
const NOT_PROC: Predicate = { kind: 'compare', op: 'ne', field: 'fstype', constant: 'proc' };

const say = (report: Report): void => console.log(`${MARK}${JSON.stringify(report)}`);

async function main(): Promise<void> {
  // In a separate thread: this one is busy for long stretches.
  const alive = new Worker(ALIVE, { eval: true });
  say({ kind: 'alive' });
  const source = openBpf('guest', METRICS);
  if (typeof source === 'string') throw new Error(source);
  say({ kind: 'begun', release: release() });
  await tryMetrics(source, ({ metric, state, detail }) => say({ kind: 'tried', metric, state, detail }));
  for (const workload of WORKLOADS) await count(source, workload);
  await apart(source);
  await verify(source);
  await load(source);
  source.close();
  await alive.terminate();
  say({ kind: 'ended' });
}

async function count(source: BpfSource, workload: Workload): Promise<void> {
  const { metric, by, script, counts, atLeast = false, withoutProc = false } = workload;
  const offer = source.offers().find((one) => one.metric === metric);
  if (offer === undefined || !('fields' in offer)) return;
  try {
    const name = own('work');
    const probe = await enabled(
      source,
      instrumentation(
        metric,
        by === undefined ? [] : [by],
        withoutProc ? both(is('execname', name), NOT_PROC) : is('execname', name),
      ),
    );
    try {
      perl(`chdir $ARGV[0]; ${rename(name)} ${script}`, mkdtempSync(join(tmpdir(), 'ca-work-')));
      probe.flip();
      await source.settle();
      const { value, lost, losses } = await probe.read();
      // From Linux 7 on a program may lose its CPU to another thread, whose events it then misses: these are lost, and said.
      const missed = losses?.missed ?? 0;
      const found = Object.fromEntries(Object.keys(counts).map((key) => [key, countOf(value, key)]));
      const wrong = Object.entries(counts).filter(([key, wanted]) => {
        const number = found[key] ?? 0;
        return number < wanted - missed || (!atLeast && number > wanted);
      });
      const isRight = wrong.length === 0 && lost === missed;
      const words = JSON.stringify({ counted: found, done: counts, lost });
      say({
        kind: 'counted',
        metric,
        state: isRight ? 'right' : 'wrong',
        ...(isRight ? {} : { detail: words }),
      });
    } finally {
      probe.close();
    }
  } catch (error) {
    say({ kind: 'counted', metric, state: 'wrong', detail: messageOf(error) });
  }
}

/** User programs are attached to within a time that an emulator may need alone. */
async function enabled(
  source: BpfSource,
  asked: Instrumentation,
): Promise<Awaited<ReturnType<BpfSource['enable']>>> {
  for (let tries = 1; ; tries++) {
    try {
      return await source.enable(asked);
    } catch (error) {
      if (tries === TRIES || !messageOf(error).includes('in time')) throw error;
    }
  }
}

function countOf(value: Value, key: string): number {
  if (key === '') return totalOf(value);
  if (value.shape === 'keyed') return value.numbers.get(key) ?? 0;
  return value.shape === 'keyed-distribution' ? totalCount(value.distributions.get(key) ?? []) : 0;
}

/** Calls that a question is not about run its programs only where the kernel offers nothing but the tracepoints of all calls. */
async function apart(source: BpfSource): Promise<void> {
  const probe = await source.enable(instrumentation('fs.syncs', []));
  source.countCost(true);
  try {
    const before = probe.cost().runs;
    perl(`syscall(${GETPPID}) for (1..${OTHER_CALLS})`, '/');
    say({ kind: 'apart', calls: OTHER_CALLS, runs: probe.cost().runs - before });
  } finally {
    source.countCost(false);
    probe.close();
  }
}

/** Random programs, loaded through the verifier. */
async function verify(source: BpfSource): Promise<void> {
  const verifier = new Verifier(new Kernel(ARCHITECTURE));
  const refused: string[] = [];
  const questions = fc.sample(randomQuestions(source.offers()), { seed: SEED, numRuns: RANDOM_PROGRAMS });
  for (const question of questions) {
    await pause(0); // a sign of life between them
    try {
      verifier.check(source.compile(question));
    } catch (error) {
      refused.push(`${metricName(question)}: ${messageOf(error)}`);
    }
  }
  verifier.close();
  say({ kind: 'verified', programs: questions.length, refused });
}

/** A hundred questions that are created, changed and deleted while both CPUs are busy with the events that they count. */
async function load(source: BpfSource): Promise<void> {
  const storms = [
    storm('perl', `syscall(${GETPPID}) while 1`),
    storm('perl', `syscall(${GETPPID}) while 1`),
    storm('perl', 'while (1) { my $p = fork(); exit if !$p; waitpid($p, 0) }'),
    storm(
      'perl',
      'chdir $ARGV[0]; while (1) { open(F, ">", "f"); syswrite(F, "x" x 8192) for (1..50); close F; unlink "f" }',
    ),
  ];
  // Detaching from user programs takes seconds each under emulation: these were tried before.
  const offers = source.offers().filter(({ metric }) => !isOfPrograms(metric));
  const deadline = performance.now() + LOAD_SECONDS * 1000;
  const probes: Awaited<ReturnType<BpfSource['enable']>>[] = [];
  let [enabled, seconds] = [0, 0];
  const failures = new Set<string>();
  let seed = SEED;
  try {
    while (performance.now() < deadline) {
      const questions = fc.sample(randomQuestions(offers), { seed: seed++, numRuns: AT_ONCE });
      const made = await Promise.allSettled(questions.map((question) => source.enable(question)));
      for (const result of made) {
        if (result.status === 'fulfilled') probes.push(result.value);
        else failures.add(messageOf(result.reason));
      }
      enabled += made.length;
      for (const probe of probes.splice(0, Math.max(0, probes.length - QUESTIONS))) probe.close();
      // The second's end, for all of them in a row, as a node does it.
      for (const probe of probes) probe.flip();
      await source.settle();
      await Promise.all(probes.map((probe) => probe.read()));
      seconds++;
      await pause(20);
    }
  } finally {
    for (const probe of probes) probe.close();
    for (const one of storms) one.kill('SIGKILL');
  }
  say({ kind: 'loaded', enabled, seconds, failures: [...failures].slice(0, 5) });
}

function isOfPrograms(metric: Offer['metric']): boolean {
  return describeMetric(metric)?.bpf?.probes.some(({ at }) => at.kind === 'user') === true;
}

function storm(program: string, script: string): ChildProcess {
  const child = spawn(program, ['-e', script, mkdtempSync(join(tmpdir(), 'ca-storm-'))], { stdio: 'ignore' });
  setPriority(child.pid ?? 0, 10);
  return child;
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    say({ kind: 'failed', reason: messageOf(error) });
    process.exit(1);
  },
);
