/*
 * One instrumentation gathered by dtrace. In: a running child and its blocks, one per second. Out: readings.
 *
 * The program closes its seconds by the same clock as ours, and says which second a block is of: turn() only notes
 * the time, and read() waits for the block of the second that ended. A block that comes after it was waited for
 * is lost, and said to be.
 */
import type { Clock } from '../../../../common/clock';
import { seconds } from '../../../../common/clock';
import { LIMITS } from '../../../../common/limits';
import { add, totalOf, zero } from '../../../../common/value';
import { EnableError, type Probe, type Reading } from '../../source';
import { runDtrace, type Child } from './child';
import { lostBy } from './complaints';
import { OutputReader, type Block } from './output';
import type { Program } from './program';

/** Starts dtrace and resolves with its first second. `attached` is called when it keeps no CPU busy any more. */
export async function enableProbe(
  dtrace: string,
  program: Program,
  clock: Clock,
  ending: AbortSignal,
  attached: () => void,
): Promise<DtraceProbe> {
  if (ending.aborted) throw new EnableError('the instrumenter is going away');
  const probe = new DtraceProbe(dtrace, program, clock, attached);
  const giveUp = (): void => void probe.close();
  const timer = setTimeout(giveUp, LIMITS.dtraceEnableMs);
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
  private readonly program: Program;
  private readonly clock: Clock;
  private readonly child: Child;
  private blocks: Block[] = [];
  private lost = 0;
  /** Last second that the program has closed. */
  private last = -Infinity;
  /** Blocks of this second and later are still wanted. */
  private wanted = -Infinity;
  /** The second that was running at the last turn. */
  private turned = 0;
  private ended = false;
  private woken: () => void = () => undefined;

  constructor(dtrace: string, program: Program, clock: Clock, attached: () => void) {
    this.program = program;
    this.clock = clock;
    let isReady: () => void = () => undefined;
    // The first that is printed is BEGIN's empty line.
    let hasBegun = (): void => {
      hasBegun = () => undefined;
      this.child.raise();
      attached();
    };
    const reader = new OutputReader(program.format, (block) => {
      this.take(block);
      isReady();
    });
    this.child = runDtrace(dtrace, program.text, {
      output: (chunk) => {
        hasBegun();
        reader.write(chunk);
      },
      complaint: (line) => {
        this.lost += lostBy(line);
      },
    });
    this.ready = new Promise<void>((resolve, reject) => {
      isReady = resolve;
      void this.child.exited.then(() => {
        this.ended = true;
        this.woken();
        reject(new EnableError(reasonOf(this.child.complaints()), this.child.complaints()));
      });
    });
  }

  turn(): void {
    this.turned = seconds(this.clock.now());
  }

  async read(): Promise<Reading> {
    const end = this.turned;
    const deadline = this.clock.now() + LIMITS.dtraceReadMs;
    while (this.last < end - 1 && !this.ended && this.clock.now() < deadline)
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
    await this.child.end();
  }

  private take(block: Block): void {
    this.last = block.second;
    if (block.second < this.wanted) this.giveUp(block);
    else this.blocks.push(block);
    // Nobody reads while an instrumentation is being set up: older ones are nobody's.
    while (this.blocks.length > LIMITS.dtraceBlocks) this.giveUp(this.blocks.shift());
    this.woken();
  }

  private giveUp(block: Block | undefined): void {
    if (block !== undefined) this.lost += block.lost + totalOf(block.value);
  }

  private somethingNew(deadline: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(deadline - this.clock.now(), 0));
      this.woken = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** One sentence out of what dtrace said last. */
function reasonOf(complaints: string): string {
  const line = complaints.split('\n').at(-1) ?? '';
  return line === '' ? 'dtrace ended without a word' : line.slice(0, LIMITS.reasonLength);
}
