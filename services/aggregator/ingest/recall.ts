/*
 * Requests missing values again. In: once a second, our instrumentations and the nodes that reported.
 * Out: `resend` messages to nodes, which keep sent values for a minute (services/instrumenter/gather/resend-buffer.ts).
 *
 * When a broker dies, a queue is deleted, a connection drops everything, or an aggregator takes over from a dead one,
 * some values have left their node and are lost. Only the receiver can know which. Duplicates count once
 * (presence.ts), so an unneeded request costs only the message.
 */
import { Backoff } from '../../../common/service/backoff';
import { Limiter } from '../../../common/service/limiter';
import type { Clock } from '../../../common/service/clock';
import { messageOf } from '../../../common/service/errors';
import { LIMITS } from '../../../common/service/limits';
import type { Log } from '../../../common/service/log';
import type { ResendItems } from '../../../common/wire/message';
import type { Owned } from '../owned';
import type { Clocks } from './clocks';

/** Missing values are requested this long after the end of their period. */
const AFTER_MS = 4000;
/** Greatest number of reports in one request. */
const REPORTS = 2000;
/** Greatest number of nodes asked at a time. */
const IN_FLIGHT = 16;
/** Greatest number of requests for one report. */
export const ATTEMPTS = 5;
const RETRY_MS_MAX = 8000;

export interface RecallOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Resolves after the node has sent what it has, with what it does not have. */
  readonly ask: (node: string, items: ResendItems) => Promise<ResendItems>;
  /** Nodes name their values by the seconds of their own clocks. */
  readonly clocks: Pick<Clocks, 'toTheirs'>;
}

/** Entries by nodes' own seconds are kept this much longer, because their clocks may be behind. */
const CLOCK_SECONDS = 60;

const WAITS_MS = { first: 1000, most: RETRY_MS_MAX };

interface PendingCall {
  busy: boolean;
  readonly backoff: Backoff;
  retryAt: number;
}

/** Reports of one node, by instrumentation. */
type Wanted = Map<string, number[]>;

export class Recall {
  /** Reports requested; requests that were not answered. */
  readonly counts = { asked: 0, unanswered: 0 };
  private readonly calls = new Map<string, PendingCall>();
  /** Number of answered requests for a report: fqid → second → node → number. Infinity: the node does not have it. */
  private readonly tries = new Map<string, Map<number, Map<string, number>>>();
  private readonly limiter = new Limiter({ atATime: IN_FLIGHT });
  private readonly options: RecallOptions;

  constructor(options: RecallOptions) {
    this.options = options;
  }

  /** Once a second. */
  tick(owned: Iterable<readonly [string, Owned]>): void {
    const now = this.options.clock.now();
    const wanted = new Map<string, Wanted>();
    const known = new Set<string>();
    for (const [fqid, one] of owned) {
      known.add(fqid);
      this.look(fqid, one, now, wanted);
    }
    for (const fqid of this.tries.keys()) if (!known.has(fqid)) this.tries.delete(fqid);
    for (const [node, call] of this.calls) {
      if (!call.busy && !wanted.has(node)) this.calls.delete(node);
    }
    for (const [node, reports] of wanted) this.ask(node, reports, now);
  }

  private look(
    fqid: string,
    { dataset, instrumentation, expected }: Owned,
    now: number,
    wanted: Map<string, Wanted>,
  ): void {
    const { clocks } = this.options;
    const period = dataset.reportSeconds;
    const last = Math.floor((now - AFTER_MS) / 1000) - period;
    const kept = Math.floor(now / 1000) - Math.min(LIMITS.outboxSeconds, dataset.retentionTime);
    const first = Math.max(kept, Math.floor(instrumentation.crtime / 1000) + 1);
    const tries = this.tries.get(fqid);
    for (const second of tries?.keys() ?? []) if (second < first - CLOCK_SECONDS) tries?.delete(second);
    const asked = union(dataset.heardSince(first), expected.nodes);
    for (let second = Math.ceil(first / period) * period; second <= last; second += period) {
      for (const node of dataset.absent(second, asked)) {
        const theirs = clocks.toTheirs(node, second, period);
        if ((tries?.get(theirs)?.get(node) ?? 0) >= ATTEMPTS) continue;
        const reports = wanted.get(node) ?? new Map<string, number[]>();
        wanted.set(node, reports);
        const seconds = reports.get(fqid) ?? [];
        reports.set(fqid, seconds);
        seconds.push(theirs);
      }
    }
  }

  private ask(node: string, reports: Wanted, now: number): void {
    const call = this.calls.get(node) ?? { busy: false, backoff: new Backoff(WAITS_MS), retryAt: 0 };
    if (call.busy || now < call.retryAt || !this.limiter.tryEnter()) return;
    this.calls.set(node, call);
    const items: { fqid: string; seconds: number[] }[] = [];
    let room: number = REPORTS;
    for (const [fqid, seconds] of reports) {
      if (room <= 0) break;
      items.push({ fqid, seconds: seconds.slice(0, Math.min(room, LIMITS.outboxSeconds)) });
      room -= seconds.length;
    }
    call.busy = true;
    this.counts.asked += items.reduce((sum, { seconds }) => sum + seconds.length, 0);
    this.options
      .ask(node, items)
      .then(
        (unknown) => {
          call.backoff.succeeded();
          call.retryAt = now + 1000;
          this.answered(node, items, 1);
          this.answered(node, unknown, Infinity);
        },
        (error: unknown) => {
          this.counts.unanswered++;
          call.retryAt = now + call.backoff.failed();
          this.options.log.debug({ node, reason: messageOf(error) }, 'missing values were asked for in vain');
        },
      )
      .finally(() => {
        call.busy = false;
        this.limiter.leave();
      });
  }

  private answered(node: string, items: ResendItems, times: number): void {
    for (const { fqid, seconds } of items) {
      const bySecond = this.tries.get(fqid) ?? new Map<number, Map<string, number>>();
      this.tries.set(fqid, bySecond);
      for (const second of seconds) {
        const byNode = bySecond.get(second) ?? new Map<string, number>();
        bySecond.set(second, byNode);
        byNode.set(node, (byNode.get(node) ?? 0) + times);
      }
    }
  }
}

function union(recent: ReadonlySet<string>, named: readonly string[]): ReadonlySet<string> {
  const others = named.filter((node) => !recent.has(node));
  return others.length === 0 ? recent : new Set([...recent, ...others]);
}
