/*
 * Starts a thread that notices when this one is stuck. In: time limits. Out: a second thread (watchdog-thread.ts)
 * that reads a counter which this thread increments.
 */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Log } from '../service/log';

interface WatchdogOptions {
  readonly service: string;
  readonly host: string;
  /** Where dumps go. */
  readonly folder: string;
  /** Seconds without a sign of life after which a dump is written; 0: no watchdog. */
  readonly stuckS: number;
  /** Seconds after which the process is killed; 0: never. */
  readonly exitS: number;
  readonly log: Log;
}

/** workerData of the thread. */
export interface WatchdogData extends Omit<WatchdogOptions, 'log'> {
  readonly beats: Int32Array;
}

const BEAT_MS = 500;

export function startWatchdog({ log, ...options }: WatchdogOptions): void {
  // A debugger may pause the process for any time.
  if (options.stuckS === 0 || process.execArgv.some((arg) => arg.startsWith('--inspect'))) return;
  const beats = new Int32Array(new SharedArrayBuffer(4));
  setInterval(() => Atomics.add(beats, 0, 1), BEAT_MS).unref();
  const worker = new Worker(join(__dirname, 'watchdog-thread.js'), {
    workerData: { ...options, beats } satisfies WatchdogData,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 1 },
  });
  worker.on('error', (error) => {
    log.error({ err: error }, 'the watchdog thread failed; nobody notices now when this process is stuck');
  });
  worker.unref();
}
