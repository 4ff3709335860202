/*
 * Which messages are shown. In: options of the command line. Out: a test of observed messages. All options must match.
 */
import { MESSAGE_TYPES } from '../../common/wire/message';
import { evaluate } from '../../common/model/predicate/predicate';
import { UsageError, type Options } from '../cli/options';
import { nearest } from '../../common/model/nearest';
import { readPredicate } from '../cli/predicate';
import { EVENT_FIELDS, eventsOf, fqidsOf, isEventField, type Observed } from './observed';
import { keyMatcher } from './pattern';

/** Values of Observed.type. */
const TYPES: readonly string[] = ['data', 'unknown', ...MESSAGE_TYPES];

export type Filter = (o: Observed) => boolean;

/** Throws a PredicateTextError for a predicate that cannot be read, and a UsageError for a type that does not exist. */
export function filterOf(options: Options): Filter {
  const tests: Filter[] = [];
  const list = (name: string): string[] | undefined =>
    options
      .get(name)
      ?.split(',')
      .map((s) => s.trim());

  const patterns = list('key')?.map(keyMatcher);
  if (patterns !== undefined)
    tests.push((o) => o.keys.some((key) => patterns.some((matches) => matches(key))));
  const types = list('type');
  for (const type of types ?? []) {
    if (!TYPES.includes(type)) throw new UsageError(`--type: there is no ${type}; ${hintOf(type)}`);
  }
  if (types !== undefined) tests.push((o) => types.includes(o.type));
  const nodes = list('node');
  if (nodes !== undefined) tests.push((o) => nodes.includes(o.host));
  const ids = list('instrumentation')?.map((id) => (/^\d+$/.test(id) ? `global;${id}` : id));
  if (ids !== undefined) tests.push((o) => fqidsOf(o).some((fqid) => ids.includes(fqid)));
  const where = options.get('where');
  if (where !== undefined) {
    const predicate = readPredicate(
      where,
      (field) => (isEventField(field) ? 'any' : undefined),
      EVENT_FIELDS,
    );
    tests.push((o) => eventsOf(o).some((event) => evaluate(predicate, event)));
  }
  return (o) => tests.every((test) => test(o));
}

function hintOf(type: string): string {
  const near = nearest(type, TYPES);
  return near === undefined ? `there are ${TYPES.join(', ')}` : `did you mean ${near}?`;
}
