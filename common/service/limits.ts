/*
 * Bounds that several parts must agree on; every other bound stands where it is used, with its reason. Units are in the names.
 */

export const LIMITS = {
  /** One control message on the wire: a node's whole catalogue, a status. */
  messageBytes: 4 * 1024 * 1024,
  /** One data message: all values of a node for a second. Senders split before this. */
  dataMessageBytes: 4 * 1024 * 1024,
  /** A line that an operator leaves in a service's log. */
  logTextLength: 1000,
  /** Characters of the reason why a node does not gather something. */
  reasonLength: 1024,

  /** Text of one key (a process name, a path): sources cut longer ones. */
  keyBytes: 128,
  /** Nodes of a predicate tree, how deep it may nest, and a text in it. */
  predicateNodes: 256,
  predicateDepth: 16,
  predicateStringBytes: 128,

  /** Points kept by one instrumentation: the retention time may reach this × granularity. */
  retentionPoints: 3600,
  granularitySecondsMax: 86_400,
  idleSecondsMax: 604_800,
  instrumentationsPerAggregator: 1000,
  nodesPerInstrumentation: 100_000,

  /** One value request: its longest interval, its points, and how long it may wait for nodes. */
  valueSecondsMax: 3600,
  valuePointsMax: 3600,
  valueWaitMsMax: 5000,

  imagePixelsMin: 10,
  imagePixelsMax: 2000,
  imageBuckets: 200,
  imageHues: 64,

  /** Nodes that one answer names, unless asked for more, and at most. */
  nodesShown: 100,
  nodesShownMax: 1000,

  /** How often a member says that it is there. */
  aliveEveryMs: 5000,
  /** Nodes keep values this long, sent or not: an aggregator may ask for them again. */
  outboxSeconds: 60,
  /** Nodes measure for one second of this many what instrumentations cost. */
  costEverySeconds: 10,
  /** Standings that a whole fleet sends to the config service in a second, when all nodes have news. */
  standingsPerSecond: 5000,
  /** How long an aggregator counts reports of a node that the config service has given up. */
  formerNodeMs: 600_000,
  /** What one service or tool waits for another's answer. */
  toolAnswerMs: 3000,
} as const;
