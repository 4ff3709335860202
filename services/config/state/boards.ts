/*
 * The boards of all scopes. In: checked boards from the API. Out: the same with ids and revisions, on disk before they
 * are answered.
 */
import type { Board } from '../../../common/model/board';
import type { Clock } from '../../../common/service/clock';
import { CaError, notFound } from '../../../common/service/errors';
import type { Log } from '../../../common/service/log';
import { boardKey, type BoardDraft, type BoardStore, type StoredBoard } from './board-store';
import { saving } from './save';

/** Of a customer, and of the operators. */
const BOARDS = 50;

interface BoardsOptions {
  readonly store: BoardStore;
  readonly clock: Clock;
  readonly log: Log;
}

export class Boards {
  private readonly o: BoardsOptions;

  constructor(options: BoardsOptions) {
    this.o = options;
  }

  /** In order of creation. */
  list(customer: string | undefined): StoredBoard[] {
    return [...this.o.store.all.values()].filter((one) => one.customer === customer);
  }

  /** Throws NOT_FOUND. */
  get(id: string, customer: string | undefined): StoredBoard {
    return find(this.o.store.all, id, customer);
  }

  async create(board: Board, customer: string | undefined): Promise<StoredBoard> {
    return await this.save((draft) => {
      const own = [...draft.boards.values()].filter((one) => one.customer === customer);
      if (own.length >= BOARDS) {
        throw new CaError('CONFLICT', `there are ${BOARDS} boards, the most there may be; delete one`);
      }
      checkName(own, board.name);
      return this.put(draft, { id: draft.nextId(customer), customer, revision: 1 }, board);
    });
  }

  /** `revision`: the one that the change was made from, if its maker said so; another means that somebody was faster. */
  async replace(
    id: string,
    customer: string | undefined,
    board: Board,
    revision: number | undefined,
  ): Promise<StoredBoard> {
    return await this.save((draft) => {
      const current = find(draft.boards, id, customer);
      if (revision !== undefined && revision !== current.revision) {
        throw new CaError(
          'CONFLICT',
          `board ${id} has revision ${current.revision} by now, not ${revision}: read it again, and change that`,
        );
      }
      const others = [...draft.boards.values()].filter((one) => one.customer === customer && one.id !== id);
      checkName(others, board.name);
      return this.put(draft, { id, customer, revision: current.revision + 1 }, board);
    });
  }

  async remove(id: string, customer: string | undefined): Promise<void> {
    await this.save((draft) => {
      draft.delete(find(draft.boards, id, customer));
    });
  }

  private put(
    draft: BoardDraft,
    { customer, ...rest }: { id: string; customer: string | undefined; revision: number },
    board: Board,
  ): StoredBoard {
    const stored: StoredBoard = {
      ...rest,
      ...(customer === undefined ? {} : { customer }),
      changed: this.o.clock.now(),
      board,
    };
    draft.put(stored);
    return stored;
  }

  private async save<T>(apply: (draft: BoardDraft) => T): Promise<T> {
    return await saving(this.o.log, this.o.store.change(apply));
  }
}

function find(
  boards: ReadonlyMap<string, StoredBoard>,
  id: string,
  customer: string | undefined,
): StoredBoard {
  const key = boardKey({ id, ...(customer === undefined ? {} : { customer }) });
  // Ids are canonical, and cannot run over into another scope.
  const found = /^[1-9]\d{0,14}$/.test(id) ? boards.get(key) : undefined;
  if (found === undefined) throw notFound(`board ${JSON.stringify(id)}`);
  return found;
}

function checkName(others: readonly StoredBoard[], name: string): void {
  const same = others.find((one) => one.board.name === name);
  if (same !== undefined) {
    throw new CaError('CONFLICT', `board ${same.id} is called ${JSON.stringify(name)} already`, {
      field: 'name',
    });
  }
}
