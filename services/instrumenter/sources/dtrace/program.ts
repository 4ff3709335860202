/*
 * Question -> D program. In: an instrumentation and the clauses of its metric. Out: the program's text, and how to
 * read what it prints. Next: child.ts runs it, output.ts reads it.
 *
 * Two aggregations take turns, one second each, so that nothing is counted between printing and emptying:
 *
 *     @even[execname] = llquantize(timestamp - self->k_start, 10, 0, 14, 100);
 *
 * When the second ends, the other one takes over; 200 ms later, when no CPU can still be adding to the first and
 * its sums have reached user space, it is printed and emptied. Each second is printed as a block:
 *
 *     S 1795233312          the second
 *     K execname 17         a row (a distribution's picture follows it)
 *     E 1795233312          all of it was printed
 */
import { LOG_GRID, type Grid } from '../../../../common/model/bucket';
import {
  breakdownOf,
  gridOfInstrumentation,
  type Instrumentation,
} from '../../../../common/model/instrumentation';
import { LIMITS } from '../../../../common/service/limits';
import { predicateFields } from '../../../../common/model/predicate/predicate';
import { shapeOf, type Shape } from '../../../../common/model/value';
import type { Clause, D, DField, Tag } from '../../metrics/language/clause';
import type { FieldName } from '../../metrics/language/fields';
import type { Names } from '../../metrics/language/observation';
import { predicateText, type PlainField } from './predicate';
import { quote } from './quote';

/** Memory of one aggregation on one CPU. */
const AGGREGATION_BYTES = 8 * 1024 * 1024;

/** What output.ts needs to know. */
export interface Format {
  readonly shape: Shape;
  /** Of the numeric field, if there is one. */
  readonly grid: Grid;
  /** The discrete field is a number. */
  readonly integerKey: boolean;
  /** Names of its numbers. */
  readonly names?: Names;
}

export interface Program {
  readonly text: D;
  readonly format: Format;
}

/** The machine that the program runs on. */
export interface Machine {
  readonly host: string;
  readonly architecture: 'x64' | 'arm64';
}

export type Question = Pick<Instrumentation, 'predicate' | 'decomposition' | 'fields'>;

/** Sums reach user space this often, and the program's clock ticks this often (also in a D probe name). */
const OPTIONS: readonly (readonly [string, string])[] = [
  ['quiet', ''],
  // Room for the NUL.
  ['strsize', `=${LIMITS.keyBytes + 1}`],
  ['aggsize', `=${AGGREGATION_BYTES}`],
  ['bufsize', '=64k'],
  ['dynvarsize', '=16m'],
  ['aggrate', '=20hz'],
  ['switchrate', '=20hz'],
  ['cleanrate', '=101hz'],
];
/**
 * On every CPU: `tick` belongs to one, and an idle virtual CPU may take its timer's interrupts without firing a probe.
 * 3.5 µs each on Linux (measured): an enabling costs every CPU 0.04 % of its time.
 */
const TICK = 'profile:::profile-100hz';
/** A CPU that keeps the clock and does not fire for this long loses it to one that does. */
const KEEPER_NS = 50_000_000;
/** Between the end of a second and its printing. */
const SETTLE_NS = 200_000_000;

/** Clauses must know every field that the question names; see fieldsOf(). */
export function programOf(question: Question, clauses: readonly Clause[], machine: Machine): Program {
  const { discrete, numeric } = breakdownOf(question);
  const grid = gridOfInstrumentation(question);
  const needed = new Set([
    ...(discrete === undefined ? [] : [discrete]),
    ...(numeric === undefined ? [] : [numeric]),
    ...predicateFields(question.predicate),
  ]);
  const kept = keptNames(clauses, needed);
  const context = { question, discrete, numeric, grid, kept, machine };
  const body = [
    ...declarations(clauses, context),
    ...clauses.flatMap((clause) => clauseTexts(clause, context)),
  ];
  const key = discrete === undefined ? undefined : discreteKey(clauses, discrete, machine);
  return {
    text: [
      ...OPTIONS.map(([name, value]) => `#pragma D option ${name}${value}`),
      ...(clauses.some((c) => c.probes.some(isOfProgram)) ? ['#pragma D option zdefs'] : []),
      '',
      'int odd; int last; int64_t second; int64_t closed; int64_t due; int keeper; int64_t beat;',
      // Its empty line means that everything is attached.
      'dtrace:::BEGIN { second = walltimestamp / 1000000000; printf("\\n"); }',
      ...body,
      ...clockTexts(key),
      '',
    ].join('\n'),
    format: {
      shape: shapeOf({ discrete: discrete !== undefined, numeric: numeric !== undefined }),
      grid,
      integerKey: typeof key === 'object',
      ...(typeof key === 'object' && key.names !== undefined ? { names: key.names } : {}),
    },
  };
}

/** The fields that these clauses have for every event they count. */
export function fieldsOf(clauses: readonly Clause[]): FieldName[] {
  const lists = clauses.flatMap(({ count }) => (count === undefined ? [] : [Object.keys(count.fields)]));
  const [first = []] = lists;
  return ['hostname', ...(first.filter((field) => lists.every((l) => l.includes(field))) as FieldName[])];
}

/** A provider named with * is that of user programs, which may start later. */
export function isOfProgram(probe: string): boolean {
  return probe.slice(0, probe.indexOf(':')).endsWith('*');
}

interface Context {
  readonly question: Question;
  readonly discrete: string | undefined;
  readonly numeric: string | undefined;
  readonly grid: Grid;
  /** Names of the values to keep for this question. */
  readonly kept: ReadonlySet<string>;
  readonly machine: Machine;
}

/** The expression of a field on this machine. */
function fieldOf(count: NonNullable<Clause['count']>, name: string, machine: Machine): PlainField {
  if (name === 'hostname') return quote(machine.host) ?? '""';
  const field = Object.hasOwn(count.fields, name) ? count.fields[name as FieldName] : undefined;
  if (field === undefined) throw new TypeError(`the metric has no field ${name} here`);
  if (typeof field === 'string') return field;
  const { integer, names } = field;
  if (names === undefined) return { integer };
  return { integer, names: 'x64' in names ? names[machine.architecture] : names };
}

function discreteKey(clauses: readonly Clause[], discrete: string, machine: Machine): PlainField {
  const count = clauses.find((c) => c.count !== undefined)?.count;
  if (count === undefined) throw new TypeError('clauses that count nothing');
  return fieldOf(count, discrete, machine);
}

const textOf = (field: DField): D => (typeof field === 'string' ? field : field.integer);
const PLACEHOLDER = /\{(\w+)\}/g;

/** What the D of counting clauses refers to, directly or through what is kept. */
function keptNames(clauses: readonly Clause[], needed: ReadonlySet<string>): Set<string> {
  const texts = clauses.flatMap(({ count, when }) => [
    when ?? '',
    count?.ends ?? '',
    count?.amount ?? '',
    ...Object.entries(count?.fields ?? {}).flatMap(([name, field]) =>
      needed.has(name) ? [textOf(field)] : [],
    ),
  ]);
  return new Set(texts.flatMap((text) => [...text.matchAll(PLACEHOLDER)].map((match) => match[1] ?? '')));
}

/** Where values are kept: with the thread, or in an array by the tag. */
function place(tag: Tag, name: string): D {
  return tag === 'thread' ? `self->k_${name}` : `g_${name}[${tag.join(', ')}]`;
}

function resolve(text: D, tag: Tag | undefined): D {
  return text.replace(PLACEHOLDER, (_whole, name: string) => {
    if (tag === undefined) throw new TypeError(`nothing is kept, so there is no {${name}}`);
    return place(tag, name);
  });
}

function clauseTexts(clause: Clause, context: Context): D[] {
  const { keep, count, forget, when } = clause;
  const probes = clause.probes.join(',\n');
  const texts: D[] = [];
  const ends = count?.ends === undefined ? [] : [`(${resolve(count.ends, count.by)})`];
  const emit = (conditions: readonly D[], actions: readonly D[]): void => {
    const predicate = conditions.filter((c) => c !== '1').join(' && ');
    texts.push(`${probes}${predicate === '' ? '' : `\n/${predicate}/`}\n{ ${actions.join(' ')} }`);
  };
  if (keep !== undefined) {
    const values = Object.entries(keep.values).filter(([name]) => context.kept.has(name));
    emit(
      when === undefined ? [] : [`(${resolve(when, keep.by)})`],
      [['kept', '1'] as const, ...values].map(
        ([name, value]) => `${place(keep.by, name)} = ${resolve(value, keep.by)};`,
      ),
    );
  }
  if (count !== undefined) {
    const conditions = [
      ...(count.by === undefined ? [] : [place(count.by, 'kept')]),
      ...ends,
      ...(when === undefined ? [] : [`(${resolve(when, count.by)})`]),
      resolve(
        predicateText(context.question.predicate, (f) => fieldOf(count, f, context.machine)),
        count.by,
      ),
    ];
    const { discrete, numeric, machine } = context;
    const key =
      discrete === undefined ? '' : `[${resolve(textOf(fieldOf(count, discrete, machine)), count.by)}]`;
    const sum = aggregation(count, numeric, context);
    emit(['!odd', ...conditions], [`@even${key} = ${sum};`]);
    emit(['odd', ...conditions], [`@odd${key} = ${sum};`]);
  }
  const ended = count?.by ?? forget;
  if (ended !== undefined) {
    emit(
      [place(ended, 'kept'), ...ends],
      ['kept', ...[...context.kept].filter((name) => name !== 'kept')].map(
        (name) => `${place(ended, name)} = 0;`,
      ),
    );
  }
  return texts;
}

/**
 * D learns the type of an array from its first assignment, which must stand before every use: where a moment ends
 * one event and then begins the next, a clause that never runs says it first.
 */
function declarations(clauses: readonly Clause[], context: Context): D[] {
  const firstUse = clauses.findIndex(({ count, forget }) => (count?.by ?? forget) !== undefined);
  const firstKeep = clauses.findIndex(({ keep }) => keep !== undefined);
  const keeping = clauses[firstKeep];
  if (firstUse < 0 || firstUse > firstKeep || keeping === undefined) return [];
  return clauseTexts({ ...keeping, when: '0' }, context);
}

function aggregation(count: NonNullable<Clause['count']>, numeric: string | undefined, context: Context): D {
  if (numeric === undefined) {
    return count.amount === undefined ? 'count()' : `sum((int64_t)(${resolve(count.amount, count.by)}))`;
  }
  if (count.amount !== undefined) throw new TypeError('amounts have no distribution here');
  const value = `(int64_t)(${resolve(textOf(fieldOf(count, numeric, context.machine)), count.by)})`;
  const { grid } = context;
  // Magnitudes 0 to 14 by hundredths are LOG_GRID: steps of 1 below 100, of 10 below 1000, …
  if (grid === LOG_GRID) return `llquantize(${value}, 10, 0, 14, 100)`;
  const step = grid.floorOf(1);
  return `lquantize(${value}, 0, ${step * grid.size}, ${step})`;
}

function clockTexts(key: PlainField | undefined): D[] {
  const column = key === undefined ? '' : typeof key === 'string' ? ' %S' : ' %d';
  const print = (which: string): D =>
    `printf("S %d\\n", closed); printa("K${column} %@d\\n", ${which}); trunc(${which}); printf("E %d\\n", closed);`;
  // By the clock, not by counting ticks: under load some are missing. The next second is closed after this one is printed.
  // Globals have no locks, so one CPU does it: of those that take the clock over at the same moment, the one whose
  // number stayed. Signed, or a `beat` of the next nanosecond would be ages ago.
  const mine = `${TICK} /cpu == keeper`;
  return [
    `${TICK} /cpu != keeper && (int64_t)timestamp - beat > ${KEEPER_NS}/`,
    '{ keeper = cpu; beat = timestamp; }',
    `${mine}/ { beat = timestamp; }`,
    `${mine} && !due && walltimestamp / 1000000000 != second/`,
    '{ second = walltimestamp / 1000000000; closed = second - 1; odd = !odd;',
    `  due = timestamp + ${SETTLE_NS}; last = odd ? 1 : 2; }`,
    `${mine} && due && timestamp >= due && last == 1/`,
    `{ ${print('@even')} due = 0; last = 0; }`,
    `${mine} && due && timestamp >= due && last == 2/`,
    `{ ${print('@odd')} due = 0; last = 0; }`,
  ];
}
