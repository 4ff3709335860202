/*
 * What one instrumentation costs each of its nodes, as they last told. In: loads of nodes. Out: those of nodes that still
 * tell; how it stands in all is for common/model/load.ts.
 */
import { LIMITS } from '../../../common/service/limits';
import type { Load } from '../../../common/model/load';

/** Nodes measure every ten seconds; whoever missed three of them has stopped. */
const FORGET_MS = 3000 * LIMITS.costEverySeconds;

export class Loads {
  private readonly told = new Map<string, { readonly load: Load; readonly at: number }>();

  set(node: string, load: Load, nowMs: number): void {
    if (!this.told.has(node) && this.told.size >= LIMITS.nodesPerInstrumentation) return;
    this.told.set(node, { load, at: nowMs });
  }

  expire(nowMs: number): void {
    for (const [node, { at }] of this.told) if (nowMs - at > FORGET_MS) this.told.delete(node);
  }

  all(): ReadonlyMap<string, Load> {
    return new Map([...this.told].map(([node, { load }]) => [node, load]));
  }
}
