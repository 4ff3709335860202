/*
 * Names that two members claim. In: what those say that found theirs taken, and ended. Out: a short list for status: who
 * supervises them starts them again, so that one that is still there is heard of again.
 */
import type { RivalRow } from '../../../common/api/status';
import type { Clock } from '../../../common/service/clock';

/** They are started again with growing pauses, and wait for the name for 20 s each time. */
const FORGOTTEN_MS = 5 * 60_000;
/** Anybody with a member's password may say such things: so many are remembered. */
const REMEMBERED = 100;

export class Rivals {
  private readonly heard = new Map<string, { row: RivalRow; at: number }>();
  private readonly clock: Pick<Clock, 'now'>;

  constructor(clock: Pick<Clock, 'now'>) {
    this.clock = clock;
  }

  note(key: string, host: string, machine: string): void {
    const id = JSON.stringify([key, machine]);
    const times = (this.heard.get(id)?.row.times ?? 0) + 1;
    if (times === 1 && this.heard.size >= REMEMBERED) return;
    this.heard.set(id, { row: { key, host, machine, times }, at: this.clock.now() });
  }

  get all(): readonly RivalRow[] {
    const now = this.clock.now();
    for (const [id, { at }] of this.heard) if (now - at > FORGOTTEN_MS) this.heard.delete(id);
    return [...this.heard.values()].map(({ row }) => row);
  }
}
