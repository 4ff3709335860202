/*
 * Which texts the discrete fields of a metric can have, as far as its description says. In: an observation.
 * Out: forms (common/model/predicate/text-form.ts) for the fields that differ from those of other metrics.
 */
import type { TextForm } from '../../../../common/model/metric';
import type { FieldExpression, Names, Observation } from './observation';
import { ADDRESSES } from './words';

/** Longer lists (system calls, errors) are shared by all metrics. */
const VALUES_MAX = 40;

export function formsOf(observation: Observation | undefined): Readonly<Record<string, TextForm>> {
  const forms = new Map<string, TextForm | undefined>();
  const counts = (observation?.probes ?? []).flatMap((p) => p.steps.filter((step) => step.kind === 'count'));
  for (const [field, expression] of counts.flatMap((step) => Object.entries(step.fields))) {
    for (const one of [expression].flat() as readonly FieldExpression[]) {
      const form = formOf(one);
      forms.set(field, forms.has(field) ? both(forms.get(field), form) : form);
    }
  }
  return Object.fromEntries(
    [...forms].flatMap(([field, form]) => (form === undefined ? [] : [[field, form]])),
  );
}

function formOf(expression: FieldExpression): TextForm | undefined {
  if (expression.kind === 'pair') return expression.names === ADDRESSES ? { is: 'address' } : undefined;
  if (expression.kind === 'userText') return { bytes: expression.bytes - 1 };
  if (expression.kind !== 'named') return undefined;
  const { names } = expression;
  const tables: readonly Names[] = 'x64' in names ? [names.x64, names.arm64] : [names];
  const known = tables.flatMap((one) => one.table ?? []);
  const values = [...new Set(known)];
  return values.length === 0 || values.length > VALUES_MAX ? undefined : { values };
}

/** The union of two forms of a field; undefined if either is not known. */
function both(a: TextForm | undefined, b: TextForm | undefined): TextForm | undefined {
  if (a === undefined || b === undefined) return undefined;
  if ('values' in a && 'values' in b) return { values: [...new Set([...a.values, ...b.values])] };
  if ('bytes' in a && 'bytes' in b) return { bytes: Math.max(a.bytes, b.bytes) };
  return 'is' in a && 'is' in b && a.is === b.is ? a : undefined;
}
