/*
 * Clock skew of nodes. In: send times in nodes' messages, and answers to time requests.
 * Out: for each node, the number of whole seconds to add to its seconds to get ours.
 *
 * An answer gives the offset to within its round-trip time; a one-way message may merely be late. So a node is asked when
 * it is first heard of, once a minute, and when its messages contradict the estimate: sent later than it allows (the
 * clock is ahead), or before the previous message (the clock went back). A constant offset is corrected; a jump is
 * reported, and corrected when two answers agree. Values that jump onto seconds which the node has already reported
 * are not added, but counted as lost in that second.
 */
import { Limiter } from '../../../common/service/limiter';
import type { Clock } from '../../../common/service/clock';
import { messageOf } from '../../../common/service/errors';
import { LIMITS } from '../../../common/service/limits';
import type { Log } from '../../../common/service/log';

/** Interval of time requests to one node. */
export const ASK_EVERY_MS = 60_000;
/** Greatest number of time requests in flight. */
const IN_FLIGHT = 32;
/** Nodes not heard of for this long are forgotten. */
const FORGOTTEN_MS = 600_000;

export interface ClocksOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Reads a node's clock, ms. */
  readonly time: (node: string) => Promise<number>;
}

/** What is known of one node's clock, for people. */
interface NodeClock {
  readonly node: string;
  /** Node's clock minus ours, ms; undefined: not known yet. */
  readonly offsetMs: number | undefined;
  /** Number added to its seconds. */
  readonly shiftSeconds: number;
  readonly jumps: number;
}

interface Known {
  offsetMs: number | undefined;
  /** Half of the round-trip time. */
  errorMs: number;
  shift: number;
  /** An offset that would change the shift, and must be confirmed. */
  doubted: number | undefined;
  lastSent: number;
  heardAt: number;
  askAt: number;
  asking: boolean;
  jumps: number;
  jumpedAt: number;
}

/** Smaller offsets are not corrected: reports take that long anyway. */
const WORTH_MS = 750;
/** Two answers, or an answer and a message, that differ by more contradict each other. */
const AGREE_MS = 400;
/** Answers with a longer round trip are too inaccurate. */
const ANSWER_MS = 1000;
const AGAIN_MS = 2000;

export class Clocks {
  private readonly nodes = new Map<string, Known>();
  /** Nodes whose seconds are shifted or have jumped: few, and read for each value. */
  private readonly odd = new Set<string>();
  private readonly limiter = new Limiter({ atATime: IN_FLIGHT });
  private readonly options: ClocksOptions;

  constructor(options: ClocksOptions) {
    this.options = options;
  }

  /** Asks new nodes before their first values come. */
  expect(nodes: readonly string[]): void {
    for (const node of nodes) this.known(node);
    this.tick();
  }

  /** Notes the send time of a message. */
  heard(node: string, sent: number): void {
    const known = this.known(node);
    const now = this.options.clock.now();
    known.heardAt = now;
    const ahead = known.offsetMs !== undefined && sent - now > known.offsetMs + known.errorMs + AGREE_MS;
    const back = sent < known.lastSent - AGREE_MS;
    known.lastSent = sent;
    if (ahead || back) known.askAt = Math.min(known.askAt, now);
  }

  /** The node's second on our clock; periods of several seconds stay on the grid. */
  toOurs(node: string, second: number, duration: number): number {
    return shifted(second, this.nodes.get(node)?.shift ?? 0, duration);
  }

  /** The inverse of toOurs. */
  toTheirs(node: string, second: number, duration: number): number {
    return shifted(second, -(this.nodes.get(node)?.shift ?? 0), duration);
  }

  /** True if the same second may come twice, for different moments. */
  jumpedLately(node: string): boolean {
    const known = this.nodes.get(node);
    return known !== undefined && this.options.clock.now() - known.jumpedAt < LIMITS.outboxSeconds * 1000;
  }

  /** Nodes that are shifted, or have jumped. */
  get off(): NodeClock[] {
    return [...this.odd].flatMap((node) => this.of(node) ?? []);
  }

  private of(node: string): NodeClock | undefined {
    const known = this.nodes.get(node);
    if (known === undefined) return undefined;
    return { node, offsetMs: known.offsetMs, shiftSeconds: known.shift, jumps: known.jumps };
  }

  /** Once a second. */
  tick(): void {
    const now = this.options.clock.now();
    for (const [node, known] of this.nodes) {
      if (now - known.heardAt > FORGOTTEN_MS) {
        this.nodes.delete(node);
        this.odd.delete(node);
      } else if (!known.asking && now >= known.askAt && this.limiter.tryEnter()) {
        this.ask(node, known);
      }
    }
  }

  private known(node: string): Known {
    let known = this.nodes.get(node);
    if (known === undefined) {
      known = {
        offsetMs: undefined,
        errorMs: 0,
        shift: 0,
        doubted: undefined,
        lastSent: -Infinity,
        heardAt: this.options.clock.now(),
        askAt: 0,
        asking: false,
        jumps: 0,
        jumpedAt: -Infinity,
      };
      if (this.nodes.size < LIMITS.nodesPerInstrumentation) this.nodes.set(node, known);
    }
    return known;
  }

  private ask(node: string, known: Known): void {
    const { clock, log, time } = this.options;
    const from = clock.now();
    known.asking = true;
    time(node)
      .then(
        (theirs) => {
          const took = clock.now() - from;
          known.askAt = clock.now() + (took > ANSWER_MS ? AGAIN_MS : ASK_EVERY_MS);
          if (took <= ANSWER_MS) this.learn(node, known, theirs - from - took / 2, took / 2);
        },
        (error: unknown) => {
          known.askAt = clock.now() + AGAIN_MS;
          log.debug({ node, reason: messageOf(error) }, 'a node did not say what time it is');
        },
      )
      .finally(() => {
        known.asking = false;
        this.limiter.leave();
      });
  }

  private learn(node: string, known: Known, offsetMs: number, errorMs: number): void {
    const { clock, log } = this.options;
    const shift =
      Math.abs(offsetMs + 1000 * known.shift) < WORTH_MS ? known.shift : -Math.round(offsetMs / 1000) + 0;
    const first = known.offsetMs === undefined;
    if (shift !== known.shift && !first) {
      const agrees = known.doubted !== undefined && Math.abs(known.doubted - offsetMs) < AGREE_MS + errorMs;
      known.doubted = offsetMs;
      if (!agrees) {
        known.askAt = clock.now() + AGAIN_MS;
        return;
      }
      known.jumps++;
      known.jumpedAt = clock.now();
      log.warn({ node, fromMs: known.offsetMs, toMs: offsetMs }, 'the clock of a node has jumped');
    } else if (shift !== known.shift) {
      log.warn({ node, offsetMs, shift }, 'the clock of a node is off; its seconds are shifted');
    }
    known.doubted = undefined;
    known.offsetMs = Math.round(offsetMs);
    known.errorMs = errorMs;
    known.shift = shift;
    if (shift !== 0 || known.jumps > 0) this.odd.add(node);
    else this.odd.delete(node);
  }
}

function shifted(second: number, by: number, duration: number): number {
  return second + Math.round(by / duration) * duration;
}
