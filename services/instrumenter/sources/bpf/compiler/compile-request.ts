/*
 * What an instrumentation asks of a metric's description. In: both. Out: the question in compile.ts's words, and what
 * the source has to know of it besides.
 */
import { fieldType, gridOf, type TypeName } from '../../../../../common/model/field';
import { breakdownOf, type Instrumentation } from '../../../../../common/model/instrumentation';
import { predicateFields } from '../../../../../common/model/predicate/predicate';
import { FIELDS, type FieldName } from '../../../metrics/language/fields';
import type { Observation } from '../../../metrics/language/observation';
import type { Programs } from '../../../metrics/user';
import type { Question } from './plan';

/** The user programs that are observed; undefined when it is the kernel. */
export function programsOf(observation: Observation): Programs | undefined {
  for (const { at } of observation.probes) if (at.kind === 'user') return at.programs;
  return undefined;
}

/** Whether functions of the kernel are watched, or would be rather than what else there is. */
export function hooks({ probes, rather }: Observation): boolean {
  return rather !== undefined || probes.some(({ at }) => at.kind === 'function');
}

const LOOKED_UP: ReadonlySet<string> = new Set(['command', 'function', 'rewritten']);

/** Known only when the second is read: the kernel's program has nothing to compare. */
export function isLookedUp(observation: Observation | undefined, field: string): boolean {
  const counts = (observation?.probes ?? []).flatMap((p) => p.steps.filter((step) => step.kind === 'count'));
  return counts.some((step) => {
    const of = Object.hasOwn(step.fields, field) ? step.fields[field] : undefined;
    return of !== undefined && 'kind' in of && LOOKED_UP.has(of.kind);
  });
}

/** A metric may have fields that only other sources know. */
export function isDescribed(observation: Observation, field: string): boolean {
  const counts = observation.probes.flatMap((p) => p.steps.filter((step) => step.kind === 'count'));
  return counts.every((step) => Object.hasOwn(step.fields, field));
}

export function asksFor(i: Instrumentation, field: string): boolean {
  return [...i.decomposition, ...predicateFields(i.predicate)].includes(field);
}

export function isNumeric(field: string): boolean {
  return Object.hasOwn(FIELDS, field) && FIELDS[field as FieldName].type !== 'string';
}

export function questionOf(i: Instrumentation): Question {
  const { discrete, numeric } = breakdownOf(i);
  const typeOf = (field: string): TypeName => i.fields[field] ?? 'string';
  for (const field of [...i.decomposition, ...predicateFields(i.predicate)]) {
    if (!Object.hasOwn(i.fields, field)) throw new TypeError(`the type of field ${field} is not given`);
  }
  return {
    predicate: i.predicate,
    isNumeric: (field) => fieldType(typeOf(field)).arity === 'numeric',
    ...(discrete === undefined ? {} : { discrete }),
    ...(numeric === undefined ? {} : { numeric: { field: numeric, grid: gridOf(typeOf(numeric)) } }),
  };
}
