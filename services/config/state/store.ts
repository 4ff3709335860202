/*
 * What must survive a restart: all instrumentations, who owns each, boards, and the ids that were given out.
 * In: changes. Out: a file that is always whole (saved.ts), and records to read.
 */
import type { Board } from '../../../common/model/board';
import { fqid, type Instrumentation } from '../../../common/model/instrumentation';
import { fromWire, toWire, WireInstrumentation } from '../../../common/wire/message';
import { checker, Type } from '../../../common/model/schema';
import type { Limits } from '../fleet/customers';
import { Saved } from './saved';
import { readSaved, type Former } from './saved-file';
import type { Document, Storage } from './storage';

export interface Stored {
  readonly instrumentation: Instrumentation;
  /** Instance of the aggregator that owns it. */
  readonly aggregator: string;
  /** What belonged to its customer when its values began; absent: an operator's, or of an earlier version. */
  readonly limits?: Limits;
}

export interface StoredBoard {
  readonly id: string;
  readonly customer?: string;
  /** Goes up with each change. */
  readonly revision: number;
  /** Milliseconds since 1970. */
  readonly changed: number;
  readonly board: Board;
}

/** What a change works on. Whatever it throws rejects that change alone, and nothing of it is kept. */
export interface Draft {
  readonly records: ReadonlyMap<string, Stored>;
  put(record: Stored): void;
  delete(fqid: string): void;
  /** A number that the scope has never seen. */
  nextId(customer: string | undefined): string;
  readonly boards: ReadonlyMap<string, StoredBoard>;
  putBoard(board: StoredBoard): void;
  deleteBoard(board: StoredBoard): void;
  nextBoardId(customer: string | undefined): string;
}

/** 2: boards. A file of version 1 is one without any. */
const STATE_VERSION = 2;

/** [customer, or null for the global scope; last id given out] */
const LastIds = Type.Array(
  Type.Tuple([Type.Union([Type.String(), Type.Null()]), Type.Integer({ minimum: 0 })]),
);

const checkState = checker(
  Type.Object({
    version: Type.Union([Type.Literal(1), Type.Literal(STATE_VERSION)]),
    lastIds: LastIds,
    instrumentations: Type.Array(
      Type.Object({
        instrumentation: WireInstrumentation,
        aggregator: Type.String(),
        limits: Type.Optional(
          Type.Object({
            hosts: Type.Optional(Type.Array(Type.String())),
            zones: Type.Optional(Type.Array(Type.String())),
          }),
        ),
      }),
    ),
    lastBoardIds: Type.Optional(LastIds),
    boards: Type.Optional(
      Type.Array(
        Type.Object({
          id: Type.String(),
          customer: Type.Optional(Type.String()),
          revision: Type.Integer(),
          changed: Type.Number(),
          // Checked when it came; this service alone writes it.
          board: Type.Unsafe<Board>({
            type: 'object',
            required: ['name', 'variables', 'panels'],
            properties: {
              name: { type: 'string' },
              variables: { type: 'array' },
              panels: { type: 'array' },
            },
          }),
        }),
      ),
    ),
  }),
  'state',
);

interface State {
  readonly records: ReadonlyMap<string, Stored>;
  readonly lastIds: ReadonlyMap<string | null, number>;
  readonly boards: ReadonlyMap<string, StoredBoard>;
  readonly lastBoardIds: ReadonlyMap<string | null, number>;
}

const NOTHING: State = { records: new Map(), lastIds: new Map(), boards: new Map(), lastBoardIds: new Map() };

const NAME = 'state.json';

export class Store {
  private readonly saved: Saved<State>;

  /** Rejects with a sentence that names its place when it is there and is not what was written. */
  static async open(storage: Storage): Promise<Store> {
    const without = 'move it away to start with no instrumentations';
    const read = await readSaved(storage, NAME, { version: STATE_VERSION, understand, without });
    return new Store(storage(NAME), read?.contents ?? NOTHING, read?.former);
  }

  private constructor(document: Document, state: State, former: Former | undefined) {
    this.saved = new Saved(document, state, serialize, former);
  }

  /** By fully qualified id, in order of creation. */
  get records(): ReadonlyMap<string, Stored> {
    return this.saved.state.records;
  }

  /** Of all scopes, in order of creation. */
  get boards(): ReadonlyMap<string, StoredBoard> {
    return this.saved.state.boards;
  }

  /** Why the state cannot be kept; undefined: it can. */
  get trouble(): string | undefined {
    return this.saved.trouble;
  }

  /** Looks whether the next change can be kept. */
  check(): Promise<void> {
    return this.saved.check();
  }

  /** Resolves with what `apply` returned once its change is on disk; rejects with what it threw, or the disk's error. */
  change<T>(apply: (draft: Draft) => T): Promise<T> {
    return this.saved.change((state) => {
      const { draft, finish } = draftOf(state);
      const result = apply(draft);
      return { result, next: finish() };
    });
  }

  /** Resolves when everything asked for so far is on disk. */
  flushed(): Promise<void> {
    return this.saved.flushed();
  }
}

/** A board's place among those of all scopes. */
export function boardKey({ id, customer }: Pick<StoredBoard, 'id' | 'customer'>): string {
  return customer === undefined ? `global;${id}` : `cust:${customer};${id}`;
}

function draftOf(state: State): { draft: Draft; finish: () => State } {
  const records = new Map(state.records);
  const lastIds = new Map(state.lastIds);
  const boards = new Map(state.boards);
  const lastBoardIds = new Map(state.lastBoardIds);
  const next = (last: Map<string | null, number>, customer: string | undefined): string => {
    const id = (last.get(customer ?? null) ?? 0) + 1;
    last.set(customer ?? null, id);
    return String(id);
  };
  const draft: Draft = {
    records,
    put(record) {
      records.set(fqid(record.instrumentation), record);
    },
    delete(id) {
      records.delete(id);
    },
    nextId: (customer) => next(lastIds, customer),
    boards,
    putBoard(board) {
      boards.set(boardKey(board), board);
    },
    deleteBoard(board) {
      boards.delete(boardKey(board));
    },
    nextBoardId: (customer) => next(lastBoardIds, customer),
  };
  return { draft, finish: () => ({ records, lastIds, boards, lastBoardIds }) };
}

/** Records never change, only get replaced: with a thousand of them, one change costs one serialization, not all. */
const serialized = new WeakMap<object, string>();

function textOf<T extends object>(one: T, plain: (one: T) => unknown): string {
  const known = serialized.get(one);
  if (known !== undefined) return known;
  const text = JSON.stringify(plain(one));
  serialized.set(one, text);
  return text;
}

function listOf<T extends object>(all: ReadonlyMap<string, T>, plain: (one: T) => unknown): string {
  return `[\n${[...all.values()].map((one) => textOf(one, plain)).join(',\n')}\n]`;
}

function serialize({ records, lastIds, boards, lastBoardIds }: State): string {
  const properties = [
    `"version":${STATE_VERSION}`,
    `"lastIds":${JSON.stringify([...lastIds])}`,
    `"lastBoardIds":${JSON.stringify([...lastBoardIds])}`,
    `"boards":${listOf(boards, (board) => board)}`,
    `"instrumentations":${listOf(records, (record) => ({ ...record, instrumentation: toWire(record.instrumentation) }))}`,
  ];
  return `{${properties.join(',')}}\n`;
}

function understand(plain: unknown): State {
  const { lastIds, instrumentations, boards = [], lastBoardIds = [] } = checkState(plain);
  const records = instrumentations.map(({ instrumentation, ...record }): [string, Stored] => {
    const i = fromWire(instrumentation);
    return [fqid(i), { ...record, instrumentation: i }];
  });
  return {
    records: new Map(records),
    lastIds: new Map(lastIds),
    boards: new Map(boards.map((board) => [boardKey(board), board])),
    lastBoardIds: new Map(lastBoardIds),
  };
}
