/*
 * Who speaks another version of the protocol, or sends values in another form: they cannot take part, and must be seen. In:
 * what such members say of themselves. Out: a short list for status, of those heard of lately.
 */
import type { OtherVersionRow } from '../../../common/api/status';
import type { Clock } from '../../../common/service/clock';

/** Members say that they are there each 5 s. */
const FORGOTTEN_MS = 30_000;
/** Anybody may say such things: so many are remembered. */
const REMEMBERED = 1000;
const TEXT = 255;

export class OtherVersions {
  private readonly heard = new Map<string, OtherVersionRow & { readonly at: number }>();
  private readonly clock: Pick<Clock, 'now'>;

  constructor(clock: Pick<Clock, 'now'>) {
    this.clock = clock;
  }

  /** True: it was not known before. */
  note(other: OtherVersionRow): boolean {
    const key = other.key.slice(0, TEXT);
    const known = this.heard.has(key);
    if (!known && this.heard.size >= REMEMBERED) return false;
    this.heard.set(key, { ...other, key, host: other.host.slice(0, TEXT), at: this.clock.now() });
    return !known;
  }

  forget(key: string): void {
    this.heard.delete(key);
  }

  get all(): readonly OtherVersionRow[] {
    const now = this.clock.now();
    for (const [key, { at }] of this.heard) if (now - at > FORGOTTEN_MS) this.heard.delete(key);
    return [...this.heard.values()].map(({ key, host, what, version }) => ({ key, host, what, version }));
  }
}
