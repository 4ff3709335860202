/*
 * Figures by key, as in the resource value/top: percentiles, time spent, counts. In: an answer for each stretch.
 * Out: tables for people; JSON and CSV are the server's own.
 */
import type { TopAnswer } from '../../common/api/value';
import { UsageError, type Options } from '../cli/options';
import { shortText } from '../../common/model/unit';
import type { TypeName } from '../../common/model/field';
import type { Option } from '../cli/command';
import { table, type Column } from '../cli/screen/table';
import { instrumentationPath } from '../cli/system/resources';
import type { Session } from '../cli/system/session';
import { timeText, type Stretch } from '../cli/system/stretch';

export const FORM: Option = {
  name: 'output',
  short: 'o',
  value: 'FORM',
  about: 'text (default), json, or csv with units in the names of its columns',
  complete: ['text', 'json', 'csv'],
};
export const PERCENTILES: Option = {
  name: 'percentiles',
  value: 'LIST',
  about: 'which, with commas (default 50,95,99)',
};

export type Form = 'text' | 'json' | 'csv';

export function formOf(options: Options): Form {
  const form = options.get('output') ?? 'text';
  if (form === 'text' || form === 'json' || form === 'csv') return form;
  throw new UsageError(`-o must be text, json or csv, not ${form}`);
}

export interface FiguresQuery extends Stretch {
  readonly percentiles?: string | undefined;
  readonly sort?: string | undefined;
  readonly limit?: string | undefined;
  readonly ndatapoints?: string | undefined;
}

export async function figuresCsv(session: Session, id: string, query: FiguresQuery): Promise<void> {
  const path = `${instrumentationPath(id)}/value/top.csv`;
  session.io.out(await session.front.bytes(path, { query: { ...query }, accept: 'text/csv', extraMs: 5000 }));
}

export async function figures(session: Session, id: string, query: FiguresQuery): Promise<TopAnswer[]> {
  const path = `${instrumentationPath(id)}/value/top`;
  const answer = await session.front.json(path, { query: { ...query }, extraMs: 5000 });
  return (Array.isArray(answer) ? answer : [answer]) as TopAnswer[];
}

interface Words {
  /** Of the numeric field. */
  readonly type: TypeName | undefined;
  /** Of what is counted, where that is a quantity itself. */
  readonly metricType: TypeName | undefined;
  readonly unit: string;
  readonly discrete: string | undefined;
  readonly columns: number;
}

/** One line for each key and stretch; `timed`: with its time in front. */
export function figureLines(
  answers: readonly TopAnswer[],
  words: Words,
  { timed, nowMs }: { timed: boolean; nowMs: number },
): string[] {
  const names = namesIn(answers);
  const keyed = words.discrete !== undefined;
  const columns: Column[] = [
    ...(timed ? [{ title: 'TIME' }] : []),
    ...(keyed ? [{ title: words.discrete.toUpperCase(), least: 12 }] : []),
    ...names.map((name) => ({ title: titleOf(name, words), align: 'right' as const })),
  ];
  const rowsOf = ({ start_time, keys, total, omitted }: TopAnswer): string[][] => {
    const time = timed ? [timeText(start_time, nowMs)] : [];
    const cells = (of: TopAnswer['keys'][number] | TopAnswer['total']): string[] =>
      names.map((name) => cell(name, of[name], words));
    if (!keyed) return [[...time, ...cells(total)]];
    const rows = keys.map((figures) => [...time, figures.key, ...cells(figures)]);
    if (timed) return rows;
    const rest = omitted === 0 ? 'all keys' : `all keys (${omitted} more)`;
    return [...rows, [rest, ...cells(total)]];
  };
  return table(columns, answers.flatMap(rowsOf), words.columns);
}

function namesIn(answers: readonly TopAnswer[]): string[] {
  const names = new Set<string>();
  for (const { total, keys } of answers)
    for (const figures of [total, ...keys]) for (const name of Object.keys(figures)) names.add(name);
  names.delete('key');
  return [...names];
}

/** A sum of times is time spent, a sum of sizes is bytes moved: the heading says so. */
function titleOf(name: string, { type, unit }: Words): string {
  if (name === 'count') return unit.toUpperCase();
  if (name !== 'sum') return name.toUpperCase();
  return type === 'time' ? 'TIME SPENT' : type === 'size' ? 'BYTES' : 'SUM';
}

function cell(name: string, value: string | number | undefined, { type, metricType }: Words): string {
  if (typeof value !== 'number') return '-';
  if (name === 'count' || type === undefined) {
    return metricType === undefined ? String(value) : shortText(value, metricType);
  }
  return shortText(value, type);
}
