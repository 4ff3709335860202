/*
 * Boards of a file, and what they would change; and boards as such a file. In: the file's content, the boards there are.
 * Out: what to create, change, keep and delete; or a document. Pure. A board's name tells which is which.
 */
import type { MetricInfo } from '../../common/api/catalogue';
import { isDeepStrictEqual } from 'node:util';
import type { Board, BoardPanel } from '../../common/model/board';
import { parsePredicate } from '../../common/model/predicate/predicate';
import { predicateText } from '../../common/model/predicate/predicate-text';
import { messageOf } from '../../common/service/errors';
import { UsageError } from '../cli/options';
import { typeOfField, type Description } from '../cli/system/resources';
import { wholeSecondsOf } from '../cli/system/session';
import { whereOf } from './question';

export interface BoardResource extends Board {
  readonly id: string;
  readonly uri: string;
  readonly revision: number;
}

export interface BoardChanges {
  readonly create: readonly Board[];
  readonly change: readonly { readonly from: BoardResource; readonly board: Board }[];
  readonly keep: readonly BoardResource[];
  readonly remove: readonly BoardResource[];
}

type Entry = Readonly<Record<string, unknown>>;

/** Passed on as they are: the service says what they may be. */
const LOOKS = ['title', 'size', 'axis', 'coloring', 'percentiles', 'stacked', 'mode', 'keys'] as const;
const OF_PANELS = ['metric', 'by', 'where', 'granularity', ...LOOKS];
const OF_BOARDS = ['name', 'window', 'variables', 'panels'];

/** undefined: the file says nothing about boards. Throws a UsageError that names the entry at fault. */
export function readWantedBoards(content: unknown, file: string, d: Description): Board[] | undefined {
  const list = (content as { boards?: unknown } | null)?.boards;
  if (list === undefined) return undefined;
  if (!Array.isArray(list)) throw new UsageError(`${file}: boards must be a list`);
  const names = new Set<string>();
  return list.map((entry: unknown, i) => {
    try {
      const board = readBoard(entry, d);
      if (names.has(board.name)) throw new Error(`there is another board called ${board.name}`);
      names.add(board.name);
      return board;
    } catch (error) {
      throw new UsageError(`${file}, board ${i + 1}: ${messageOf(error)}`);
    }
  });
}

function readBoard(entry: unknown, d: Description): Board {
  const { name, window, variables = [], panels } = known(entry, OF_BOARDS);
  if (typeof name !== 'string' || name.trim() === '') throw new Error('name is missing');
  if (!Array.isArray(panels)) throw new Error('panels must be a list');
  if (!Array.isArray(variables)) throw new Error('variables must be a list, such as [hostname, execname]');
  return {
    name: name.trim(),
    ...(window === undefined ? {} : { window: secondsIn(window, 'window') }),
    variables: variables.map(readVariable),
    panels: panels.map((panel: unknown, i) => {
      try {
        return readPanel(panel, d);
      } catch (error) {
        throw new Error(`panel ${i + 1}: ${messageOf(error)}`, { cause: error });
      }
    }),
  };
}

function readVariable(entry: unknown): Board['variables'][number] {
  if (typeof entry === 'string') return { field: entry };
  const [pair, ...others] = typeof entry === 'object' && entry !== null ? Object.entries(entry) : [];
  if (pair === undefined || others.length > 0)
    throw new Error('a variable is a field, or a field with its usual value: {execname: postgres}');
  return { field: pair[0], value: String(pair[1]) };
}

function readPanel(entry: unknown, d: Description): BoardPanel {
  const e = known(entry, OF_PANELS);
  const [module = '', stat = '', ...rest] = (typeof e['metric'] === 'string' ? e['metric'] : '').split('.');
  if (module === '' || stat === '' || rest.length > 0) throw new Error('metric must be like fs.syncs');
  const by = typeof e['by'] === 'string' ? e['by'].split(',').map((f) => f.trim()) : (e['by'] ?? []);
  if (!Array.isArray(by) || !by.every((f): f is string => typeof f === 'string'))
    throw new Error('by must be a list of fields');
  // A board may wait for nodes that offer its metrics: its fields are then those of any metric.
  const metric = d.metrics.find((m) => m.module === module && m.stat === stat) ?? {
    module,
    stat,
    label: stat,
    interval: 'interval',
    fields: Object.keys(d.fields),
  };
  const looks = Object.fromEntries(LOOKS.filter((l) => e[l] !== undefined).map((l) => [l, e[l]]));
  return {
    ...looks,
    module,
    stat,
    decomposition: by,
    predicate: predicateOf(e['where'] ?? '', metric, d),
    granularity: e['granularity'] === undefined ? 1 : secondsIn(e['granularity'], 'granularity'),
  };
}

function predicateOf(where: unknown, metric: MetricInfo, d: Description): BoardPanel['predicate'] {
  if (typeof where === 'object' && where !== null) return where as BoardPanel['predicate'];
  if (typeof where !== 'string') throw new Error('where must be a text such as latency > 10ms');
  return where === '' ? {} : whereOf(where, metric, d);
}

function known(entry: unknown, names: readonly string[]): Entry {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
    throw new Error(`must have ${names.join(', ')}`);
  const strange = Object.keys(entry).find((name) => !names.includes(name));
  if (strange !== undefined) throw new Error(`has ${strange}, which is none of ${names.join(', ')}`);
  return entry as Entry;
}

function secondsIn(value: unknown, what: string): number {
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new Error(`${what} must be a time such as 5m`);
  return wholeSecondsOf(String(value), what);
}

export function boardChanges(wanted: readonly Board[], there: readonly BoardResource[]): BoardChanges {
  const left = new Map(there.map((board) => [board.name, board]));
  const create: Board[] = [];
  const change: { from: BoardResource; board: Board }[] = [];
  const keep: BoardResource[] = [];
  for (const board of wanted) {
    const found = left.get(board.name);
    left.delete(board.name);
    if (found === undefined) create.push(board);
    else if (isDeepStrictEqual(bodyOf(found), bodyOf(board))) keep.push(found);
    else change.push({ from: found, board });
  }
  return { create, change, keep, remove: [...left.values()] };
}

/** Without the properties that the service adds. */
export function bodyOf({ name, window, variables, panels }: Board): Board {
  return { name, ...(window === undefined ? {} : { window }), variables, panels };
}

/** As a file that `cactl apply` reads. */
export function boardsDocument(boards: readonly Board[], d: Description): unknown {
  return {
    boards: boards.map(({ name, window, variables, panels }) => ({
      name,
      ...(window === undefined ? {} : { window }),
      ...(variables.length === 0
        ? {}
        : {
            variables: variables.map(({ field, value }) =>
              value === undefined ? field : { [field]: value },
            ),
          }),
      panels: panels.map(({ module, stat, decomposition, predicate, granularity, ...looks }) => ({
        metric: `${module}.${stat}`,
        ...(decomposition.length === 0 ? {} : { by: decomposition }),
        ...(Object.keys(predicate).length === 0 ? {} : { where: readable(predicate, d) }),
        ...(granularity === 1 ? {} : { granularity }),
        ...looks,
      })),
    })),
  };
}

/** As text where the types of its fields are known, else as it is. */
function readable(predicate: BoardPanel['predicate'], d: Description): unknown {
  try {
    const checked = parsePredicate(predicate, (field) => typeOfField(d, undefined, field));
    return predicateText(checked, (field) => typeOfField(d, undefined, field) ?? 'any');
  } catch {
    return predicate;
  }
}
