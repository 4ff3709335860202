/*
 * Which messages are shown. In: the command line's wishes. Out: a test of observed messages. All wishes must hold.
 */
import { parsePredicateText } from '../../common/predicate-text';
import { evaluate } from '../../common/predicate';
import type { Options } from '../cactl/command';
import { eventsOf, fqidsOf, type Observed } from './observed';
import { keyMatcher } from './pattern';

export type Filter = (o: Observed) => boolean;

/** Throws a PredicateTextError for a predicate that cannot be read. */
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
  if (types !== undefined) tests.push((o) => types.includes(o.type));
  const nodes = list('node');
  if (nodes !== undefined) tests.push((o) => nodes.includes(o.host));
  const ids = list('instrumentation')?.map((id) => (/^\d+$/.test(id) ? `global;${id}` : id));
  if (ids !== undefined) tests.push((o) => fqidsOf(o).some((fqid) => ids.includes(fqid)));
  const where = options.get('where');
  if (where !== undefined) {
    const predicate = parsePredicateText(where, () => 'any');
    tests.push((o) => eventsOf(o).some((event) => evaluate(predicate, event)));
  }
  return (o) => tests.every((test) => test(o));
}
