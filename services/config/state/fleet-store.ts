/*
 * Which nodes belong to the fleet, which aggregators are drained, and the tokens by which more may join. In: changes. Out: a file beside the instrumentations'
 * that is always whole. Tokens and keys are kept as hashes: who reads the file cannot join with it.
 */
import { checker, Type, type Static } from '../../../common/model/schema';
import { Saved } from './saved';
import { readSaved, type Former } from './saved-file';
import type { Document, Storage } from './storage';

const VERSION = 1;
const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Time = Type.Integer({ minimum: 0, description: 'Milliseconds since 1970.' });

const NODE = Type.Object({
  host: Type.String(),
  /** Since when it belongs to the fleet, and by which token; absent: an operator has named it. */
  joined: Time,
  token: Type.Optional(Type.String()),
  state: Type.Unsafe<'active' | 'drained' | 'revoked'>({
    type: 'string',
    enum: ['active', 'drained', 'revoked'],
  }),
  /** Since when it is in that state. */
  changed: Time,
  /** What its credential of the broker is; absent: none of ours. */
  credential: Type.Optional(
    Type.Unsafe<'token' | 'password'>({ type: 'string', enum: ['token', 'password'] }),
  ),
  /** Hash of the key with which it renews its credential. */
  key: Type.Optional(Hash),
});
export type EnrolledNode = Static<typeof NODE>;

const TOKEN = Type.Object({
  id: Type.String(),
  hash: Hash,
  /** Patterns of names of hosts that may join with it. */
  hosts: Type.Array(Type.String()),
  created: Time,
  expires: Time,
  /** How many more may. */
  uses: Type.Integer({ minimum: 0 }),
});
export type JoinToken = Static<typeof TOKEN>;

const checkFleet = checker(
  Type.Object({
    version: Type.Literal(VERSION),
    nodes: Type.Array(NODE),
    tokens: Type.Array(TOKEN),
    drained: Type.Optional(Type.Array(Type.String())),
  }),
  'fleet',
);

export interface FleetState {
  readonly nodes: ReadonlyMap<string, EnrolledNode>;
  readonly tokens: ReadonlyMap<string, JoinToken>;
  /** Names of aggregators, or of their hosts, that are out for maintenance. */
  readonly drained: ReadonlySet<string>;
}

export interface FleetDraft {
  readonly nodes: Map<string, EnrolledNode>;
  readonly tokens: Map<string, JoinToken>;
  readonly drained: Set<string>;
}

const NAME = 'fleet.json';

const NOTHING: FleetState = { nodes: new Map(), tokens: new Map(), drained: new Set() };

export class FleetStore {
  private readonly saved: Saved<FleetState>;

  /** Rejects with a sentence that names its place when it is there and is not what was written. */
  static async open(storage: Storage): Promise<FleetStore> {
    const without = 'move it away: nodes must join again then';
    const read = await readSaved(storage, NAME, { version: VERSION, understand, without });
    return new FleetStore(storage(NAME), read?.contents ?? NOTHING, read?.former);
  }

  private constructor(document: Document, state: FleetState, former: Former | undefined) {
    this.saved = new Saved(document, state, serialize, former);
  }

  get state(): FleetState {
    return this.saved.state;
  }

  get trouble(): string | undefined {
    return this.saved.trouble;
  }

  /** Resolves once the change is on disk. Whatever `apply` throws rejects, and nothing of it is kept. */
  change<T>(apply: (draft: FleetDraft) => T): Promise<T> {
    return this.saved.change((state) => {
      const next = {
        nodes: new Map(state.nodes),
        tokens: new Map(state.tokens),
        drained: new Set(state.drained),
      };
      return { result: apply(next), next };
    });
  }

  flushed(): Promise<void> {
    return this.saved.flushed();
  }
}

function serialize({ nodes, tokens, drained }: FleetState): string {
  const lines = (rows: Iterable<unknown>): string => [...rows].map((row) => JSON.stringify(row)).join(',\n');
  return `{"version":${VERSION},"drained":${JSON.stringify([...drained])},"tokens":[\n${lines(tokens.values())}\n],"nodes":[\n${lines(nodes.values())}\n]}\n`;
}

function understand(plain: unknown): FleetState {
  const { nodes, tokens, drained = [] } = checkFleet(plain);
  return {
    nodes: new Map(nodes.map((node) => [node.host, node])),
    tokens: new Map(tokens.map((token) => [token.id, token])),
    drained: new Set(drained),
  };
}
