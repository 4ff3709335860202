/*
 * What must survive a restart: all instrumentations, who owns each, and the ids that were given out; boards in a file of their
 * own (board-store.ts). In: changes. Out: a file that is always whole (saved.ts), and records to read. The release before has
 * the same version of it: it takes the file as it is.
 */
import { fqid, type Instrumentation } from '../../../common/model/instrumentation';
import { fromWire, toWire, WireInstrumentation } from '../../../common/wire/message';
import { checker, Type } from '../../../common/model/schema';
import { CaError } from '../../../common/service/errors';
import type { Limits } from '../fleet/customers';
import { BoardStore, divide } from './board-store';
import { LastIds, nextId, noIds } from './last-ids';
import { Saved } from './saved';
import { readSaved, type Former } from './saved-file';
import type { Document, Storage } from './storage';

export interface Stored {
  readonly instrumentation: Instrumentation;
  /** Instance of the aggregator that owns it … */
  readonly aggregator: string;
  /** … and others that have it, or had it and may come back with values. */
  readonly others?: readonly string[] | undefined;
  /** What belonged to its customer when its values began; absent: an operator's, or of an earlier version. */
  readonly limits?: Limits;
}

/** What a change works on. Whatever it throws rejects that change alone, and nothing of it is kept. */
export interface Draft {
  readonly records: ReadonlyMap<string, Stored>;
  put(record: Stored): void;
  delete(fqid: string): void;
  /** A number that the scope has never seen. */
  nextId(customer: string | undefined): string;
}

const STATE_VERSION = 1;

const checkState = checker(
  Type.Object({
    version: Type.Literal(STATE_VERSION),
    lastIds: LastIds,
    instrumentations: Type.Array(
      Type.Object({
        instrumentation: WireInstrumentation,
        aggregator: Type.String(),
        others: Type.Optional(Type.Array(Type.String())),
        limits: Type.Optional(
          Type.Object({
            hosts: Type.Optional(Type.Array(Type.String())),
            zones: Type.Optional(Type.Array(Type.String())),
          }),
        ),
      }),
    ),
  }),
  'state',
);

interface State {
  readonly records: ReadonlyMap<string, Stored>;
  readonly lastIds: ReadonlyMap<string | null, number>;
}

const NAME = 'state.json';

export class Store {
  readonly boards: BoardStore;
  /** There was no state at the start: the deployment is new, or its state is lost. */
  readonly isNew: boolean;
  private readonly saved: Saved<State>;
  private refusal: string | undefined;

  /**
   * `anew`: the time, where a missing state is to begin anew. Rejects with a sentence that names its place when it is there and is
   * not what was written.
   */
  static async open(storage: Storage, anew?: number): Promise<Store> {
    await divide(storage);
    const without = 'move it away to start with no instrumentations';
    const read = await readSaved(storage, NAME, { version: STATE_VERSION, understand, without });
    const boards = await BoardStore.open(storage, anew);
    const state = read?.contents ?? { records: new Map(), lastIds: noIds(anew) };
    return new Store(storage(NAME), state, boards, {
      former: read?.former,
      isNew: read === undefined && anew === undefined,
    });
  }

  private constructor(
    document: Document,
    state: State,
    boards: BoardStore,
    { former, isNew }: { readonly former: Former | undefined; readonly isNew: boolean },
  ) {
    this.boards = boards;
    this.isNew = isNew;
    this.saved = new Saved(document, state, serialize, former);
  }

  /** By fully qualified id, in order of creation. */
  get records(): ReadonlyMap<string, Stored> {
    return this.saved.state.records;
  }

  /** Why the state cannot be kept; undefined: it can. */
  get trouble(): string | undefined {
    return this.refusal ?? this.saved.trouble ?? this.boards.trouble;
  }

  /** From now on every change of instrumentations rejects with this reason. */
  refuse(why: string): void {
    this.refusal = why;
  }

  /** Looks whether the next change can be kept. */
  check(): Promise<void> {
    return this.saved.check();
  }

  /** Resolves with what `apply` returned once its change is on disk; rejects with what it threw, or the disk's error. */
  change<T>(apply: (draft: Draft) => T): Promise<T> {
    if (this.refusal !== undefined) return Promise.reject(new CaError('NO_RESOURCE', this.refusal));
    return this.saved.change((state) => {
      const { draft, finish } = draftOf(state);
      const result = apply(draft);
      return { result, next: finish() };
    });
  }

  /** Resolves when everything asked for so far is on disk. */
  async flushed(): Promise<void> {
    await Promise.all([this.saved.flushed(), this.boards.flushed()]);
  }
}

/** Instances of its aggregators, the one that is asked first at the front. */
export function homesOf({
  aggregator,
  others = [],
}: Pick<Stored, 'aggregator' | 'others'>): readonly string[] {
  return [aggregator, ...others];
}

function draftOf(state: State): { draft: Draft; finish: () => State } {
  const records = new Map(state.records);
  const lastIds = new Map(state.lastIds);
  const draft: Draft = {
    records,
    put(record) {
      records.set(fqid(record.instrumentation), record);
    },
    delete(id) {
      records.delete(id);
    },
    nextId: (customer) => nextId(lastIds, customer),
  };
  return { draft, finish: () => ({ records, lastIds }) };
}

/** Records never change, only get replaced: with a thousand of them, one change costs one serialization, not all. */
const serialized = new WeakMap<Stored, string>();

function textOf(record: Stored): string {
  const known = serialized.get(record);
  if (known !== undefined) return known;
  const text = JSON.stringify({ ...record, instrumentation: toWire(record.instrumentation) });
  serialized.set(record, text);
  return text;
}

function serialize({ records, lastIds }: State): string {
  const instrumentations = [...records.values()].map(textOf).join(',\n');
  return `{"version":${STATE_VERSION},"lastIds":${JSON.stringify([...lastIds])},"instrumentations":[\n${instrumentations}\n]}\n`;
}

function understand(plain: unknown): State {
  const { lastIds, instrumentations } = checkState(plain);
  const records = instrumentations.map(({ instrumentation, ...record }): [string, Stored] => {
    const i = fromWire(instrumentation);
    return [fqid(i), { ...record, instrumentation: i }];
  });
  return { records: new Map(records), lastIds: new Map(lastIds) };
}
