/*
 * What an instrumentation costs the nodes that gather it. One node's load, measured for a second
 * now and then by the kernel's own statistics.
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
