/*
 * The watchdog's thread. In: a number that the main thread raises while it is well. Out: when it stands still for too
 * long, a dump with the stack of what the main thread is busy with, and, if it goes on, the end of the process.
 *
 * Only what a healthy service needs is loaded at once: this thread costs every service 10 MB as it is. It counts its own
 * seconds, not the clock's: a process that was stopped and goes on was not stuck.
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

/** A line in the form of our logs. Straight to the file: a thread's own stderr goes through the stuck main thread. */
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
    // Nobody reads our log: the dump is there all the same.
  }
}
