/*
 * A part of the benchmark in a process of its own, as the aggregator has one. In: which part, how long it may take.
 * Out: its results. V8 compiles code for the kinds of arrays that it has seen: in one process with the other parts, a dataset
 * took twice as long to take in what a node sends after another part had filled one with arrays of another kind.
 */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Job, Outcome } from './part';
import type { Result } from './result';

export async function inOwnProcess(job: Job, limitMs: number): Promise<Result[]> {
  // Not as JSON, which would lose NaN.
  const child = fork(join(__dirname, 'part.js'), { serialization: 'advanced' });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const timer = setTimeout(end, limitMs);
  try {
    const outcome = await new Promise<Outcome>((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', (code, signal) => {
        reject(new Error(`its process ended with ${signal ?? code}`));
      });
      child.once('error', reject);
      child.send(job);
    });
    if ('error' in outcome) throw new Error(outcome.error);
    return outcome.results;
  } finally {
    clearTimeout(timer);
    process.off('exit', end);
    end();
  }
}
