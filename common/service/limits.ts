/*
 * Bounds that several parts must agree on; every other bound is defined where it is used. Units are in the names.
 */

export const LIMITS = {
  /** Size of one control message on the wire, such as a catalogue or a status. */
  messageBytes: 4 * 1024 * 1024,
  /** Size of one data message: all values of a node for a second. Senders split larger ones. */
  dataMessageBytes: 4 * 1024 * 1024,
  /** Length of a line that an operator writes to a service's log. */
  logTextLength: 1000,
  /** Length of the reason why a node does not gather an instrumentation. */
  reasonLength: 1024,

  /** Length of one key (a process name, a path); sources truncate longer ones. */
  keyBytes: 128,
  /** A predicate: nodes of its tree, nesting depth, and length of one text. */
  predicateNodes: 256,
  predicateDepth: 16,
  predicateStringBytes: 128,

  /** Points kept by one instrumentation: the retention time is at most this × granularity. */
  retentionPoints: 3600,
  granularitySecondsMax: 86_400,
  idleSecondsMax: 604_800,
  instrumentationsPerAggregator: 1000,
  /** Aggregators that have the same values. */
  replicas: 2,
  nodesPerInstrumentation: 100_000,

  /** One value request: its longest interval, its points, and its longest wait for nodes. */
  valueSecondsMax: 3600,
  valuePointsMax: 3600,
  valueWaitMsMax: 5000,

  imagePixelsMin: 10,
  imagePixelsMax: 2000,
  imageBuckets: 200,
  imageHues: 64,

  /** Nodes named in one answer: default and maximum. */
  nodesShown: 100,
  nodesShownMax: 1000,

  /** Interval of keep-alives. */
  aliveEveryMs: 5000,
  /** Nodes keep values this long, sent or not, so that aggregators can request them again. */
  outboxSeconds: 60,
  /** Nodes measure the cost of instrumentations during one of this many seconds. */
  costEverySeconds: 10,
  /** Standings per second that a whole fleet sends to the config service, when all nodes have news. */
  standingsPerSecond: 5000,
  /** How long an aggregator still counts reports of a node that the config service dropped. */
  formerNodeMs: 600_000,
  /** How long a service or tool waits for another's answer. */
  toolAnswerMs: 3000,
} as const;
