/*
 * A question on the command line: METRIC --by fields --where text and further options. In: arguments and options, and
 * the metric's fields. Out: properties for POST …/instrumentations; the API checks them again.
 */
import { LIMITS } from '../../common/service/limits';
import type { MetricInfo } from '../../common/api/catalogue';
import type { CloneRequest, InstrumentationAnswer, QuestionRequest } from '../../common/api/instrumentation';
import { messageOf } from '../../common/service/errors';
import { predicateText } from '../../common/model/predicate/predicate-text';
import { isNumeric } from '../../common/model/field';
import {
  parsePredicate,
  toPlainPredicate,
  type PlainPredicate,
  type Predicate,
} from '../../common/model/predicate/predicate';
import type { Option } from '../cli/command';
import { UsageError, type Options } from '../cli/options';
import { nearest } from '../../common/model/nearest';
import { readPredicate } from '../cli/predicate';
import { typeOfField, type Description } from '../cli/system/resources';
import { idleSecondsOf, wholeSecondsOf } from '../cli/system/session';

const TUNING: readonly Option[] = [
  {
    name: 'granularity',
    short: 'g',
    value: 'TIME',
    about: 'length of one slot: 1s (default) or a multiple of 5s',
  },
  { name: 'retention', value: 'TIME', about: 'how long values are kept, such as 10m (default) or 1h' },
  {
    name: 'idle',
    value: 'TIME',
    about: 'delete it when nobody has looked for so long (default 1h); never: only when somebody says so',
  },
  { name: 'persist', about: 'keep its values on disk too' },
  { name: 'replicas', value: 'N', about: 'how many aggregators have its values; with 2, one may fail' },
];

export const QUESTION: readonly Option[] = [
  {
    name: 'by',
    short: 'b',
    value: 'FIELDS',
    about: 'break down by these fields, with commas: at most one discrete and one numeric',
    complete: 'field',
  },
  {
    name: 'where',
    short: 'w',
    value: 'PREDICATE',
    about: 'count only these: execname == "mysqld" && latency > 10ms',
  },
  ...TUNING,
];

export function replicasOf(text: string | undefined): number {
  const replicas = Number(text);
  if (Number.isInteger(replicas) && replicas >= 1 && replicas <= LIMITS.replicas) return replicas;
  throw new UsageError(`--replicas must be 1 to ${LIMITS.replicas}, not ${text ?? ''}`);
}

function tuningOf(options: Options): CloneRequest {
  const seconds = (name: string): number | undefined => {
    const text = options.get(name);
    return text === undefined ? undefined : wholeSecondsOf(text, `--${name}`);
  };
  const granularity = seconds('granularity');
  const retention = seconds('retention');
  const given = options.get('idle');
  const idle = given === undefined ? undefined : idleSecondsOf(given);
  return {
    ...(granularity === undefined ? {} : { granularity }),
    ...(retention === undefined ? {} : { 'retention-time': retention }),
    ...(idle === undefined ? {} : { 'idle-max': idle }),
    ...(options.has('persist') ? { 'persist-data': true } : {}),
    ...(options.has('replicas') ? { replicas: replicasOf(options.get('replicas')) } : {}),
  };
}

/** Throws a UsageError, or a PredicateTextError that knows the column. */
export function propertiesOf(options: Options, metric: MetricInfo, d: Description): QuestionRequest {
  const by = options.get('by');
  const where = options.get('where');
  return {
    module: metric.module,
    stat: metric.stat,
    ...(by === undefined ? {} : { decomposition: fieldsOf(by, metric, d) }),
    ...(where === undefined ? {} : { predicate: whereOf(where, metric, d) }),
    ...tuningOf(options),
  };
}

export function whereOf(text: string, metric: MetricInfo, d: Description): PlainPredicate {
  return toPlainPredicate(readPredicate(text, (field) => typeOfField(d, metric, field), metric.fields));
}

/** The readable form of an instrumentation's predicate; '' when it counts everything. */
export function whereText(i: Pick<InstrumentationAnswer, 'predicate'>, d: Description | undefined): string {
  const checked = checkedPredicate(i.predicate, d);
  if (checked === undefined) return JSON.stringify(i.predicate);
  return checked.kind === 'always' ? '' : predicateText(checked, (f) => typesOf(d, f) ?? 'any');
}

function typesOf(d: Description | undefined, field: string) {
  return d === undefined ? undefined : typeOfField(d, undefined, field);
}

function checkedPredicate(plain: unknown, d: Description | undefined): Predicate | undefined {
  try {
    return parsePredicate(plain ?? {}, (field) => typesOf(d, field));
  } catch {
    return undefined; // a field that no node offers now: its type is not known, so it is shown as JSON
  }
}

function fieldsOf(text: string, metric: MetricInfo, d: Description): string[] {
  const fields = text
    .split(',')
    .map((f) => f.trim())
    .filter((f) => f !== '');
  try {
    checkFields(fields, metric, d);
  } catch (error) {
    throw new UsageError(`--by: ${messageOf(error)}`);
  }
  return fields;
}

export function checkFields(fields: readonly string[], metric: MetricInfo, d: Description): void {
  for (const field of fields) {
    if (metric.fields.includes(field)) continue;
    const near = nearest(field, metric.fields);
    const hint = near === undefined ? `it has ${metric.fields.join(', ')}` : `did you mean ${near}?`;
    throw new Error(`${metric.module}.${metric.stat} has no field ${field}; ${hint}`);
  }
  const numeric = fields.filter((field) => isNumeric(typeOfField(d, metric, field) ?? 'string'));
  const discrete = fields.filter((field) => !numeric.includes(field));
  const [two] = [discrete, numeric].filter(({ length }) => length > 1);
  if (two === undefined) return;
  const kind = two === numeric ? 'numbers' : 'text';
  throw new Error(
    `${two.join(' and ')} are both ${kind}: break down by one text field and one number, and filter by the others (--where)`,
  );
}
