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

export class Schedule {
  /** How late the latest report of the second before left. */
  lagMs = 0;
  private worst = 0;
  private readonly options: ScheduleOptions;

  constructor(options: ScheduleOptions) {
    this.options = options;
  }

  /** `each` is called at every second of the true clock. Returns what stops it. */
  start(nodes: readonly SyntheticNode[], each: (second: number) => void): () => void {
    const { clock } = this.options;
    let stopped = false;
    const stop = clock.everySecond((second) => {
      this.lagMs = this.worst;
      this.worst = 0;
      each(second);
      void this.second(nodes, second, () => stopped);
    });
    return () => {
      stopped = true;
      stop();
    };
  }

  /** The true second `second` begins: during it each node's own second ends once. */
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
        this.worst = Math.max(this.worst, clock.now() - next.at);
        next.node.report(next.ended);
      }
    }
  }
}
