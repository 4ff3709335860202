/*
 * A file of instrumentations, and what it would change. In: the file's content, those there are. Out: what to create,
 * what to change, what to keep and what to delete. Pure.
 *
 * Instrumentations have no names, so the question itself is the identity: metric, breakdown, predicate and granularity.
 * Retention, idle time, persistence, replicas and ways out can be changed in place.
 */
import type {
  ChangesRequest,
  InstrumentationAnswer,
  QuestionRequest,
} from '../../common/api/instrumentation';
import { isDeepStrictEqual } from 'node:util';
import {
  parsePredicate,
  toPlainPredicate,
  type PlainPredicate,
} from '../../common/model/predicate/predicate';
import { UsageError } from '../cli/options';
import { messageOf } from '../../common/service/errors';
import { checkFields, replicasOf, whereOf } from './question';
import { metricOf, typeOfField, type Description } from '../cli/system/resources';
import { wholeSecondsOf } from '../cli/system/session';

export interface Wanted {
  readonly label: string;
  readonly identity: string;
  readonly body: QuestionRequest;
  /** Those of the changeable properties that the file names. */
  readonly tuning: ChangesRequest;
}

export interface Changes {
  readonly create: readonly Wanted[];
  readonly change: readonly {
    readonly id: string;
    readonly wanted: Wanted;
    readonly from: ChangesRequest;
  }[];
  readonly keep: readonly { readonly id: string; readonly wanted: Wanted }[];
  readonly remove: readonly InstrumentationAnswer[];
}

const KNOWN = ['metric', 'by', 'where', 'granularity', 'retention', 'idle', 'persist', 'replicas', 'export'];

/** undefined: the file is about boards alone. Throws a UsageError that names the entry at fault. */
export function readWanted(content: unknown, file: string, d: Description): Wanted[] | undefined {
  const { instrumentations: list, boards } = (content ?? {}) as {
    instrumentations?: unknown;
    boards?: unknown;
  };
  if (list === undefined && boards !== undefined) return undefined;
  if (!Array.isArray(list))
    throw new UsageError(`${file} must hold a list called instrumentations, or one called boards`);
  const seen = new Map<string, number>();
  return list.map((entry: unknown, i) => {
    const place = `${file}, entry ${i + 1}`;
    try {
      const wanted = readEntry(entry, d);
      const twin = seen.get(wanted.identity);
      if (twin !== undefined) throw new Error(`asks the same as entry ${twin}`);
      seen.set(wanted.identity, i + 1);
      return wanted;
    } catch (error) {
      throw new UsageError(`${place}: ${messageOf(error)}`);
    }
  });
}

function readEntry(entry: unknown, d: Description): Wanted {
  if (typeof entry !== 'object' || entry === null)
    throw new Error('must be like {metric: disk.physio_ops, by: [latency]}');
  const e = entry as Readonly<Record<string, unknown>>;
  const strange = Object.keys(e).find((name) => !KNOWN.includes(name));
  if (strange !== undefined) throw new Error(`has ${strange}, which is none of ${KNOWN.join(', ')}`);
  if (typeof e['metric'] !== 'string') throw new Error('metric is missing');
  const metric = metricOf(d, e['metric']);
  const by = typeof e['by'] === 'string' ? e['by'].split(',').map((f) => f.trim()) : (e['by'] ?? []);
  if (!Array.isArray(by) || !by.every((f): f is string => typeof f === 'string'))
    throw new Error('by must be a list of fields');
  checkFields(by, metric, d);
  const where = e['where'] ?? '';
  if (typeof where !== 'string') throw new Error('where must be a text such as latency > 10ms');
  const predicate = whereOf(where, metric, d);
  const granularity = e['granularity'] === undefined ? 1 : secondsIn(e['granularity'], 'granularity');
  const tuning: ChangesRequest = {
    ...(e['retention'] === undefined ? {} : { 'retention-time': secondsIn(e['retention'], 'retention') }),
    ...(e['idle'] === undefined
      ? {}
      : { 'idle-max': e['idle'] === 'never' ? 0 : secondsIn(e['idle'], 'idle') }),
    ...(e['persist'] === undefined ? {} : { 'persist-data': e['persist'] === true }),
    ...(e['replicas'] === undefined ? {} : { replicas: replicasOf(JSON.stringify(e['replicas'])) }),
    // The service checks its contents.
    ...(e['export'] === undefined ? {} : { export: e['export'] as NonNullable<ChangesRequest['export']> }),
  };
  const question = { module: metric.module, stat: metric.stat, decomposition: by, predicate, granularity };
  const label = [
    e['metric'],
    by.length > 0 ? `by ${by.join(',')}` : '',
    where === '' ? '' : `where ${where}`,
    granularity === 1 ? '' : `every ${granularity}s`,
  ];
  return {
    label: label.filter((part) => part !== '').join(' '),
    identity: identityOf(question),
    body: { ...question, ...tuning },
    tuning,
  };
}

function secondsIn(value: unknown, what: string): number {
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new Error(`${what} must be a time such as 10m`);
  return wholeSecondsOf(String(value), what);
}

type Question = Pick<
  InstrumentationAnswer,
  'module' | 'stat' | 'decomposition' | 'predicate' | 'granularity'
>;

function identityOf({ module, stat, decomposition, predicate, granularity }: Question): string {
  return JSON.stringify([module, stat, decomposition, predicate, granularity]);
}

/** The default of a property that is not shown. */
const NOTHING: ChangesRequest = { export: {} };

export function changesBetween(
  wanted: readonly Wanted[],
  there: readonly InstrumentationAnswer[],
  d: Description,
): Changes {
  const left = new Map<string, InstrumentationAnswer[]>();
  for (const i of there) {
    const identity = identityOf({ ...i, predicate: normal(i.predicate, d) });
    left.set(identity, [...(left.get(identity) ?? []), i]);
  }
  const create: Wanted[] = [];
  const change: { id: string; wanted: Wanted; from: ChangesRequest }[] = [];
  const keep: { id: string; wanted: Wanted }[] = [];
  for (const w of wanted) {
    const found = left.get(w.identity)?.shift();
    if (found === undefined) {
      create.push(w);
      continue;
    }
    const from = Object.fromEntries(
      (Object.keys(w.tuning) as (keyof ChangesRequest)[])
        .filter((k) => !isDeepStrictEqual(found[k] ?? NOTHING[k], w.tuning[k]))
        .map((k) => [k, found[k]]),
    );
    if (Object.keys(from).length === 0) keep.push({ id: found.id, wanted: w });
    else change.push({ id: found.id, wanted: w, from });
  }
  return { create, change, keep, remove: [...left.values()].flat() };
}

function normal(plain: PlainPredicate, d: Description): PlainPredicate {
  try {
    return toPlainPredicate(parsePredicate(plain, (field) => typeOfField(d, undefined, field)));
  } catch {
    return plain;
  }
}
