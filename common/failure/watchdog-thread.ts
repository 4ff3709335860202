/*
 * The watchdog's thread. In: a counter that a healthy main thread increments. Out: when it stops for too
 * long, a dump with the main thread's stack, and, if it stays stuck, the end of the process.
 *
 * Modules that only a stuck service needs are loaded later: this thread already costs every service 10 MB. It counts its
 * own seconds, not the clock's: a process that was suspended and resumed was not stuck.
 */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import type { Stuck } from './stuck';
import type { WatchdogData } from './watchdog';

const { beats, stuckS, exitS, service, host, folder } = workerData as WatchdogData;

let last = Atomics.load(beats, 0);
let still = 0;
let dumped = false;

setInterval(() => {
  const now = Atomics.load(beats, 0);
  if (now !== last) {
    if (dumped) say(40, 'the main thread goes on');
    [last, still, dumped] = [now, 0, false];
    return;
  }
  still++;
  if (still >= stuckS && !dumped) {
    dumped = true;
    void dump();
  }
  if (exitS > 0 && still >= Math.max(exitS, stuckS + 3)) {
    say(60, `the main thread was stuck for ${still} s; ending the process`);
    process.kill(process.pid, 'SIGKILL');
  }
}, 1000);

async function dump(): Promise<void> {
  try {
    // oxlint-disable-next-line typescript/no-require-imports
    const stuck = require('./stuck') as Stuck;
    const { file, busyWith } = await stuck.dumpStuck({ folder, service, host, seconds: still });
    say(50, `the main thread has been stuck for ${still} s in ${busyWith}`, { dump: file });
  } catch (error) {
    say(50, `the main thread has been stuck for ${still} s; no dump: ${String(error)}`);
  }
}

/** Writes a log line directly to the descriptor: a thread's stderr goes through the stuck main thread. */
function say(level: number, msg: string, more: object = {}): void {
  const record = {
    name: service,
    hostname: host,
    pid: process.pid,
    level,
    ...more,
    msg,
    time: new Date(),
    v: 0,
  };
  try {
    writeSync(2, `${JSON.stringify(record)}\n`);
  } catch {
    // The log cannot be written; the dump exists all the same.
  }
}
