/*
 * For tests: questions about a metric. In: a metric and fields. Out: the arguments of programOf(), one or many.
 */
import type { TypeName } from '../../../../common/model/field';
import { isNumeric } from '../../../../common/model/field';
import { ALWAYS, type Predicate } from '../../../../common/model/predicate/predicate';
import type { Clause } from '../../metrics/language/clause';
import { FIELDS, type FieldName } from '../../metrics/language/fields';
import { fieldsOf, type Program, type Question } from './program';

export function questionOf(decomposition: readonly string[], predicate: Predicate = ALWAYS): Question {
  const fields = Object.fromEntries(Object.entries(FIELDS).map(([name, field]) => [name, field.type]));
  return { decomposition, predicate, fields };
}

const typeOf = (field: string): TypeName => FIELDS[field as FieldName].type;

/** No field, each field alone, each numeric one with each discrete one; each field once in a predicate. */
export function allQuestions(clauses: readonly Clause[]): Question[] {
  const fields = fieldsOf(clauses);
  const numeric = fields.filter((field) => isNumeric(typeOf(field)));
  const discrete = fields.filter((field) => !isNumeric(typeOf(field)));
  const everyField: Predicate = {
    kind: 'and',
    members: fields.map((field) => ({
      kind: 'compare',
      op: isNumeric(typeOf(field)) ? 'gt' : 'ne',
      field,
      constant: isNumeric(typeOf(field)) ? 10 : 'x") || (1',
    })),
  };
  return [
    questionOf([]),
    questionOf([], everyField),
    ...fields.map((field) => questionOf([field])),
    ...discrete.flatMap((key) => numeric.map((number) => questionOf([key, number]))),
  ];
}

/**
 * One D program that holds the clauses of many, each metric with variables and each program with aggregations of its own:
 * dtrace takes a second of CPU to start, however much it is to compile.
 */
export function joined(metrics: readonly (readonly Program[])[]): string {
  const head = (text: string): number => text.indexOf('\n', text.indexOf('dtrace:::BEGIN')) + 1;
  const first = metrics.flat()[0];
  if (first === undefined) return '';
  return [
    first.text.slice(0, head(first.text)),
    ...metrics.flatMap((programs, m) =>
      programs.map(({ text }, p) =>
        text
          .slice(head(text))
          .replace(/@(even|odd)\b/g, `@$1_${m}_${p}`)
          .replace(/\b(self->k|g)_(?=\w)/g, `$1_${m}_`),
      ),
    ),
  ].join('\n');
}
