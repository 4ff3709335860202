/*
 * What an instrumentation costs the nodes that gather it. In: one node's load, measured for a second now and then by
 * the kernel's own statistics. Out: the load of all, and of the node that pays most.
 */

export interface Load {
  /** Runs of programs in the kernel: an event with a beginning and an end makes two. */
  readonly runsPerSecond: number;
  readonly nanosecondsPerRun: number;
  /** Of one CPU. */
  readonly percentOfCore: number;
  /** Of the kernel's, for maps and programs. */
  readonly memoryBytes: number;
}

/** For the API. Undefined when nobody has told what it costs. */
export function describeLoads(loads: ReadonlyMap<string, Load>): Record<string, unknown> | undefined {
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
