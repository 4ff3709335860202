/*
 * How far nodes' clocks are off ours. In: the moments at which nodes say they sent a message, and answers to questions for
 * the time. Out: for each node, by how many whole seconds its seconds are shifted to land in ours.
 *
 * An answer tells the offset to within the time that it took; a one-way message cannot be told from a late one. So a node
 * is asked when it is first heard of, now and then, and when its messages contradict what is known: sent later than the
 * estimate allows (its clock is ahead of it), or earlier than the message before (its clock went back). A clock that is
 * off steadily is corrected; one that jumps is told, and corrected when two answers agree. Values that jump onto seconds
 * which the node has reported already are not added, but counted as lost in that second.
 */
import { Limiter } from '../../../common/service/limiter';
import type { Clock } from '../../../common/service/clock';
import { messageOf } from '../../../common/service/errors';
import { LIMITS } from '../../../common/service/limits';
import type { Log } from '../../../common/service/log';

/** How often a node is asked for the time. */
export const ASK_EVERY_MS = 60_000;
/** Nodes that are asked at a time. */
const IN_FLIGHT = 32;
/** Nodes not heard of for this long are forgotten. */
const FORGOTTEN_MS = 600_000;

export interface ClocksOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Asks a node what time it is by its clock, ms. */
  readonly time: (node: string) => Promise<number>;
}

/** What is known of one node's clock, for people. */
interface NodeClock {
  readonly node: string;
  /** Node's clock minus ours, ms; undefined: not known yet. */
  readonly offsetMs: number | undefined;
  /** What is added to its seconds. */
  readonly shiftSeconds: number;
  readonly jumps: number;
}

interface Known {
  offsetMs: number | undefined;
  /** Half of the time that the answer took. */
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

/** An offset smaller than this is no reason to shift: reports take that long anyway. */
const WORTH_MS = 750;
/** Two answers, or an answer and a message, that differ by more contradict each other. */
const AGREE_MS = 400;
/** Answers that took longer say too little. */
const ANSWER_MS = 1000;
const AGAIN_MS = 2000;

export class Clocks {
  private readonly nodes = new Map<string, Known>();
  /** Those whose seconds are shifted or have jumped: few, and asked for with each value. */
  private readonly odd = new Set<string>();
  private readonly limiter = new Limiter({ atATime: IN_FLIGHT });
  private readonly options: ClocksOptions;

  constructor(options: ClocksOptions) {
    this.options = options;
  }

  /** To be asked before its first values come. */
  expect(nodes: readonly string[]): void {
    for (const node of nodes) this.known(node);
    this.tick();
  }

  /** A message has come. */
  heard(node: string, sent: number): void {
    const known = this.known(node);
    const now = this.options.clock.now();
    known.heardAt = now;
    const ahead = known.offsetMs !== undefined && sent - now > known.offsetMs + known.errorMs + AGREE_MS;
    const back = sent < known.lastSent - AGREE_MS;
    known.lastSent = sent;
    if (ahead || back) known.askAt = Math.min(known.askAt, now);
  }

  /** What is added to the node's seconds to get ours; a period of several keeps its place in ours. */
  toOurs(node: string, second: number, duration: number): number {
    return shifted(second, this.nodes.get(node)?.shift ?? 0, duration);
  }

  /** The other way round. */
  toTheirs(node: string, second: number, duration: number): number {
    return shifted(second, -(this.nodes.get(node)?.shift ?? 0), duration);
  }

  /** Its seconds may come twice now, for what were different moments. */
  jumpedLately(node: string): boolean {
    const known = this.nodes.get(node);
    return known !== undefined && this.options.clock.now() - known.jumpedAt < LIMITS.outboxSeconds * 1000;
  }

  /** Those that are shifted, or have jumped. */
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
