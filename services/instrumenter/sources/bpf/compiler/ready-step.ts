/*
 * A step with everything resolved: what a program is made of. In: trees. Out: the shapes of steps, how what they keep is
 * stored, and which trees and kept values a step uses. plan.ts makes them, program.ts turns them into instructions.
 */
import type { Field } from './field';
import { eachPart, type Node, type TextNode } from './node';

/** An identity resolved: one per CPU, or a number. */
export type By = 'cpu' | Node;

interface NamedNode {
  readonly name: string;
  readonly node: Node;
}

export interface KeepStep {
  readonly kind: 'keep';
  readonly by: By;
  readonly inPlace: boolean;
  readonly when: Node;
  /** Where there is no room for it: whether the question might have counted the event. */
  readonly losing: Node;
  readonly values: readonly NamedNode[];
}
export interface CountStep {
  readonly kind: 'count';
  /** Absent: an event of one moment. */
  readonly by?: By;
  readonly inPlace: boolean;
  readonly goesOn: boolean;
  /** An end without a beginning: whether it counts, and with which values. */
  readonly unkept?: { readonly when: Node; readonly values: readonly NamedNode[] };
  /** What decides before what was kept is taken out, and after. */
  readonly when: Node;
  readonly condition: Node;
  /** Present: the zone decides as well. The cgroup's number, and the cases of the zone filter. */
  readonly zoned?: { readonly cgroup: Node; readonly cases: readonly Node[] };
  readonly discrete?: Field;
  readonly numeric?: Node;
  readonly amount: Node;
}
export interface ForgetStep {
  readonly kind: 'forget';
  readonly by: By;
  readonly inPlace: boolean;
  readonly when: Node;
}
export interface AmendStep {
  readonly kind: 'amend';
  readonly by: Node;
  readonly when: Node;
  readonly values: readonly NamedNode[];
}
export type ReadyStep = KeepStep | CountStep | AmendStep | ForgetStep;

/**
 * How what is kept is stored: one for each CPU, or by number. A step that works in place leaves the entry, and marks it
 * empty; otherwise it is removed when counted.
 */
export interface Keeping {
  readonly storage: 'cpu' | 'hash';
  /** One of 8 bytes each, in this order. The first is never 0 while an event is in flight. */
  readonly names: readonly string[];
}

/** The trees of a step, all of them. */
export function treesOf(step: ReadyStep): readonly (Node | TextNode)[] {
  const by = step.by === undefined || step.by === 'cpu' ? [] : [step.by];
  if (step.kind === 'forget') return [step.when, ...by];
  if (step.kind !== 'count') return [step.when, ...by, ...step.values.map((value) => value.node)];
  const { discrete, numeric, unkept } = step;
  return [
    step.when,
    ...by,
    ...(unkept === undefined ? [] : [unkept.when, ...unkept.values.map((value) => value.node)]),
    step.condition,
    ...(step.zoned === undefined ? [] : [step.zoned.cgroup, ...step.zoned.cases]),
    ...(discrete === undefined || discrete.kind === 'fixed' ? [] : nodesOf(discrete)),
    ...(numeric === undefined ? [] : [numeric]),
    step.amount,
  ];
}

function nodesOf(field: Exclude<Field, { kind: 'fixed' }>): readonly (Node | TextNode)[] {
  return field.kind === 'pair' ? field.nodes : [field.node];
}

export function keptNames(step: ReadyStep): string[] {
  return treesOf(step).flatMap(namesIn);
}

export function namesIn(tree: Node | TextNode): string[] {
  const names: string[] = [];
  eachPart(tree, (part) => {
    if (part.kind === 'kept') names.push(part.name);
  });
  return names;
}
