/*
 * When values of an instrumentation were asked for last. In: uses. Out: how long it is kept without another, and which have
 * been idle for too long. Uses are not stored: after a restart each has its whole time again.
 */
import { fqid, type Instrumentation } from '../../common/model/instrumentation';
import type { Clock } from '../../common/service/clock';

export class Uses {
  private readonly last = new Map<string, number>();
  private readonly clock: Pick<Clock, 'now'>;

  constructor(clock: Pick<Clock, 'now'>) {
    this.clock = clock;
  }

  note(id: string): void {
    this.last.set(id, this.clock.now());
  }

  forget(id: string): void {
    this.last.delete(id);
  }

  /** Until it is deleted because nobody asks for its values; undefined: never. */
  secondsLeft(i: Instrumentation): number | undefined {
    if (i.idleMax === 0) return undefined;
    const now = this.clock.now();
    const used = this.last.get(fqid(i)) ?? now;
    return Math.max(0, Math.ceil(i.idleMax - (now - used) / 1000));
  }

  /** Those that nobody has used for too long; each is named again only after as long again. */
  *expired<T extends { readonly instrumentation: Instrumentation }>(records: Iterable<T>): Iterable<T> {
    const now = this.clock.now();
    for (const record of records) {
      const { instrumentation } = record;
      const id = fqid(instrumentation);
      const used = this.last.get(id) ?? now;
      this.last.set(id, used);
      if (instrumentation.idleMax === 0 || now - used <= instrumentation.idleMax * 1000) continue;
      this.last.set(id, now);
      yield record;
    }
  }
}
