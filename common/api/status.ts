/*
 * Status of services: GET /ca/admin/status, and the answers to `status` on the bus. For operators and tools.
 * In: JSON of a service. Out: the same, typed, or an error: it may be of another version.
 */
import { checker, Type, type TSchema } from '../model/schema';
import { NODE_STATE, STATE_COUNTS } from './instrumentation';
import { Integer, oneOf, Text, type Shape } from './shape';

const MEMBERS_SECONDS_MAX = 60;

export const STATUS_QUERY = Type.Object({
  recurse: Type.Optional(Type.Boolean({ description: 'Also what each member says of itself.' })),
  timeout: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: MEMBERS_SECONDS_MAX,
      description: 'Seconds that members may take to answer; default 5.',
    }),
  ),
});

const Milliseconds = Type.Number();

/** State of the connection to the broker. */
const BUS = Type.Object({
  ok: Type.Boolean(),
  reason: Type.Optional(Text),
  selfPingMs: Type.Number({ description: 'Age of the newest message to itself that has come back.' }),
  sharedUser: Type.Boolean({ description: 'All services share one broker user: no sender can be proved.' }),
});

/** Messages since the process started. */
const MESSAGES = {
  received: Integer,
  sent: Integer,
  malformed: Type.Integer({ description: 'Messages that were not what they should be.' }),
  refused: Type.Integer({ description: 'Messages of senders that may not send them, or send too many.' }),
  unroutable: Integer,
};

const HTTP = { requests: Integer, pending: Integer, byStatus: Type.Record(Text, Integer) };

const MEMBER = {
  key: Text,
  host: Text,
  since: Milliseconds,
  silentMs: Milliseconds,
  status: Type.Optional(Type.Unknown({ description: 'With recurse: its own, or { error }.' })),
};
const AGGREGATOR_ROW = Type.Object({
  instance: Text,
  ...MEMBER,
  httpHost: Text,
  httpPort: Integer,
  instrumentations: Integer,
});
const NODE_ROW = Type.Object({
  ...MEMBER,
  version: Type.Optional(Text),
  metrics: Integer,
  sources: Type.Array(Text),
});
const INSTRUMENTATION_ROW = Type.Object({
  fqid: Text,
  metric: Text,
  decomposition: Type.Array(Text),
  predicate: Text,
  granularity: Integer,
  'retention-time': Integer,
  'persist-data': Type.Boolean(),
  enabled: Type.Boolean(),
  crtime: Milliseconds,
  aggregator: Type.Optional(Type.String({ description: 'The one that is asked first.' })),
  /** Absent: of an earlier version. */
  aggregators: Type.Optional(Type.Array(Text, { description: 'Those that have it, or are to have it.' })),
  replicas: Type.Optional(Type.Integer({ description: 'Number of aggregators that should have it.' })),
  trouble: Type.Optional(Text),
  state: STATE_COUNTS,
  nodes: Type.Array(NODE_STATE, { description: 'Those in trouble.' }),
});
export type InstrumentationStatus = Shape<typeof INSTRUMENTATION_ROW>;

export const STATUS = Type.Object({
  service: oneOf(['config']),
  host: Text,
  started: Milliseconds,
  uptime: Milliseconds,
  connected: Type.Boolean(),
  bus: BUS,
  online: Type.Object(
    { aggregators: Integer, instrumenters: Integer },
    { description: 'How many there are; the lists name the first of a large fleet.' },
  ),
  aggregators: Type.Array(AGGREGATOR_ROW),
  instrumenters: Type.Array(NODE_ROW),
  instrumentations: Type.Array(INSTRUMENTATION_ROW),
  unlisted: Type.Object(
    { instrumenters: Integer, instrumentations: Integer },
    { description: 'How many the lists have no room for.' },
  ),
  conflicts: Type.Array(Type.Object({ node: Text, nodes: Integer, problems: Type.Array(Text) }), {
    description: 'Nodes whose words disagree with others’.',
  }),
  otherVersions: Type.Array(
    Type.Object({ key: Text, host: Text, what: oneOf(['protocol', 'values']), version: Integer }),
    { description: 'Members that cannot take part until they, or this service, are updated.' },
  ),
  /** Absent: of an earlier version. */
  rivals: Type.Optional(
    Type.Array(Type.Object({ key: Text, host: Text, machine: Text, times: Integer }), {
      description: 'Members that ended because another has their name, and on which machine they were.',
    }),
  ),
  /** Absent: of an earlier version. */
  inventory: Type.Optional(
    Type.Object(
      {
        expected: Integer,
        silent: Integer,
        silentNodes: Type.Array(Text, { description: 'The first of them.' }),
        drained: Integer,
        revoked: Integer,
      },
      {
        description:
          'Nodes that there should be: those that joined and were not forgotten, and those that fell silent within a day.',
      },
    ),
  ),
  trouble: Type.Optional(Type.String({ description: 'Why what is asked for cannot be kept on disk.' })),
  protocol: Integer,
  upstreams: Type.Array(
    Type.Object({ address: Text, running: Integer, waiting: Integer, inRotation: Type.Boolean() }),
    { description: 'How busy the front door is with each aggregator, and whether that answers.' },
  ),
  counts: Type.Object({
    ...HTTP,
    forwarded: Integer,
    forwarding: Integer,
    forwardFailed: Integer,
    forwardRefused: Integer,
    messages: Type.Object(MESSAGES),
    rssBytes: Integer,
    heapBytes: Integer,
  }),
  unasked: Type.Optional(Type.Integer({ description: 'With recurse: members that were not asked.' })),
});
export type ConfigStatus = Shape<typeof STATUS>;
export type ConflictRow = ConfigStatus['conflicts'][number];
export type OtherVersionRow = ConfigStatus['otherVersions'][number];
export type RivalRow = NonNullable<ConfigStatus['rivals']>[number];

/** Number of reports by outcome. Late reports were added all the same; givenUp counts slots. */
const REPORTS = Type.Object({
  added: Integer,
  duplicate: Integer,
  future: Integer,
  tooOld: Integer,
  tooMany: Integer,
  malformed: Integer,
  late: Integer,
  lost: Type.Number({ description: 'Events.' }),
  givenUp: Integer,
});

const DATASET_ROW = Type.Object({
  module: Text,
  stat: Text,
  shape: oneOf(['number', 'keyed', 'distribution', 'keyed-distribution']),
  since: Type.Integer({ description: 'Second from which it is kept here.' }),
  nsources: Integer,
  newest: Integer,
  expected: Integer,
  reporting: Integer,
  missing: Type.Array(Text, { description: 'Some of the nodes that are.' }),
  slots: Integer,
  keys: Integer,
  bytes: Integer,
  waiting: Type.Integer({ description: 'Requests that wait for nodes.' }),
  counts: REPORTS,
});
export type DatasetStatus = Shape<typeof DATASET_ROW>;

const HINDSIGHT = Type.Object({
  instrumentations: Integer,
  ok: Type.Boolean(),
  reason: Type.Optional(Text),
  writes: Integer,
  failures: Integer,
  damagedBytes: Integer,
  foreignRecords: Integer,
  reloadedSlots: Integer,
  givenUp: Integer,
  filed: Integer,
  /** Absent: of an earlier version, or not known yet. */
  bytes: Type.Optional(Type.Integer({ description: 'Of all histories of this host, on disk.' })),
  bytesMax: Type.Optional(Type.Integer({ description: 'Beyond it the oldest is deleted (CA_HISTORY_MAX).' })),
});
export type HindsightStatus = Shape<typeof HINDSIGHT>;

/** Status of an aggregator's process, without its instrumentations. */
const AGGREGATOR_PROCESS = {
  service: oneOf(['aggregator']),
  instance: Text,
  started: Milliseconds,
  httpPort: Integer,
  pid: Integer,
  memory: Type.Object({
    rss: Integer,
    heapTotal: Integer,
    heapUsed: Integer,
    external: Integer,
    arrayBuffers: Integer,
  }),
  bus: BUS,
  peer: Type.Object(MESSAGES),
  http: Type.Object(HTTP),
};
const PROCESS = Type.Object(AGGREGATOR_PROCESS);
export type ProcessStatus = Shape<typeof PROCESS>;

const AGGREGATOR_STATUS = Type.Object({
  ...AGGREGATOR_PROCESS,
  counts: Type.Object({
    messages: Integer,
    reports: Integer,
    bytes: Integer,
    unknown: Integer,
    unnamed: Integer,
  }),
  recalled: Type.Object({ asked: Integer, unanswered: Integer }),
  nodes: Type.Object({ version: Type.Union([Text, Type.Null()]), count: Integer }),
  hindsight: Type.Optional(HINDSIGHT),
  instrumentations: Type.Record(Text, DATASET_ROW),
});
export type AggregatorStatus = Shape<typeof AGGREGATOR_STATUS>;

const ARRIVAL = Type.Object(
  {
    messages: Integer,
    lastMs: Type.Integer({ description: 'The last message: after the end of the second.' }),
    node: Type.String({ description: 'Its sender.' }),
    underWayMs: Type.Integer({ description: 'How long it was under way, by the sender’s clock.' }),
  },
  { description: 'When the reports of one second came.' },
);
export type Arrival = Shape<typeof ARRIVAL>;

/** Answer on the bus to `status` with a second. */
const SECOND_STATUS = Type.Object({
  owns: Type.Array(Text),
  arrival: Type.Optional(ARRIVAL),
  missing: Type.Record(Text, Type.Array(Text), {
    description: 'Nodes of which no report came, by instrumentation.',
  }),
});
export type SecondStatus = Shape<typeof SECOND_STATUS>;

const GATHERING_ROW = Type.Object({
  fqid: Text,
  state: oneOf(['enabling', 'enabled', 'failed', 'stopped']),
  source: Type.Optional(Text),
  reason: Type.Optional(Text),
  log: Type.Optional(Text),
  metric: Text,
  predicate: Text,
  decomposition: Type.Array(Text),
  granularity: Integer,
  reports: Integer,
  errors: Type.Integer({ description: 'Readings that failed.' }),
  late: Type.Integer({ description: 'Seconds at which the last reading was still under way.' }),
  uneven: Type.Integer({ description: 'Readings of more or less than whole seconds: not sent.' }),
  runsPerSecond: Type.Optional(Type.Number()),
  nanosecondsPerRun: Type.Optional(Type.Number()),
  percentOfCore: Type.Optional(Type.Number()),
  memoryBytes: Type.Optional(Type.Number()),
});
export type GatheringStatus = Shape<typeof GATHERING_ROW>;

const INSTRUMENTER_STATUS = Type.Object({
  service: oneOf(['instrumenter']),
  host: Text,
  started: Milliseconds,
  pid: Integer,
  memory: Type.Integer({ description: 'Bytes.' }),
  bus: BUS,
  sources: Type.Array(
    Type.Object({
      name: Text,
      metrics: Integer,
      unavailable: Type.Optional(Text),
      missing: Type.Optional(Type.Array(Type.Object({ metric: Text, reason: Text }))),
    }),
  ),
  instrumentations: Type.Array(GATHERING_ROW),
  clockSet: Type.Optional(
    Type.Object(
      { at: Milliseconds, byMs: Integer },
      { description: 'When the clock of the machine was set last, by its new time, and how far.' },
    ),
  ),
  counters: Type.Object({
    ticks: Integer,
    ticksMissed: Integer,
    enables: Integer,
    disables: Integer,
    clockSteps: Integer,
    reportsSent: Integer,
    reportsLost: Integer,
    reportsResent: Integer,
    reportsQueued: Integer,
    ...MESSAGES,
  }),
});
export type InstrumenterStatus = Shape<typeof INSTRUMENTER_STATUS>;

const SERVICES = { config: STATUS, aggregator: AGGREGATOR_STATUS, instrumenter: INSTRUMENTER_STATUS };

export interface Statuses {
  readonly config: ConfigStatus;
  readonly aggregator: AggregatorStatus;
  readonly instrumenter: InstrumenterStatus;
}
export type ServiceKind = keyof Statuses;

const CHECKS = new Map(
  Object.entries(SERVICES).map(([kind, schema]) => [kind, checker<TSchema>(schema, 'status')]),
);

/** Throws an INVALID error for anything else: a service of another version, or an untrusted sender. */
export function readStatus<K extends ServiceKind>(plain: unknown, kind: K): Statuses[K] {
  return CHECKS.get(kind)?.(plain) as Statuses[K];
}
