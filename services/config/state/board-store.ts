/*
 * The boards of all scopes, and their ids that were given out. In: changes. Out: a file that is always whole (saved.ts), beside
 * the instrumentations': a release that knows no boards starts without it, and the next one that does has them again.
 */
import type { Board } from '../../../common/model/board';
import { checker, Type } from '../../../common/model/schema';
import { LastIds, nextId, noIds } from './last-ids';
import { Saved } from './saved';
import { readSaved, type Former } from './saved-file';
import type { Document, Storage } from './storage';

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
export interface BoardDraft {
  readonly boards: ReadonlyMap<string, StoredBoard>;
  put(board: StoredBoard): void;
  delete(board: StoredBoard): void;
  /** A number that the scope has never seen. */
  nextId(customer: string | undefined): string;
}

const VERSION = 1;
const NAME = 'boards.json';

const checkBoards = checker(
  Type.Object({
    version: Type.Literal(VERSION),
    lastIds: LastIds,
    boards: Type.Array(
      Type.Object({
        id: Type.String(),
        customer: Type.Optional(Type.String()),
        revision: Type.Integer(),
        changed: Type.Number(),
        // Checked when it came; this service alone writes it.
        board: Type.Unsafe<Board>({
          type: 'object',
          required: ['name', 'variables', 'panels'],
          properties: { name: { type: 'string' }, variables: { type: 'array' }, panels: { type: 'array' } },
        }),
      }),
    ),
  }),
  'boards',
);

interface State {
  readonly boards: ReadonlyMap<string, StoredBoard>;
  readonly lastIds: ReadonlyMap<string | null, number>;
}

export class BoardStore {
  private readonly saved: Saved<State>;

  /** Rejects with a sentence that names its place when it is there and is not what was written. */
  static async open(storage: Storage, anew?: number): Promise<BoardStore> {
    const without = 'move it away to start with no boards';
    const read = await readSaved(storage, NAME, { version: VERSION, understand, without });
    return new BoardStore(
      storage(NAME),
      read?.contents ?? { boards: new Map(), lastIds: noIds(anew) },
      read?.former,
    );
  }

  private constructor(document: Document, state: State, former: Former | undefined) {
    this.saved = new Saved(document, state, serialize, former);
  }

  /** Of all scopes, in order of creation. */
  get all(): ReadonlyMap<string, StoredBoard> {
    return this.saved.state.boards;
  }

  get trouble(): string | undefined {
    return this.saved.trouble;
  }

  /** Resolves with what `apply` returned once its change is on disk; rejects with what it threw, or the disk's error. */
  change<T>(apply: (draft: BoardDraft) => T): Promise<T> {
    return this.saved.change((state) => {
      const boards = new Map(state.boards);
      const lastIds = new Map(state.lastIds);
      const result = apply({
        boards,
        put: (board) => boards.set(boardKey(board), board),
        delete: (board) => boards.delete(boardKey(board)),
        nextId: (customer) => nextId(lastIds, customer),
      });
      return { result, next: { boards, lastIds } };
    });
  }

  flushed(): Promise<void> {
    return this.saved.flushed();
  }
}

/** A board's place among those of all scopes. */
export function boardKey({ id, customer }: Pick<StoredBoard, 'id' | 'customer'>): string {
  return customer === undefined ? `global;${id}` : `cust:${customer};${id}`;
}

/** Between two releases, version 2 of the instrumentations' document had the boards, too. */
export async function divide(storage: Storage): Promise<void> {
  const document = storage('state.json');
  const text = await document.read();
  if (text === undefined || !text.startsWith('{"version":2,')) return;
  let plain: Record<string, unknown>;
  try {
    plain = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return;
  }
  const { boards, lastBoardIds, ...rest } = plain;
  if (boards === undefined || lastBoardIds === undefined) return;
  // Interrupted between the two, it begins again.
  await storage(NAME).write(`${JSON.stringify({ version: VERSION, lastIds: lastBoardIds, boards })}\n`);
  await document.write(`${JSON.stringify({ ...rest, version: 1 })}\n`);
}

function serialize({ boards, lastIds }: State): string {
  const lines = [...boards.values()].map((board) => JSON.stringify(board)).join(',\n');
  return `{"version":${VERSION},"lastIds":${JSON.stringify([...lastIds])},"boards":[\n${lines}\n]}\n`;
}

function understand(plain: unknown): State {
  const { lastIds, boards } = checkBoards(plain);
  return { boards: new Map(boards.map((board) => [boardKey(board), board])), lastIds: new Map(lastIds) };
}
