/*
 * Aggregators that are drained before maintenance, by their own name or their host's. In: an operator's word. Out: whether
 * one is drained; kept on disk, so that a restart of this service uses none of them again.
 */
import type { FleetStore } from '../../state/fleet-store';
import type { Members } from '../members';

interface DrainsOptions {
  readonly store: FleetStore;
  readonly members: Pick<Members, 'aggregator'>;
  /** What is drained is others now. */
  readonly changed: () => void;
}

export class Drains {
  private readonly o: DrainsOptions;

  constructor(options: DrainsOptions) {
    this.o = options;
  }

  get names(): ReadonlySet<string> {
    return this.o.store.state.drained;
  }

  has({ instance }: { readonly instance: string }): boolean {
    const { names } = this;
    if (names.size === 0) return false;
    const host = this.o.members.aggregator(instance)?.host;
    return names.has(instance) || (host !== undefined && names.has(host));
  }

  /** Resolves when it is on disk. */
  async set(name: string, isDrained: boolean): Promise<void> {
    await this.o.store.change(({ drained }) => {
      if (isDrained) drained.add(name);
      else drained.delete(name);
    });
    this.o.changed();
  }
}
