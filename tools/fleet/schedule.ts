/*
 * When each node of the fleet sends: at the end of each second of its own clock, plus a jitter. In: nodes with skewed
 * clocks. Out: report() at the right moment, and how late that was.
 */
import type { Clock } from '../../common/service/clock';
import { hash } from '../../services/instrumenter/sources/synthetic/random';
import type { SyntheticNode } from './node';

interface ScheduleOptions {
  readonly clock: Clock;
  readonly seed: number;
  readonly jitterMs: number;
}

/** Nodes that report in a row before the sockets get their turn. */
const SLICE = 50;
/** Seconds that are sent late after this process stood still, and seconds whose send times are kept. */
const CATCH_UP = 10;
const REMEMBERED = 300;
/** Reports sent later than this are named. */
const LATE_MS = 500;
const NAMED = 100;

/** When the reports of one second were sent. */
export interface Left {
  nodes: number;
  /** The longest delay, ms. */
  lateMs: number;
  /** Nodes whose report was sent late, ms; and nodes whose report the broker's connection did not accept. */
  readonly late: Record<string, number>;
  readonly refused: string[];
}

export class Schedule {
  /** The longest delay among the reports of the previous second. */
  lagMs = 0;
  private worst = 0;
  private readonly left = new Map<number, Left>();
  private readonly options: ScheduleOptions;

  constructor(options: ScheduleOptions) {
    this.options = options;
  }

  /** `each` is called at every second of the real clock. Returns a function that stops it. */
  start(nodes: readonly SyntheticNode[], each: (second: number) => void): () => void {
    const { clock } = this.options;
    let stopped = false;
    let last = Math.floor(clock.now() / 1000);
    const stop = clock.everySecond((second) => {
      this.lagMs = this.worst;
      this.worst = 0;
      // Real nodes would not have stood still with this process: due reports are sent late.
      for (last = Math.max(last, second - CATCH_UP); last < second;) {
        last++;
        each(last);
        void this.second(nodes, last, () => stopped);
      }
    });
    return () => {
      stopped = true;
      stop();
    };
  }

  /** When the reports were sent that cover the second before this one; undefined: too long ago, or not yet. */
  of(second: number): Left | undefined {
    return this.left.get(second);
  }

  private note(node: SyntheticNode, ended: number, lateMs: number, refused: boolean): void {
    const left = this.left.get(ended) ?? { nodes: 0, lateMs: 0, late: {}, refused: [] };
    this.left.set(ended, left);
    left.nodes++;
    left.lateMs = Math.max(left.lateMs, lateMs);
    if (lateMs > LATE_MS && Object.keys(left.late).length < NAMED) left.late[node.name] = lateMs;
    if (refused && left.refused.length < NAMED) left.refused.push(node.name);
    for (const oldest of this.left.keys()) {
      if (this.left.size <= REMEMBERED) break;
      this.left.delete(oldest);
    }
  }

  /** The real second `second` begins: during it each node's own second ends once. */
  private async second(
    nodes: readonly SyntheticNode[],
    second: number,
    stopped: () => boolean,
  ): Promise<void> {
    const { clock, seed, jitterMs } = this.options;
    const base = second * 1000;
    const plan = nodes
      .map((node) => {
        const boundary = (((-node.skewMs % 1000) + 1000) % 1000) + base;
        const jitter = jitterMs === 0 ? 0 : hash(seed, node.name, second, 'jitter') % (jitterMs + 1);
        return { node, ended: Math.floor((boundary + node.skewMs) / 1000) - 1, at: boundary + jitter };
      })
      .sort((a, b) => a.at - b.at);
    for (let i = 0; i < plan.length && !stopped();) {
      const wait = (plan[i]?.at ?? 0) - clock.now();
      await new Promise((resolve) => (wait > 0 ? setTimeout(resolve, wait) : setImmediate(resolve)));
      for (let n = 0; n < SLICE && i < plan.length; n++, i++) {
        const next = plan[i];
        if (next === undefined || next.at > clock.now()) break;
        const lateMs = clock.now() - next.at;
        this.worst = Math.max(this.worst, lateMs);
        const { refused } = next.node.counts;
        next.node.report(next.ended);
        this.note(next.node, next.ended, lateMs, next.node.counts.refused > refused);
      }
    }
  }
}
