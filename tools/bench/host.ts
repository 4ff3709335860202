/*
 * What tracing costs the host: nanoseconds added to each event, next to a bpftrace one-liner with the same question;
 * how long enabling takes in the kernel. In: how much time to spend. Out: results, or why there are none.
 *
 * The events are a storm of getppid() calls from perl, which every Debian has. CPU time is compared, not wall-clock
 * time: a busy machine changes it little.
 */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Probe, Source } from '../../services/instrumenter/source';
import { METRICS } from '../../services/instrumenter/metrics/registry';
import { openBpf } from '../../services/instrumenter/sources/bpf/open';
import { question } from './question';
import { result, type Result } from './result';
import { quantiles } from './timing';

const CALLS = 1_000_000;
/** CPU seconds of the whole storm, from perl's own times(). */
const STORM = `getppid() for 1..${CALLS}; my @t = times; print $t[0] + $t[1]`;
const ONE_LINER =
  'tracepoint:raw_syscalls:sys_enter { @s[tid] = nsecs; } ' +
  'tracepoint:raw_syscalls:sys_exit /@s[tid]/ { @l[comm] = hist(nsecs - @s[tid]); delete(@s[tid]); }';
const BPFTRACE_LIMIT_MS = 20_000;

export function bpftraceInstalled(): boolean {
  return spawnSync('bpftrace', ['--version']).status === 0;
}

/** The bpf source of this machine, or one sentence that says why there is none. */
export function bpfHere(): Source | string {
  return openBpf(hostname(), METRICS);
}

/** `turns` storms of each kind, in turn; the least of each counts. */
export async function measureTracing(source: Source, turns: number): Promise<Result[]> {
  const plain: number[] = [];
  const ours: number[] = [];
  const theirs: number[] = [];
  const asked = question('1', ['execname', 'latency']);
  for (let turn = 0; turn < turns; turn++) {
    plain.push(await storm());
    const probe = await source.enable(asked);
    ours.push(await storm());
    await checkCounted(source, probe);
    await probe.close();
    if (bpftraceInstalled()) theirs.push(await withBpftrace(storm));
  }
  const base = Math.min(...plain);
  const reference =
    theirs.length === 0
      ? undefined
      : { what: `bpftrace one-liner (untraced: ${base.toFixed(0)} ns)`, value: Math.min(...theirs) - base };
  return [
    result({
      id: 'host.event',
      what: 'traced host: added to each system call, latency by execname',
      value: Math.min(...ours) - base,
      unit: 'ns',
      reference,
      targets: reference === undefined ? [] : [{ of: 'ratio', atMost: 0.5 }],
    }),
  ];
}

/** Otherwise we would praise ourselves for not tracing at all. */
async function checkCounted(source: Source, probe: Probe): Promise<void> {
  probe.turn();
  await source.settle?.();
  const { value } = await probe.read();
  const perl = value.shape === 'keyed-distribution' ? value.distributions.get('perl') : undefined;
  const counted = (perl ?? []).reduce((sum, n, i) => (i % 2 === 1 ? sum + n : sum), 0);
  if (counted < CALLS) throw new Error(`only ${counted} of ${CALLS} calls were counted`);
}

/** Nanoseconds of CPU for each call. */
async function storm(): Promise<number> {
  const { stdout } = await promisify(execFile)('perl', ['-e', STORM]);
  return (1e9 * Number(stdout)) / CALLS;
}

async function withBpftrace(work: () => Promise<number>): Promise<number> {
  const tracer = spawn('bpftrace', ['-e', ONE_LINER], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(tracer, 'exit');
  const timer = setTimeout(() => tracer.kill('SIGKILL'), BPFTRACE_LIMIT_MS);
  try {
    // "Attaching 2 probes..." is printed before they are; that takes a few hundred milliseconds more.
    await once(tracer.stdout, 'data');
    await pause(1000);
    return await work();
  } finally {
    tracer.kill('SIGINT');
    tracer.stdout.resume();
    tracer.stderr.resume();
    await exited;
    clearTimeout(timer);
  }
}

/** Enables different questions about metrics of the kernel again and again; user-level probes are not among them. */
export async function measureEnabling(source: Source, times: number): Promise<Result[]> {
  const samples: number[] = [];
  const decompositions = [['latency'], ['execname'], ['execname', 'latency'], ['syscall', 'latency'], []];
  for (let i = 0; i < times; i++) {
    const asked = question(String(i), decompositions[i % decompositions.length]);
    const from = performance.now();
    const probe = await source.enable({ ...asked, fields: { ...asked.fields, syscall: 'string' } });
    samples.push(performance.now() - from);
    await probe.close();
  }
  const { p50, p99 } = quantiles(samples);
  const reference = bpftraceInstalled()
    ? { what: 'bpftrace, start to attached', value: await attachMs() }
    : undefined;
  return [
    result({ id: 'host.enable.p50', what: 'enabling a probe in the kernel, p50', value: p50, unit: 'ms' }),
    result({
      id: 'host.enable.p99',
      what: 'enabling a probe in the kernel, p99',
      value: p99,
      unit: 'ms',
      reference,
      targets: [{ of: 'value', atMost: 50 }],
    }),
  ];
}

/** exit() is obeyed when all probes are attached. */
async function attachMs(): Promise<number> {
  const from = performance.now();
  const tracer = spawn('bpftrace', ['-e', `BEGIN { exit(); } ${ONE_LINER}`], { stdio: 'ignore' });
  await once(tracer, 'exit');
  return performance.now() - from;
}
