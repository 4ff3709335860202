/*
 * What an instrumentation costs the nodes that gather it. One node's load, measured for a second
 * now and then by the kernel's own statistics.
 */

export interface Load {
  /** Runs of BPF programs: an event with a start and an end counts as two. */
  readonly runsPerSecond: number;
  readonly nanosecondsPerRun: number;
  /** CPU time in percent of one CPU. */
  readonly percentOfCore: number;
  /** Kernel memory of maps and programs. */
  readonly memoryBytes: number;
}
