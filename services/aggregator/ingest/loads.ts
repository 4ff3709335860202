/*
 * What one instrumentation costs its nodes. In: each node's last reported load. Out: the loads of nodes that
 * still report, their sum, and the most loaded node.
 */
import type { Cost } from '../../../common/api/value';
import { LIMITS } from '../../../common/service/limits';
import type { Load } from '../../../common/model/load';

/** Nodes measure every 10 s; a node that missed three measurements has stopped. */
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

/** For the API. Undefined when no node has reported a load. */
export function describeLoads(loads: ReadonlyMap<string, Load>): Cost | undefined {
  const all = [...loads];
  const [first] = all;
  if (first === undefined) return undefined;
  const sum = (of: (load: Load) => number): number => all.reduce((total, [, load]) => total + of(load), 0);
  const runs = sum((load) => load.runsPerSecond);
  const nanoseconds = sum((load) => load.runsPerSecond * load.nanosecondsPerRun);
  const [node, worst] = all.reduce((a, b) => (b[1].percentOfCore > a[1].percentOfCore ? b : a), first);
  return {
    nodes: all.length,
    runs_per_second: runs,
    ns_per_run: runs === 0 ? 0 : nanoseconds / runs,
    percent_of_core: sum((load) => load.percentOfCore),
    memory_bytes: sum((load) => load.memoryBytes),
    worst: { node, percent_of_core: worst.percentOfCore },
  };
}
