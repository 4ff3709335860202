/*
 * Every control message on the wire: one union, one schema each, one version. In: untrusted bytes from the
 * broker. Out: a typed message, or an error that says what is wrong with it. Values are in data.ts.
 */
import { LIMITS } from '../service/limits';
import { CaError, invalid } from '../service/errors';
import { FQID } from '../model/instrumentation';
import { checker, Type, type Static, type TSchema } from '../model/schema';
import { Digest } from './digest';
import { Name, WireInstrumentation } from './wire-instrumentation';

export {
  PROBE_STATES,
  readCatalogue,
  readExceptions,
  type Exception,
  type ProbeState,
  type WireCatalogue,
  type WireOffer,
} from './contents';
export { fromWire, toWire, WireInstrumentation } from './wire-instrumentation';

/** Raised when a message's meaning changes; receivers drop other versions and log their senders. */
export const PROTOCOL_VERSION = 2;

export const CONTROL_CONTENT = 'application/json';

const Text = Type.String({ maxLength: 1024 });
const Fqid = Type.String({ pattern: FQID.source });

/** A node's state as digests: its catalogue, the document that it gathers by, its exceptions. */
const StandingSchema = Type.Object({ catalogue: Digest, gathers: Digest, exceptions: Digest });
export type NodeStanding = Static<typeof StandingSchema>;

const HostPatterns = Type.Array(Type.String({ pattern: '^[\\w.*-]{1,200}$' }), {
  minItems: 1,
  maxItems: 1000,
});

/** One instrumentation of the document of what is to be gathered, limited to what its customer may see. */
const GatherItemSchema = Type.Object({
  instrumentation: WireInstrumentation,
  /** Only nodes whose names match one of these; absent: all. */
  hosts: Type.Optional(HostPatterns),
});
export type GatherItem = Static<typeof GatherItemSchema>;

/** Nodes that should report: those with one of these catalogues and names, minus the exceptions. */
const ScopeSchema = Type.Object({
  catalogues: Type.Array(Digest, { maxItems: 100_000 }),
  hosts: Type.Optional(HostPatterns),
  except: Type.Array(Text, { maxItems: 100_000 }),
});
export type Scope = Static<typeof ScopeSchema>;

const Version = Type.String({ minLength: 1, maxLength: 64 });

/** Periods of instrumentations, by their first seconds. */
const ResendItems = Type.Array(
  Type.Object({
    fqid: Fqid,
    seconds: Type.Array(Type.Integer({ minimum: 0 }), { maxItems: LIMITS.outboxSeconds }),
  }),
  { maxItems: LIMITS.instrumentationsPerAggregator },
);
export type ResendItems = Static<typeof ResendItems>;

/** The member receives nothing from the config service: its queue is not bound. */
const Deaf = Type.Optional(Type.Boolean());
/** The version of values that a node sends (data.ts). */
const Data = Type.Optional(Type.Integer({ minimum: 0, maximum: 255 }));

const SCHEMAS = {
  /**
   * config → broadcast, at every connect, and to an unknown member: say hello. `fleet`: number of nodes
   * before; nodes of a large fleet spread their hellos.
   */
  config_online: Type.Object({ fleet: Type.Optional(Type.Integer({ minimum: 0 })) }),
  /** config → broadcast, every 2 s: a member that does not hear it is not bound, and says so. */
  beat: Type.Object({}),
  /** aggregator → config. */
  aggregator_online: Type.Object({
    instance: Text,
    httpHost: Text,
    httpPort: Type.Integer({ minimum: 1, maximum: 65_535 }),
    /** It speaks HTTPS. */
    tls: Type.Optional(Type.Boolean()),
    /** Its transformations: name -> label, and the fields whose keys it transforms. */
    transformations: Type.Optional(
      Type.Record(Name, Type.Object({ label: Text, fields: Type.Array(Name, { maxItems: 64 }) })),
    ),
    deaf: Deaf,
  }),
  /** config → aggregator, after its hello: answer only requests with the secret, and send the proof with each answer. */
  front_door: Type.Object({
    secret: Type.String({ minLength: 32, maxLength: 128 }),
    proof: Type.String({ pattern: '^[0-9a-f]{32,128}$' }),
  }),
  /** instrumenter → config. */
  instrumenter_online: Type.Object({
    standing: StandingSchema,
    version: Type.Optional(Type.String({ maxLength: 64 })),
    data: Data,
    deaf: Deaf,
  }),
  /** config → instrumenter: send the content of this digest. Answered with `content`, or with nothing. */
  content: Type.Object({ digest: Digest }),
  /**
   * member → config, periodically: keep-alive. Instrumenters send their standing, also at once when it changes;
   * aggregators send the version of their list of nodes.
   */
  alive: Type.Object({
    standing: Type.Optional(StandingSchema),
    nodes: Type.Optional(Version),
    data: Data,
    deaf: Deaf,
  }),
  /** member → config, at an orderly end. */
  offline: Type.Object({}),
  /** member → config: another service has its name, so it ends. `machine`: the host name of its machine. */
  rival: Type.Object({ machine: Type.String({ minLength: 1, maxLength: 255 }) }),
  /**
   * config → aggregator: the nodes, each with its catalogue. Without `from`: all of them, else the changes
   * since that version. `more`: another part follows.
   */
  nodes: Type.Object({
    from: Type.Optional(Version),
    to: Version,
    put: Type.Array(Type.Object({ catalogue: Digest, names: Type.Array(Text, { maxItems: 100_000 }) }), {
      maxItems: 100_000,
    }),
    drop: Type.Array(Text, { maxItems: 100_000 }),
    /** Barred nodes: even their values in flight do not count. */
    barred: Type.Optional(Type.Array(Text, { maxItems: 100_000 })),
    more: Type.Optional(Type.Boolean()),
  }),
  /** config → aggregator: own this instrumentation; also when its scope or mutable properties change. Answered. */
  enable_aggregation: Type.Object({ instrumentation: WireInstrumentation, scope: ScopeSchema }),
  /** config → aggregator: drop this instrumentation and its data; on disk only if it is deleted, not moved. Answered. */
  disable_aggregation: Type.Object({ fqid: Fqid, deleted: Type.Optional(Type.Boolean()) }),
  /**
   * config → broadcast, or one instrumenter that differs: gather this. Without `from`: `put` is the whole document;
   * else a change of that document. `more`: another part follows (gathers.ts).
   */
  gathers: Type.Object({
    from: Type.Optional(Digest),
    to: Digest,
    put: Type.Array(GatherItemSchema, { maxItems: 100_000 }),
    drop: Type.Array(Fqid, { maxItems: 100_000 }),
    more: Type.Optional(Type.Boolean()),
    fleet: Type.Optional(Type.Integer({ minimum: 0 })),
  }),
  /** instrumenter → config: a change did not apply; send the whole. */
  want_gathers: Type.Object({}),
  /**
   * aggregator → instrumenter: resend the missing values of these periods, named by their first second.
   * Answered after sending, with `unknown`: those that the node does not have.
   */
  resend: Type.Object({ items: ResendItems }),
  /** any → any, answered by the peer itself. */
  ping: Type.Object({}),
  /** any → any, answered by the peer itself: log this text. */
  log: Type.Object({ text: Type.String({ minLength: 1, maxLength: LIMITS.logTextLength }) }),
  /** any → any, answered with the service's status; by aggregators, if asked, with the state of a second's reports. */
  status: Type.Object({ second: Type.Optional(Type.Integer({ minimum: 0 })) }),
  /** any → any, answered: write a dump, answer its path, and its content if requested and not too large. */
  dump: Type.Object({ content: Type.Optional(Type.Boolean()) }),
  /** any → any, answered: write a dump and exit, so that the supervisor restarts the service. */
  abort: Type.Object({
    reason: Type.Optional(Type.String({ minLength: 1, maxLength: LIMITS.logTextLength })),
  }),
  /** The answer to any call; `to` is the id of the call. */
  answer: Type.Object({
    to: Type.String({ maxLength: 128 }),
    error: Type.Optional(Type.Object({ code: Text, message: Type.String({ maxLength: 8192 }) })),
    body: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  }),
} as const satisfies Record<string, TSchema>;

export type MessageType = keyof typeof SCHEMAS;
export type Body<T extends MessageType> = Static<(typeof SCHEMAS)[T]>;

export const MESSAGE_TYPES = Object.keys(SCHEMAS) as MessageType[];

interface Envelope {
  readonly version: number;
  readonly type: MessageType;
  /** Unique per sender; answers refer to it. */
  readonly id: string;
  /** Sender's clock, milliseconds since 1970. */
  readonly time: number;
  readonly host: string;
  /** The sender's own routing key: answers go there. */
  readonly from: string;
  /** Of a config service that is one of a pair: goes up with each that takes over. */
  readonly fence?: number;
}

/** Narrow on `type` to get the body's type. */
export type Message = {
  [T in MessageType]: Envelope & { readonly type: T; readonly body: Body<T> };
}[MessageType];

const checkEnvelope = checker(
  Type.Object({
    version: Type.Integer(),
    type: Type.String(),
    id: Type.String({ minLength: 1, maxLength: 128 }),
    time: Type.Number(),
    host: Type.String({ minLength: 1, maxLength: 255 }),
    from: Type.String({ minLength: 1, maxLength: 255 }),
    fence: Type.Optional(Type.Integer({ minimum: 0 })),
    body: Type.Unknown(),
  }),
  'message',
);

/** Greatest size in bytes by type; 64 KiB for all others. */
const BYTES: Partial<Record<MessageType, number>> = {
  answer: LIMITS.messageBytes,
  enable_aggregation: LIMITS.messageBytes,
  gathers: LIMITS.messageBytes,
  nodes: LIMITS.messageBytes,
  resend: 512 * 1024,
};
const USUAL_BYTES = 64 * 1024;

/** A message of another protocol version, with its claimed sender. */
export class OtherVersion extends CaError {
  readonly version: number;
  readonly from: string;
  readonly host: string;

  constructor({ version, from, host }: Pick<Envelope, 'version' | 'from' | 'host'>) {
    super('INVALID', `version must be ${PROTOCOL_VERSION}, not ${version}`, { field: 'version' });
    this.version = version;
    this.from = from;
    this.host = host;
  }
}

const CHECKS = new Map(
  MESSAGE_TYPES.map((type) => [type, checker<TSchema>(SCHEMAS[type], `body of ${type}`)] as const),
);

const checkResendItems = checker(ResendItems, 'reports');

/** Throws an INVALID error for anything else. */
export function readResendItems(plain: unknown): ResendItems {
  return checkResendItems(plain);
}

export function encodeMessage(message: Message): Buffer {
  return Buffer.from(JSON.stringify(message));
}

export function isMessageType(text: string | undefined): text is MessageType {
  return text !== undefined && Object.hasOwn(SCHEMAS, text);
}

/**
 * Throws an INVALID error for anything but a valid message. `type` is the type in the AMQP properties: the body
 * must agree, so that the size limit can be applied before parsing.
 */
export function decodeMessage(bytes: Buffer, type?: string): Message {
  const most = type === undefined ? LIMITS.messageBytes : bytesOf(type);
  if (bytes.length > most) throw invalid('message', `is longer than ${most} bytes`);
  let plain: unknown;
  try {
    plain = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw invalid('message', 'is not JSON');
  }
  const envelope = checkEnvelope(plain);
  if (envelope.version !== PROTOCOL_VERSION) {
    throw new OtherVersion(envelope);
  }
  if (type !== undefined && type !== envelope.type) throw invalid('type', 'is another inside than outside');
  const check = CHECKS.get(envelope.type as MessageType);
  if (check === undefined) throw invalid('type', 'is not known here');
  check(envelope.body);
  return envelope as Message;
}

function bytesOf(type: string): number {
  return (isMessageType(type) ? BYTES[type] : undefined) ?? USUAL_BYTES;
}
