/*
 * Parses a board. In: an untrusted body. Out: a checked board with its defaults, or an INVALID error that names the part.
 */
import { BOARD_BODY } from '../../../common/api/board';
import { invalid } from '../../../common/service/errors';
import type { Board } from '../../../common/model/board';
import type { Request } from '../../../common/http/http';
import {
  parsePredicate,
  toPlainPredicate,
  type PlainPredicate,
} from '../../../common/model/predicate/predicate';
import { checker } from '../../../common/model/schema';
import { parametersOf } from './parameters';

/** As JSON; a scope's boards together are then as large as a few hundred instrumentations. */
const BOARD_BYTES = 16 * 1024;

const check = checker(BOARD_BODY, 'body');

export interface AskedBoard {
  readonly board: Board;
  /** The one that the change was made from. */
  readonly revision: number | undefined;
}

export function readBoard(request: Request): AskedBoard {
  const { revision, ...asked } = check(parametersOf(request, BOARD_BODY, ['id', 'uri', 'changed']));
  const board = completeBoard(asked as Omit<Board, 'variables'> & Partial<Board>);
  if (Buffer.byteLength(JSON.stringify(board)) > BOARD_BYTES) {
    throw invalid('panels', `make a board of more than ${BOARD_BYTES} bytes: make two of it`);
  }
  return { board, revision };
}

function completeBoard({ name, window, variables = [], panels }: Partial<Board>): Board {
  const fields = variables.map(({ field }) => field);
  if (new Set(fields).size !== fields.length) throw invalid('variables', 'may name each field once');
  return {
    name: (name ?? '').trim(),
    ...(window === undefined ? {} : { window }),
    variables,
    panels: (panels ?? []).map((panel, i) => {
      const { granularity = 1, decomposition = [], predicate = {} } = panel as Partial<typeof panel>;
      if (granularity !== 1 && granularity % 5 !== 0)
        throw invalid(`panels.${i}.granularity`, 'must be 1 or a multiple of 5');
      return { ...panel, granularity, decomposition, predicate: plainOf(predicate, `panels.${i}`) };
    }),
  };
}

/** Its form and its limits; a constant says which type its field must have, and which fields there are nodes know. */
function plainOf(predicate: unknown, where: string): PlainPredicate {
  const numeric = numericFields(predicate);
  try {
    return toPlainPredicate(
      parsePredicate(predicate, (field) =>
        /^\w{1,64}$/.test(field) ? (numeric.has(field) ? 'number' : 'string') : undefined,
      ),
    );
  } catch (error) {
    throw invalid(`${where}.predicate`, (error as Error).message.replace(/^predicate\S* /, ''));
  }
}

/** Without recursion: how deep it is nested is not known yet. */
function numericFields(predicate: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  const open: unknown[] = [predicate];
  while (open.length > 0) {
    const part = open.pop();
    if (Array.isArray(part)) {
      if (typeof part[0] === 'string' && typeof part[1] === 'number') found.add(part[0]);
      open.push(...(part as unknown[]));
    } else if (typeof part === 'object' && part !== null) open.push(...(Object.values(part) as unknown[]));
  }
  return found;
}
