/*
 * For tests: random predicates and events, and whether a predicate holds for an event. In: a seed, through fast-check.
 * Out: D text in which the event's own values stand in place of kernel expressions; and the right answer.
 */
import fc from 'fast-check';
import { bytesFromName } from '../../../../../common/model/name';
import { evaluate, type Constant, type Predicate } from '../../../../../common/model/predicate/predicate';
import {
  numberComparisons,
  predicatesOf,
  textComparisons,
} from '../../../../../common/model/testing/random-predicate';
import { predicateText, type PlainField } from '../predicate';
import { quote } from '../quote';

const texts = fc.oneof(
  fc.constantFrom(
    '',
    'x',
    'x") || (zonename != "',
    '"',
    '\\',
    '\\"',
    '*/',
    '$target',
    '%s\n',
    'a\\x41',
    '\\xff',
    '0',
    'é',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }).filter((s) => !s.includes('\0')),
);
const numbers = fc.oneof(
  fc.integer({ min: -20, max: 20 }),
  fc.double({ min: -20, max: 20, noNaN: true }),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, -0, 1e15 + 0.5),
);
const leaf: fc.Arbitrary<Predicate> = fc.oneof(
  fc.constant<Predicate>({ kind: 'always' }),
  textComparisons(['execname', 'zonename'], texts),
  textComparisons(
    ['pid'],
    fc.oneof(
      texts,
      fc.integer({ min: -5, max: 30 }).map(String),
      fc.constantFrom('007', '-0', '1e1', '99999999999999999999'),
    ),
  ),
  numberComparisons(['latency'], numbers),
);
export const predicate = predicatesOf(leaf, { maxDepth: 3, maxMembers: 3 });
export const event = fc.record({
  execname: texts,
  zonename: texts,
  pid: fc.integer({ min: 0, max: 30 }),
  latency: fc.oneof(fc.integer({ min: -20, max: 20 }), fc.constant(Number.MAX_SAFE_INTEGER)),
});
export type Event = { execname: string; zonename: string; pid: number; latency: number };

/** The event's own values in place of kernel expressions. */
export function withValues(p: Predicate, e: Event): string {
  const fields = new Map<string, PlainField>([
    ['execname', quote(e.execname) ?? ''],
    ['zonename', quote(e.zonename) ?? ''],
    ['pid', { integer: String(e.pid) }],
    ['latency', String(e.latency)],
  ]);
  return predicateText(p, (name) => fields.get(name) ?? '');
}

/** As evaluate() sees it: texts are compared by their bytes, and discrete numbers as texts. */
export function expected(p: Predicate, e: Event): boolean {
  const bytes = (text: string): string => bytesFromName(text).toString('latin1');
  const values: Record<string, Constant> = {
    execname: bytes(e.execname),
    zonename: bytes(e.zonename),
    pid: String(e.pid),
    latency: e.latency,
  };
  const normal = (q: Predicate): Predicate => {
    if (q.kind === 'always') return q;
    if (q.kind !== 'compare') return { ...q, members: q.members.map(normal) };
    return typeof q.constant === 'string' && q.field !== 'pid' ? { ...q, constant: bytes(q.constant) } : q;
  };
  return evaluate(normal(p), (field) => values[field]);
}
