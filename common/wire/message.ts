/*
 * Every control message on the wire: one union, one schema each, one version. In: bytes from anybody who reaches
 * the broker. Out: a typed message, or an error that says what is wrong with it. Values travel in data.ts.
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

/** Raised when a message's meaning changes; receivers drop other versions and say who sends them. */
export const PROTOCOL_VERSION = 2;

export const CONTROL_CONTENT = 'application/json';

const Text = Type.String({ maxLength: 1024 });
const Fqid = Type.String({ pattern: FQID.source });

/** A node in digests: its catalogue, the document that it gathers by, its exceptions. */
const StandingSchema = Type.Object({ catalogue: Digest, gathers: Digest, exceptions: Digest });
export type NodeStanding = Static<typeof StandingSchema>;

const HostPatterns = Type.Array(Type.String({ pattern: '^[\\w.*-]{1,200}$' }), {
  minItems: 1,
  maxItems: 1000,
});

/** One instrumentation of the document of what is to be gathered, limited to what its customer may see. */
const GatherItemSchema = Type.Object({
  instrumentation: WireInstrumentation,
  /** Only nodes whose names fit one of these; left out: all. */
  hosts: Type.Optional(HostPatterns),
});
export type GatherItem = Static<typeof GatherItemSchema>;

/** Who should report: nodes that offer one of these catalogues, of these names, but for the exceptions. */
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

/** The member hears nothing from the config service: its queue is not bound. */
const Deaf = Type.Optional(Type.Boolean());
/** The version of values that a node sends (data.ts). */
const Data = Type.Optional(Type.Integer({ minimum: 0, maximum: 255 }));

const SCHEMAS = {
  /**
   * config → broadcast, at every connect, and to a member it does not know: say hello. `fleet`: how many nodes there
   * were; a fleet spreads its hellos.
   */
  config_online: Type.Object({ fleet: Type.Optional(Type.Integer({ minimum: 0 })) }),
  /** config → broadcast, again and again: whoever does not hear it is not bound, and says so. */
  beat: Type.Object({}),
  /** aggregator → config. */
  aggregator_online: Type.Object({
    instance: Text,
    httpHost: Text,
    httpPort: Type.Integer({ minimum: 1, maximum: 65_535 }),
    /** It speaks HTTPS. */
    tls: Type.Optional(Type.Boolean()),
    /** What it can explain besides values: name -> label, and the fields whose keys it explains. */
    transformations: Type.Optional(
      Type.Record(Name, Type.Object({ label: Text, fields: Type.Array(Name, { maxItems: 64 }) })),
    ),
    deaf: Deaf,
  }),
  /** config → aggregator, after its hello: answer only who shows the secret, and show the proof with each answer. */
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
  /** config → instrumenter: what is behind this digest of yours? Answered with `content`, or with nothing. */
  content: Type.Object({ digest: Digest }),
  /**
   * member → config, now and then: still here. Instrumenters say how they stand, and do so at once when that changes;
   * aggregators which list of nodes they have.
   */
  alive: Type.Object({
    standing: Type.Optional(StandingSchema),
    nodes: Type.Optional(Version),
    data: Data,
    deaf: Deaf,
  }),
  /** member → config, at an orderly end. */
  offline: Type.Object({}),
  /** member → config: its name is another's, so it ends. `machine`: what the system calls the one that it is on. */
  rival: Type.Object({ machine: Type.String({ minLength: 1, maxLength: 255 }) }),
  /**
   * config → aggregator: which nodes there are, each with its catalogue; from none: all of them, else what has changed
   * since that version. `more`: this is not the last part.
   */
  nodes: Type.Object({
    from: Type.Optional(Version),
    to: Version,
    put: Type.Array(Type.Object({ catalogue: Digest, names: Type.Array(Text, { maxItems: 100_000 }) }), {
      maxItems: 100_000,
    }),
    drop: Type.Array(Text, { maxItems: 100_000 }),
    /** Of these not even what is on its way counts: they are not let in any more. */
    barred: Type.Optional(Type.Array(Text, { maxItems: 100_000 })),
    more: Type.Optional(Type.Boolean()),
  }),
  /** config → aggregator: own this; also when its scope or mutable properties changed. Answered. */
  enable_aggregation: Type.Object({ instrumentation: WireInstrumentation, scope: ScopeSchema }),
  /** config → aggregator: forget this and its data; what is on disk only if it is deleted, not moved. Answered. */
  disable_aggregation: Type.Object({ fqid: Fqid, deleted: Type.Optional(Type.Boolean()) }),
  /**
   * config → broadcast, or an instrumenter that differs: gather this. From no document: `put` is the whole; else a
   * change of that document. `more`: this is not the last part of it (gathers.ts).
   */
  gathers: Type.Object({
    from: Type.Optional(Digest),
    to: Digest,
    put: Type.Array(GatherItemSchema, { maxItems: 100_000 }),
    drop: Type.Array(Fqid, { maxItems: 100_000 }),
    more: Type.Optional(Type.Boolean()),
    fleet: Type.Optional(Type.Integer({ minimum: 0 })),
  }),
  /** instrumenter → config: a change did not fit what is here; send the whole. */
  want_gathers: Type.Object({}),
  /**
   * aggregator → instrumenter: values of these periods, named by their first second, have not come; send them again.
   * Answered, after they were sent, with `unknown`: those that the node does not have.
   */
  resend: Type.Object({ items: ResendItems }),
  /** any → any, answered by the peer itself. */
  ping: Type.Object({}),
  /** any → any, answered by the peer itself: write this down. */
  log: Type.Object({ text: Type.String({ minLength: 1, maxLength: LIMITS.logTextLength }) }),
  /** any → any, answered with the service's own state; by aggregators, if asked, with where the reports of a second were. */
  status: Type.Object({ second: Type.Optional(Type.Integer({ minimum: 0 })) }),
  /** any → any, answered: write your state into a file, say where, and send it along if wanted and not too large. */
  dump: Type.Object({ content: Type.Optional(Type.Boolean()) }),
  /** any → any, answered: write your state into a file and end, so that you are started anew. */
  abort: Type.Object({
    reason: Type.Optional(Type.String({ minLength: 1, maxLength: LIMITS.logTextLength })),
  }),
  /** The answer to anything that is answered: `to` is the asker's id. */
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
  /** Chosen by the sender, unique per sender; answers refer to it. */
  readonly id: string;
  /** Sender's clock, milliseconds since 1970. */
  readonly time: number;
  readonly host: string;
  /** The sender's own routing key: answers go there. */
  readonly from: string;
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
    body: Type.Unknown(),
  }),
  'message',
);

/** The most bytes of one message of a type; of all others 64 KiB. */
const BYTES: Partial<Record<MessageType, number>> = {
  answer: LIMITS.messageBytes,
  enable_aggregation: LIMITS.messageBytes,
  gathers: LIMITS.messageBytes,
  nodes: LIMITS.messageBytes,
  resend: 512 * 1024,
};
const USUAL_BYTES = 64 * 1024;

/** Another version of this protocol, from somebody who says who it is. */
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
 * Throws an INVALID error for anything that is not exactly one of ours. `type` is what the message says it is outside:
 * it must agree, so that how much of it is read can be decided before.
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
