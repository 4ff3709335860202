/*
 * Nodes, grouped by their digests. In: nodes that come, change and go. Out: groups of nodes with equal digests: a
 * fleet of 10,000 equal nodes is one group, so that states are computed once for all.
 */
import type { NodeStanding } from '../../../common/wire/message';

export interface Group {
  readonly standing: NodeStanding;
  nodes: number;
}

export class Census {
  private readonly byDigests = new Map<string, Group>();

  get groups(): Iterable<Readonly<Group>> {
    return this.byDigests.values();
  }

  /** Number of groups. */
  get size(): number {
    return this.byDigests.size;
  }

  add(standing: NodeStanding): void {
    const key = keyOf(standing);
    const group = this.byDigests.get(key);
    if (group === undefined) this.byDigests.set(key, { standing, nodes: 1 });
    else group.nodes++;
  }

  remove(standing: NodeStanding): void {
    const key = keyOf(standing);
    const group = this.byDigests.get(key);
    if (group === undefined) return;
    group.nodes--;
    if (group.nodes === 0) this.byDigests.delete(key);
  }
}

function keyOf({ catalogue, gathers, exceptions }: NodeStanding): string {
  return `${catalogue} ${gathers} ${exceptions}`;
}
