/*
 * Taking times. In: work to do again and again, or times already taken. Out: quantiles, CPU time of processes.
 */
import { readFileSync } from 'node:fs';

/** Of /proc: USER_HZ, 100 on every Linux. */
const TICK_MS = 10;

interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

/** The nearest-rank quantiles; NaN of nothing. */
export function quantiles(samples: readonly number[]): Quantiles {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

/** Does the work until `forMs` have gone by (and at least `atLeast` times); each time in ms. */
export function repeat(forMs: number, work: (round: number) => void, atLeast = 5): number[] {
  const times: number[] = [];
  const end = performance.now() + forMs;
  for (let round = 0; round < atLeast || performance.now() < end; round++) {
    const from = performance.now();
    work(round);
    times.push(performance.now() - from);
  }
  return times;
}

/** User and system time of another process so far, ms; NaN when it is gone. */
export function cpuMsOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses, which may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return TICK_MS * (Number(fields[11]) + Number(fields[12]));
  } catch {
    return NaN;
  }
}

/** Resident memory of another process, MB. */
export function rssMbOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? NaN) / 1024;
}
