/*
 * Measurement 4: from an event in the kernel to its count in the value API, through the whole stack. In: a running
 * stack with the bpf source, how many events. Out: results: p50 and p99.
 *
 * The events are symlink() calls of ours that fail, at random moments. For each second one request waits for that
 * second's value, as a client that wants it soonest would.
 */
import { symlinkSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { LIMITS } from '../../common/service/limits';
import type { TestStack } from '../testing/test-stack';
import { xorshift } from './load';
import { result, type Result } from './result';
import { quantiles } from './timing';

/** Mean time between two events, ms. */
const DISTANCE_MS = 50;
/** The original needed 2 to 3 s. */
const GIVE_UP_MS = 10_000;

export async function measureLatency(stack: TestStack, events: number): Promise<Result[]> {
  const uri = await stack.create({
    module: 'syscall',
    stat: 'syscalls',
    decomposition: [],
    predicate: {
      and: [{ eq: ['syscall', 'symlink'] }, { eq: ['pid', String(process.pid)] }],
    },
  });
  const latencies = await watch(stack, uri, events);
  await stack.ask('DELETE', uri);
  const { p50, p99 } = quantiles(latencies);
  const what = `event → visible in the value API (${latencies.length} events)`;
  return [
    result({
      id: 'latency.p50',
      what: `${what}, p50`,
      value: p50,
      unit: 's',
      targets: [{ of: 'value', atMost: 1.3 }],
    }),
    result({
      id: 'latency.p99',
      what: `${what}, p99`,
      value: p99,
      unit: 's',
      targets: [{ of: 'value', atMost: 2 }],
    }),
  ];
}

/** Seconds from each event to the answer that first counts it. Rejects when one never becomes visible. */
async function watch(stack: TestStack, uri: string, events: number): Promise<number[]> {
  const next = xorshift(17);
  // The probe's first whole second begins within one second, and must be over: its value is the first one requested.
  await pause(2500);
  const times: number[] = [];
  const seen = visible(stack, uri, Math.floor(Date.now() / 1000) - 1, times, events);
  for (let i = 0; i < events; i++) {
    await pause(next() % (2 * DISTANCE_MS));
    times.push(Date.now());
    strike();
  }
  return seen;
}

function strike(): void {
  try {
    symlinkSync('nowhere', '/nowhere/at/all');
  } catch {
    // as intended
  }
}

/**
 * The n-th event is visible when the values of all seconds so far add up to n: a second ends when the node's clock
 * has been read, and an event in the millisecond around that may count in either.
 */
async function visible(
  stack: TestStack,
  uri: string,
  first: number,
  times: readonly number[],
  events: number,
): Promise<number[]> {
  const latencies: number[] = [];
  let before = 0;
  for (let second = first; latencies.length < events;) {
    await pause(1000 * (second + 1) - Date.now());
    const answer = await stack.get<{ value: number; minreporting: number }>(
      `${uri}/value/raw?start_time=${second}&duration=1`,
    );
    const now = Date.now();
    for (const at of times.slice(latencies.length, before + answer.value)) latencies.push((now - at) / 1000);
    // A second that the node does not report (it stood still) is known to be missing after the longest wait.
    if (answer.minreporting > 0 || now > 1000 * (second + 1) + LIMITS.valueWaitMsMax) {
      before += answer.value;
      second++;
    }
    const last = times.at(-1) ?? now;
    if (now > Math.max(last, 1000 * second) + GIVE_UP_MS) {
      throw new Error(`${times.length - latencies.length} of ${times.length} events never became visible`);
    }
  }
  return latencies;
}
