/*
 * What of a filter can be decided when an event begins. In: a predicate, the fields of its end, what is kept at its
 * beginning. Out: a condition that every event which will match fulfils; for events that cannot be kept: they are lost only
 * to questions that might have counted them.
 *
 * What was kept is what its beginning gathers; who runs then is who runs at the end where events are told apart by thread.
 * The rest, such as results and times, is not known: there everything might match.
 */
import { ALWAYS, type Predicate } from '../../../../../common/model/predicate/predicate';
import type { Expression } from '../../../metrics/language/expression';
import type { FieldExpression, Identity, Observation, Step } from '../../../metrics/language/observation';
import { conditionOf, resolveField } from './field';
import { TRUE, type Node } from './node';
import type { Surroundings } from './resolve';

type Keep = Step & { kind: 'keep' };

interface Asked {
  readonly predicate: Predicate;
  readonly isNumeric: (field: string) => boolean;
}

export function foreseen(
  { probes }: Observation,
  { by, values }: Keep,
  { predicate, isNumeric }: Asked,
  at: Surroundings,
): Node {
  const counts = probes.flatMap(({ steps }) => steps.filter((step) => step.kind === 'count'));
  const [count] = counts;
  if (count === undefined || counts.length > 1) return TRUE;
  const atBeginning = (field: string): FieldExpression | undefined => {
    const expression = Object.hasOwn(count.fields, field) ? count.fields[field] : undefined;
    return expression === undefined || !('kind' in expression)
      ? undefined
      : known(expression, (e) => substituted(e, values, by));
  };
  const possible = relaxed(predicate, (field) => atBeginning(field) !== undefined);
  return conditionOf(possible, isNumeric, (field) => {
    const expression = atBeginning(field);
    if (expression === undefined) throw new TypeError(`${field} is not known when an event begins`);
    return resolveField(expression, at);
  });
}

/** Comparisons of other fields hold. */
function relaxed(p: Predicate, isKnown: (field: string) => boolean): Predicate {
  if (p.kind === 'and' || p.kind === 'or')
    return { ...p, members: p.members.map((member) => relaxed(member, isKnown)) };
  return p.kind === 'compare' && !isKnown(p.field) ? ALWAYS : p;
}

function known(
  e: FieldExpression,
  of: (e: Expression) => Expression | undefined,
): FieldExpression | undefined {
  if (e.kind === 'zone' || e.kind === 'command' || e.kind === 'function' || e.kind === 'rewritten')
    return undefined;
  if (e.kind === 'named') {
    const value = of(e.value);
    return value === undefined ? undefined : { ...e, value };
  }
  if (e.kind === 'pair') {
    const [first, second] = [of(e.first), of(e.second)];
    return first === undefined || second === undefined ? undefined : { ...e, first, second };
  }
  return of(e);
}

const RUNNING: readonly Expression['kind'][] = [
  'thread',
  'process',
  'threadname',
  'cgroup',
  'psargs',
  'task',
];
const FIXED: readonly Expression['kind'][] = ['integer', 'text', 'hostname', 'sizeOf'];

/** The expression as it is when the event begins; undefined where that cannot be told then. */
function substituted(
  e: Expression,
  values: Readonly<Record<string, Expression>>,
  by: Identity,
): Expression | undefined {
  if (e.kind === 'kept') return Object.hasOwn(values, e.name) ? values[e.name] : undefined;
  if (FIXED.includes(e.kind)) return e;
  if (RUNNING.includes(e.kind)) return by === 'thread' ? e : undefined;
  const parts = (all: readonly Expression[]): Expression[] | undefined => {
    const found = all.flatMap((one) => substituted(one, values, by) ?? []);
    return found.length === all.length ? found : undefined;
  };
  switch (e.kind) {
    case 'member':
    case 'cast':
    case 'pointerAt':
    case 'string':
    case 'not': {
      const of = substituted(e.of, values, by);
      return of === undefined ? undefined : { ...e, of };
    }
    case 'arithmetic':
    case 'compare': {
      const [left, right] = parts([e.left, e.right]) ?? [];
      return left === undefined || right === undefined ? undefined : { ...e, left, right };
    }
    case 'all':
    case 'any': {
      const members = parts(e.members);
      return members === undefined ? undefined : { ...e, members };
    }
    case 'choose': {
      const [when, then, otherwise] = parts([e.when, e.then, e.otherwise]) ?? [];
      if (when === undefined || then === undefined || otherwise === undefined) return undefined;
      return { ...e, when, then, otherwise };
    }
    case 'either': {
      const of = parts(e.of);
      return of === undefined ? undefined : { ...e, of };
    }
    case 'arch': {
      const [x64, arm64] = parts([e.x64, e.arm64]) ?? [];
      return x64 === undefined || arm64 === undefined ? undefined : { ...e, x64, arm64 };
    }
    default:
      return undefined;
  }
}
