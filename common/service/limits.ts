/*
 * Every limit on something that could grow, in one place. Units are in the names.
 * Nothing else in the project may hold a bound of its own.
 */

export const LIMITS = {
  /** Bodies of requests to any service. */
  httpBodyBytes: 64 * 1024,
  /** Shorter answers are not compressed: they fit into one packet anyway. */
  gzipBytesMin: 1400,
  /** Connections to one service. */
  httpConnections: 10_000,
  /** A request's headers, and all of it, must have come within this; looked after so often. */
  httpHeadersMs: 10_000,
  httpRequestMs: 30_000,
  httpCheckMs: 2000,
  /** A connection without a byte in either direction, longer than any answer is waited for; and a whole answer. */
  httpIdleMs: 90_000,
  httpAnswerMs: 300_000,
  /** A customer's values are closed for so long at least after its limits became narrower, until nodes follow. */
  narrowingMs: 2000,
  /** Of the system's table of sockets, to find the owner of one: about 100,000 of them. */
  socketTableBytes: 16 * 1024 * 1024,
  /** Requests still running when a service ends get this long. */
  httpDrainMs: 1500,
  /** One dump, how many are kept, and their bytes; what one state provider may tell, and how much of it an answer holds. */
  dumpBytes: 16 * 1024 * 1024,
  dumpsKept: 20,
  dumpsBytes: 64 * 1024 * 1024,
  dumpStateBytes: 1024 * 1024,
  dumpAnswerBytes: 1024 * 1024,
  dumpTextLength: 8192,
  dumpItems: 1000,
  dumpDepth: 12,
  /** Warnings and errors that a service remembers for a dump, and bytes of each. */
  recentErrors: 50,
  recentErrorBytes: 4096,
  /** A service told to abort answers within this, or ends without. */
  abortAnswerMs: 1000,
  /** A line that an operator leaves in a service's log. */
  logTextLength: 1000,
  /** One control message on the wire (hello messages carry a node's whole catalogue). */
  messageBytes: 4 * 1024 * 1024,
  /** Of these at most so much in the config service's status, which must fit into one message; the rest is counted. */
  statusNodesBytes: 2048 * 1024,
  statusInstrumentationsBytes: 1664 * 1024,
  /** Nodes in trouble, of one instrumentation. */
  statusTroubledNodesBytes: 16 * 1024,
  /** Members whose own status one request for all of them asks for, and how long they may take. */
  statusMembersAsked: 200,
  statusMembersSecondsMax: 60,
  /** One data message: all values of a node for a second. Senders split before this. */
  dataMessageBytes: 4 * 1024 * 1024,
  /** Reports of one data message, each of which may add a routing key to its header (one frame of 128 KiB). */
  reportsPerMessage: 200,
  /** A node's, an instrumentation's or a key's name in a data message. */
  wireTextBytes: 1024,

  /** Text of one key (a process name, a path): longer ones are cut by the source. */
  keyBytes: 128,
  /** Distinct keys that one instrumentation may send from one node for one second. */
  keysPerSecond: 1000,
  /** Entries of one kernel map: key × bucket pairs of one instrumentation in one second. */
  kernelMapEntries: 16_384,
  /** Calls in flight (start times waiting for their end) that one kernel program remembers. */
  kernelInFlight: 16_384,
  /** What instrumentations cost is counted for one second in so many. */
  costEverySeconds: 10,
  /** Above their budget for so many seconds in a row, they lose the most expensive instrumentation … */
  costBudgetSeconds: 30,
  /** … and above so many times the budget, after these. */
  costFarTimes: 4,
  costFarSeconds: 3,
  /** When one is gone, the rest is measured for so many seconds before it counts as still too much. */
  costAfterSeconds: 2,
  /** One file with probes of its own (a program, a library): its tables, strings, notes, probes, their arguments. */
  /** Functions of one file (or the kernel) that addresses are looked up in, and memory for all such tables. */
  functionsPerFile: 400_000,
  functionBytes: 16 * 1024 * 1024,
  /** A file's table of symbols, or of their names; and files that are read for one second, the rest later. */
  functionTableBytes: 16 * 1024 * 1024,
  functionFilesPerSecond: 4,
  /** Bytes of a function's name. */
  functionNameBytes: 200,
  elfTableRows: 4096,
  elfTableBytes: 32 * 1024 * 1024,
  elfNotesBytes: 1024 * 1024,
  usdtProbes: 4096,
  usdtArguments: 12,
  usdtTextBytes: 1024,
  /** Places in one such file at which one probe of the description may lie. */
  userSites: 32,
  /** Files that one instrumentation watches at a time, and files of one kind that are known. */
  userFiles: 64,
  /** Of these, files of one user other than root, and of all such users; what reading them takes, of one CPU and each user. */
  userFilesPerUser: 8,
  userFilesOfUsers: 48,
  userShareOfCpu: 0.02,
  /** Programs for one instrumentation: files whose arguments lie alike share one. */
  userPrograms: 256,
  /** Of these, for one file that a user other than root runs. */
  userProgramsPerFile: 4,
  /** Processes that a scan for such files looks at, how many before others have their turn, and how often. */
  scanProcesses: 20_000,
  scanSlice: 32,
  scanEveryMs: 5000,
  /** It is so much rarer while nothing of user programs is asked for. */
  scanIdleTurns: 6,
  /** Of the list of a process's mapped files. */
  processMapsBytes: 1024 * 1024,
  /** All that is read of one file with probes or symbols, and how long that may take. */
  elfFileBytes: 64 * 1024 * 1024,
  elfFileMs: 2000,
  /** Searching one such file of a user's for all that is wanted of it, in CPU time. */
  elfSearchMs: 250,
  /** Attaching in one place of one file. */
  userAttachMs: 5000,
  /** Threads for reads that a stranger may hold up (blocking-io-pool.ts, of which there are two), those that users may hold, and all. */
  blockingReads: 6,
  blockingReadsOfUsers: 3,
  threads: 16,
  /** One file of /proc that a stranger may hold up; all that is looked up for one second. */
  procFileMs: 500,
  processArgumentsBytes: 128 * 1024,
  /** Processes that are looked up for one second. */
  commandsPerSecond: 2000,
  namesMs: 250,
  /** Cgroups of a node whose names are remembered. */
  cgroups: 65_536,
  /** Of one zone, or of one folder outside of zones. */
  cgroupsOfZone: 4096,
  /** New cgroups that the kernel remembers until they are asked for, and verdicts of one filter by zone that it holds. */
  cgroupBirths: 1024,
  zoneVerdicts: 4096,
  /** Instructions of one kernel program: jumps reach 32,767. */
  kernelInstructions: 30_000,

  /** Nodes of a predicate tree, and how deep it may nest. */
  predicateNodes: 256,
  predicateDepth: 16,
  /** On the way to a node it may be larger by a customer's restriction: its zones, in an `or` within an `and`. */
  restrictionNodes: 102,
  restrictionDepth: 2,
  /** A string constant of a predicate. */
  predicateStringBytes: 128,

  retentionSecondsMin: 10,
  retentionSecondsDefault: 600,
  /** Points kept by one instrumentation; the retention time may reach this × granularity. */
  retentionPoints: 3600,
  granularitySecondsMax: 86_400,
  idleSecondsDefault: 3600,
  idleSecondsMax: 604_800,

  instrumentationsPerAggregator: 1000,
  instrumentationsPerCustomer: 10,

  /** Distinct keys kept for one slot, and for all slots of one instrumentation; the smallest go into "(other)". */
  keysPerSlot: 1000,
  keysPerInstrumentation: 50_000,
  /** Memory of one instrumentation's values; beyond it the oldest seconds are given up, and counted. */
  datasetBytes: 96 * 1024 * 1024,
  /** A slot that still takes values may use this much; beyond it its smallest keys go into "(other)". */
  openSlotBytes: 4 * 1024 * 1024,
  /** Values on disk: of one instrumentation, one of its files, how long a file is written at least, and one record. */
  hindsightBytes: 128 * 1024 * 1024,
  hindsightFileBytes: 8 * 1024 * 1024,
  hindsightFileMs: 30_000,
  hindsightRecordBytes: 256 * 1024 * 1024,
  /** Journals of all processes of a host; of one process before its values must go to their own files, and how soon they do. */
  hindsightJournalsBytes: 512 * 1024 * 1024,
  hindsightJournalBytes: 32 * 1024 * 1024,
  hindsightRoundMs: 30_000,
  /** What was read of journals is kept for so long, in case more instrumentations are loaded. */
  hindsightContentsMs: 2000,
  /** Nodes that one instrumentation remembers. */
  nodesPerInstrumentation: 100_000,
  /** A report that comes this long after the end of its second counts as late (it is used all the same). */
  lateMs: 2000,
  /** Nodes are asked for the time so often, so many at once; those not heard of for so long are forgotten. */
  clockAskEveryMs: 60_000,
  clocksAskedInFlight: 32,
  clockForgottenMs: 600_000,
  /** How far ahead of the aggregator's clock a value may be before it is dropped and counted. */
  futureSecondsMax: 10,
  /** Longest interval and largest number of points of one value request. */
  valueSecondsMax: 3600,
  valuePointsMax: 3600,
  valueWaitMsMax: 5000,
  /** Counts of one value, bytes of one answer, and of all that are made and not yet with their clients. */
  valueCounts: 2_000_000,
  answerBytes: 96 * 1024 * 1024,
  answersHeldBytes: 256 * 1024 * 1024,
  /** Pictures that one request may ask for. */
  valueImagesMax: 60,
  /** Requests that may wait for data of one instrumentation. */
  waitingRequests: 1000,

  imagePixelsMin: 10,
  imagePixelsMax: 2000,
  imageBuckets: 200,
  imageHues: 64,
  /** Transformations that one request may name. */
  transformationsAsked: 16,
  /** What a request waits for transformations. Reverse DNS: answers kept, lookups at a time, what one may take. */
  explainWaitMs: 200,
  dnsAnswers: 20_000,
  dnsLookups: 64,
  dnsTimeoutMs: 2000,

  /** Percentile lines over one picture. */
  imageLines: 8,
  /** Columns × rows × layers of one picture: 8 bytes each. */
  imageCells: 2_000_000,
  /** Large pictures that wait for the rendering thread, their counts (up to 16 MB each), and bytes of pictures kept for whoever asks the same. */
  picturesWaiting: 32,
  picturesWaitingBytes: 64 * 1024 * 1024,
  picturesKeptBytes: 4 * 1024 * 1024,

  /** How often a member says that it is there. */
  aliveEveryMs: 5000,
  /** An instrumenter told to end has this long to take its probes away. */
  instrumenterEndMs: 2000,
  /** Values kept by a node while the broker is away: how long, and how many reports. */
  outboxSeconds: 60,
  outboxReports: 12_000,
  /** Readings of a probe that may fail in a row before it counts as failed. */
  probeFailures: 5,
  /** Characters of a reason, and of the last words of a verifier or tracer, that go to the config service. */
  reasonLength: 1024,
  probeLogLength: 8192,

  /** Waits for another service's answer. */
  enableAggregationMs: 5000,
  toolAnswerMs: 3000,

  /** amqpsnoop: copies that wait at the broker, keys it binds to, and how often it asks for new ones. */
  snoopQueueMessages: 2000,
  snoopQueueBytes: 32 * 1024 * 1024,
  snoopKeys: 20_000,
  snoopRefreshMs: 30_000,

  /** A member that was not heard of for this long is asked; gone is who has no queue any more. */
  aggregatorSilentMs: 3000,
  instrumenterSilentMs: 9000,
  /**
   * One that has a queue and is silent for this long is gone all the same. A dead connection is noticed long before, and
   * an aggregator that is given up too early loses what it holds.
   */
  aggregatorGoneMs: 30_000,
  instrumenterGoneMs: 30_000,
  memberPingMs: 2000,
  /** After the broker was away, members get this long to come back before their silence counts. */
  reconnectGraceMs: 4000,

  /** Each service sends itself a message so often … */
  selfPingEveryMs: 1000,
  /** … is unhealthy when none has come back for this long, and makes a new connection after this long. */
  selfPingLateMs: 5000,
  selfPingReconnectMs: 15_000,
  /** A name on the bus that is held by a dead connection is waited for; the broker frees it after about 9 s. */
  nameHeldMs: 45_000,

  /** Values that were sent are kept so many bytes, and LIMITS.outboxSeconds, in case they did not arrive. */
  keptBytes: 16 * 1024 * 1024,
  /** A period is over this long before values that have not come are asked for again. */
  recallAfterMs: 4000,
  /** Reports asked of one node at a time, nodes asked at a time, and how often for the same report. */
  recallReports: 2000,
  recallsInFlight: 16,
  recallAttempts: 5,
  recallAnswerMs: 5000,
  recallRetryMsMax: 8000,
  /** Standings that a whole fleet tells the config service in a second, when all nodes have news. */
  standingsPerSecond: 5000,
  /** Catalogues and lists of exceptions that the config service knows and asks for at a time. */
  contentsKept: 20_000,
  contentsBytes: 64 * 1024 * 1024,
  contentsAsked: 32,
  contentAnswerMs: 5000,
  /** Silent members that are asked at a time: once a second they are looked through, and a fleet may leave at once. */
  membersAsked: 2048,
  /** How long an aggregator counts reports of a node that the config service has given up. */
  formerNodeMs: 600_000,
  /** Failed calls to members are tried again after this, doubled each time. */
  retryMsMin: 1000,
  retryMsMax: 30_000,
  /** After its first connection the config service gives stored homes and nodes this long to say hello. */
  settleMs: 3000,
  settleMsMax: 60_000,
  /** Nodes that one answer names, unless asked for more, and at most. */
  nodesShown: 100,
  nodesShownMax: 1000,

  /**
   * Requests forwarded to one aggregator at a time; those that may wait for one of these connections, and how long. Of both one
   * question alone gets a third.
   */
  proxyConnections: 768,
  proxyWaiting: 192,
  proxyWaitMs: 3000,
  /** An aggregator must begin to answer within this: the longest wait for data, and time to draw. */
  proxyAnswerMs: 15_000,
  /** One that has not answered for so long is asked whether it is alive; that it must say within twice the time. */
  proxyDoubtMs: 1000,
  /** One that is not is asked again after this, doubled each time. */
  proxyProbeMs: 500,
  proxyProbeMsMax: 5000,
  /** Aggregators whose connections are kept; the one that was idle longest is let go. */
  proxyUpstreams: 1000,

  /** Wrong tokens that one address may try in a minute, and addresses that are remembered for it. */
  tokenFailuresPerMinute: 10,
  tokenFailureAddresses: 10_000,
  /** Zones that a customer may own: each is one comparison in the kernel. */
  zonesPerCustomer: 100,

  /** One dtrace child: memory of one of its aggregations on one CPU, and the longest line it may print. */
  dtraceAggregationBytes: 8 * 1024 * 1024,
  dtraceLineBytes: 64 * 1024,
  /** Lines of its standard error that are kept for people. */
  dtraceComplaintLines: 40,
  /** Compiling and attaching takes 1 s of CPU on Linux, and longer on older kernels: 45 s have been seen. */
  dtraceEnableMs: 120_000,
  /** To say its version, on a machine that is very busy. */
  dtraceVersionMs: 30_000,
  /** Its list of all probes: 2 s of CPU and 350 KB for 4,000 probes on Linux; illumos has 80,000. */
  dtraceListMs: 60_000,
  dtraceListBytes: 256 * 1024 * 1024,
  /** A second's block is waited for this long after its end; blocks that nobody reads are kept up to this many. */
  dtraceReadMs: 900,
  dtraceBlocks: 10,
  /** When the wall clock was set by more than this, a child is started anew: it keeps the clock that it began with. */
  dtraceClockMs: 100,
  /** Between SIGTERM and SIGKILL, and how often it is looked whether its probes are gone. */
  dtraceEndMs: 10_000,
  dtraceDetachPollMs: 50,
} as const;
