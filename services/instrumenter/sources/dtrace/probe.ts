/*
 * One instrumentation gathered by dtrace. In: a running child and its blocks, one per second. Out: readings.
 *
 * The program closes its seconds by the same clock as ours, and prints which second a block is of: flip() only notes
 * the time, and read() waits for the block of the second that ended. A block that arrives after that wait has timed out
 * is reported as lost.
 */
import type { Clock } from '../../../../common/service/clock';
import { seconds } from '../../../../common/service/clock';
import { LIMITS } from '../../../../common/service/limits';
import { add, totalOf, zero } from '../../../../common/model/value';
import { EnableError, type Probe, type Reading } from '../source';
import { runDtrace, type Child } from './child';
import { lostBy } from './complaints';
import { OutputReader, type Block } from './output';
import type { Program } from './program';

/** Compiling and attaching takes 1 s of CPU on Linux, and longer on older kernels: 45 s have been seen. */
const ENABLE_MS = 120_000;
/** A second's block is waited for this long after the second's end. */
const READ_MS = 900;
/** Blocks kept while none is read. */
const BLOCKS = 10;
/** When the wall clock was set by more than this, the child is started again: it keeps the clock that it began with. */
const CLOCK_MS = 100;

export interface Time {
  readonly clock: Clock;
  /** Nanoseconds of a monotonic clock. */
  readonly elapsed: () => number;
}

/** Starts dtrace and resolves with its first second. `attached` is called when it no longer keeps a CPU busy. */
export async function enableProbe(
  dtrace: string,
  program: Program,
  time: Time,
  ending: AbortSignal,
  attached: () => void,
): Promise<DtraceProbe> {
  if (ending.aborted) throw new EnableError('the instrumenter is going away');
  const probe = new DtraceProbe(dtrace, program, time, attached);
  const giveUp = (): void => void probe.close();
  const timer = setTimeout(giveUp, ENABLE_MS);
  ending.addEventListener('abort', giveUp);
  try {
    await probe.ready;
    return probe;
  } catch (error) {
    await probe.close();
    throw error;
  } finally {
    clearTimeout(timer);
    ending.removeEventListener('abort', giveUp);
  }
}

export class DtraceProbe implements Probe {
  readonly ready: Promise<void>;
  private readonly dtrace: string;
  private readonly program: Program;
  private readonly time: Time;
  private child: Child;
  private ending: Promise<unknown> = Promise.resolve();
  /** The wall clock's offset when the child began. */
  private clockSet = 0;
  private blocks: Block[] = [];
  private lost = 0;
  /** Last second that the program has closed. */
  private last = -Infinity;
  /** Blocks of this second and later are still wanted. */
  private wanted = -Infinity;
  /** The second that was running at the last flip. */
  private turned = 0;
  private ended = false;
  private woken: () => void = () => undefined;
  private isReady: () => void = () => undefined;

  constructor(dtrace: string, program: Program, time: Time, attached: () => void) {
    this.dtrace = dtrace;
    this.program = program;
    this.time = time;
    this.child = this.start(attached);
    const { child } = this;
    this.ready = new Promise<void>((resolve, reject) => {
      this.isReady = resolve;
      void child.exited.then(() => {
        reject(new EnableError(reasonOf(child.complaints()), child.complaints()));
      });
    });
  }

  private start(attached: () => void): Child {
    this.clockSet = this.clockSetting();
    // BEGIN prints an empty line first.
    let hasBegun = (): void => {
      hasBegun = () => undefined;
      child.raise();
      attached();
    };
    const reader = new OutputReader(this.program.format, (block) => {
      if (this.child === child) this.take(block);
      else this.giveUp(block);
      this.isReady();
    });
    const child = runDtrace(this.dtrace, this.program.text, {
      output: (chunk) => {
        hasBegun();
        reader.write(chunk);
      },
      complaint: (line) => {
        this.lost += lostBy(line);
      },
    });
    void child.exited.then(() => {
      if (this.child !== child) return;
      this.ended = true;
      this.woken();
    });
    return child;
  }

  /** The wall clock's offset from the monotonic clock, in milliseconds. */
  private clockSetting(): number {
    const { clock, elapsed } = this.time;
    for (;;) {
      const [before, now, after] = [elapsed(), clock.now(), elapsed()];
      // Else the process stood still between the two readings.
      if (after - before < 1e6) return now - before / 1e6;
    }
  }

  /** What the old one has counted since its last block belongs to no second. */
  private startAnew(): void {
    const old = this.child;
    for (const block of this.blocks.splice(0)) this.giveUp(block);
    this.last = -Infinity;
    this.child = this.start(() => undefined);
    this.ending = Promise.all([this.ending, old.end()]);
  }

  flip(): void {
    this.turned = seconds(this.time.clock.now());
    // On Linux a D program's wall clock is that of its start: after a jump all its seconds would be others than ours.
    if (!this.ended && Math.abs(this.clockSetting() - this.clockSet) > CLOCK_MS) this.startAnew();
  }

  async read(): Promise<Reading> {
    const end = this.turned;
    const deadline = this.time.clock.now() + READ_MS;
    while (this.last < end - 1 && !this.ended && this.time.clock.now() < deadline)
      await this.somethingNew(deadline);
    this.wanted = end;
    const due = this.blocks.filter((block) => block.second < end);
    this.blocks = this.blocks.filter((block) => block.second >= end);
    const lost = this.lost + due.reduce((sum, block) => sum + block.lost, 0);
    if (this.last < end - 1) {
      for (const block of due) this.giveUp(block);
      throw new Error(
        this.ended ? reasonOf(this.child.complaints()) : 'dtrace did not print the second in time',
      );
    }
    this.lost = 0;
    const value = due.map((block) => block.value).reduce(add, zero(this.program.format.shape));
    return { value, lost };
  }

  async close(): Promise<void> {
    await Promise.all([this.ending, this.child.end()]);
  }

  private take(block: Block): void {
    // After a delay, the lines of two CPUs may arrive in the wrong order.
    this.last = Math.max(this.last, block.second);
    if (block.second < this.wanted) this.giveUp(block);
    else this.blocks.push(block);
    // No block is read while an instrumentation is being enabled, so older ones are not needed.
    while (this.blocks.length > BLOCKS) this.giveUp(this.blocks.shift());
    this.woken();
  }

  private giveUp(block: Block | undefined): void {
    if (block !== undefined) this.lost += block.lost + totalOf(block.value);
  }

  private somethingNew(deadline: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(deadline - this.time.clock.now(), 0));
      this.woken = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** One sentence made of the last lines of dtrace. */
function reasonOf(complaints: string): string {
  const line = complaints.split('\n').at(-1) ?? '';
  return line === '' ? 'dtrace ended without a word' : line.slice(0, LIMITS.reasonLength);
}
