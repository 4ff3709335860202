/*
 * Why one instrumentation loses events on this node, in words. In: the losses, as they occur. Out: a sentence with counts,
 * at once when losses begin, then once a minute, until a minute passes without a loss.
 */
import { LOSS_REASONS, type Losses, type LossReason } from '../sources/loss';

const WINDOW_S = 60;

export class LossReport {
  private readonly lost = new Map<LossReason, number>();
  /** First second of the current count. */
  private since: number | undefined;
  private said: string | undefined;

  add(losses: Losses): void {
    for (const [reason, events] of Object.entries(losses) as [LossReason, number][]) {
      if (events > 0) this.lost.set(reason, (this.lost.get(reason) ?? 0) + events);
    }
  }

  /** As of a second; seconds only increase. */
  sentence(second: number): string | undefined {
    if (this.since === undefined) {
      if (this.lost.size === 0) return undefined;
      this.since = second;
      this.said = `events are lost: ${this.text()}`;
    } else if (second - this.since >= WINDOW_S) {
      const any = this.lost.size > 0;
      this.said = any ? `within ${second - this.since} s events were lost: ${this.text()}` : undefined;
      this.since = any ? second : undefined;
      this.lost.clear();
    }
    return this.said;
  }

  /** "350, because …; 2, because …": the largest count first. */
  private text(): string {
    return [...this.lost]
      .sort(([, a], [, b]) => b - a)
      .map(([reason, events]) => `${Math.ceil(events)}, because ${LOSS_REASONS[reason]}`)
      .join('; ');
  }
}
