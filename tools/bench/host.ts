/*
 * The cost of tracing for the host: nanoseconds added to each event, compared with a bpftrace one-liner for the same question;
 * the time for enabling in the kernel. In: how much time to spend. Out: results, or why there are none.
 *
 * The events are a storm of getppid() calls from perl, which every Debian has. CPU time is compared, not wall-clock
 * time: a busy machine changes it little.
 */
import { readFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { hostname } from 'node:os';
import { promisify } from 'node:util';
import type { Probe, Source } from '../../services/instrumenter/sources/source';
import { METRICS } from '../../services/instrumenter/metrics/registry';
import { openBpf } from '../../services/instrumenter/sources/bpf/open';
import { attachMs, bpftraceWorks, withBpftrace } from './bpftrace';
import { question } from './question';
import { result, type Result } from './result';
import { quantiles } from './timing';

const ONE_LINER =
  'tracepoint:raw_syscalls:sys_enter { @s[tid] = nsecs; } ' +
  'tracepoint:raw_syscalls:sys_exit /@s[tid]/ { @l[comm] = hist(nsecs - @s[tid]); delete(@s[tid]); }';

/** The bpf source of this machine, or one sentence that says why there is none. */
export function bpfHere(): Source | string {
  return openBpf(hostname(), METRICS);
}

/** `turns` storms of `calls` calls of each kind, in turn; the least of each counts. */
export async function measureTracing(source: Source, turns: number, calls: number): Promise<Result[]> {
  const storm = (): Promise<number> => storming(calls);
  const plain: number[] = [];
  const ours: number[] = [];
  const theirs: number[] = [];
  const asked = question('1', ['execname', 'latency']);
  for (let turn = 0; turn < turns; turn++) {
    plain.push(await storm());
    const probe = await source.enable(asked);
    ours.push(await storm());
    await checkCounted(source, probe, calls);
    await probe.close();
    if (bpftraceWorks()) theirs.push(await withBpftrace(ONE_LINER, storm));
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

/** Otherwise a probe that does not trace at all would look best. */
async function checkCounted(source: Source, probe: Probe, calls: number): Promise<void> {
  probe.flip();
  await source.settle?.();
  const { value } = await probe.read();
  const perl = value.shape === 'keyed-distribution' ? value.distributions.get('perl') : undefined;
  const counted = (perl ?? []).reduce((sum, n, i) => (i % 2 === 1 ? sum + n : sum), 0);
  if (counted < calls) throw new Error(`only ${counted} of ${calls} calls were counted`);
}

/** Nanoseconds of CPU for each call, by perl's times(), whose resolution is 10 ms. */
async function storming(calls: number): Promise<number> {
  const program = `getppid() for 1..${calls}; my @t = times; print $t[0] + $t[1]`;
  const { stdout } = await promisify(execFile)('perl', ['-e', program]);
  return (1e9 * Number(stdout)) / calls;
}

const USER_ONE_LINER =
  'uprobe:LIBC:getaddrinfo { @s[tid] = nsecs; } uretprobe:LIBC:getaddrinfo /@s[tid]/ { @l[comm] = hist(nsecs - @s[tid]); delete(@s[tid]); }';

/** The same for a question about user programs: name lookups in every C library that is installed or runs here. */
export async function measureUserEnabling(source: Source, times: number): Promise<Result[]> {
  if (!source.offers().some((offer) => offer.metric === 'dns.lookups' && 'fields' in offer)) return [];
  const asked = { ...question('1', ['execname', 'latency']), module: 'dns', stat: 'lookups' };
  const samples: number[] = [];
  for (let i = 0; i < times; i++) {
    const from = performance.now();
    const probe = await source.enable(asked);
    samples.push(performance.now() - from);
    await probe.close();
  }
  const { p50, p99 } = quantiles(samples);
  const libc = /(\/\S*\/libc[-.]\S*)$/m.exec(readFileSync('/proc/self/maps', 'utf8'))?.[1];
  const reference =
    libc !== undefined && bpftraceWorks()
      ? { what: 'bpftrace, start to attached', value: await attachMs(USER_ONE_LINER.replace(/LIBC/g, libc)) }
      : undefined;
  return [
    result({
      id: 'host.enable.user.p50',
      what: 'enabling a probe in user programs, p50',
      value: p50,
      unit: 'ms',
    }),
    result({
      id: 'host.enable.user.p99',
      what: 'enabling a probe in user programs, p99',
      value: p99,
      unit: 'ms',
      reference,
      targets: [{ of: 'value', atMost: 100 }],
    }),
  ];
}

/** Repeatedly enables different questions about metrics of the kernel. */
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
  const reference = bpftraceWorks()
    ? { what: 'bpftrace, start to attached', value: await attachMs(ONE_LINER) }
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
