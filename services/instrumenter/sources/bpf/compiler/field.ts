/*
 * A field of a metric as a kernel program sees it, and predicates over such fields.
 * In: a field's expression, a checked predicate. Out: what to compute, how its numbers print; one condition.
 * The condition says of every event what common/model/predicate/predicate.ts `evaluate` says of the text and numbers that are printed.
 */
import { bytesFromName, nameFromBytes } from '../../../../../common/model/name';
import type { Constant, Predicate } from '../../../../../common/model/predicate/predicate';
import type { FieldExpression, Names, PairNames, ZoneOf } from '../../../metrics/language/observation';
import { DECIMALS } from '../../../metrics/language/names';
import { MissingError } from '../kernel/kernel-types';
import { constant, FALSE, fillOf, TRUE, type Node, type TextNode } from './node';
import { firstOf, numberOf, resolve, type Surroundings } from './resolve';
import { simplify } from './simplify';

export const OTHER_NUMBERS =
  'it runs in a PID namespace of its own, where processes have other numbers than in the kernel (fix: --pid=host, or no unshare)';

/** The last address of the half that is programs'. */
export const USER_HALF = 2n ** 63n - 1n;

export type Field =
  | { readonly kind: 'fixed'; readonly text: string }
  | {
      readonly kind: 'text';
      readonly node: TextNode;
      /** Of text that is rewritten before anybody sees it. */
      readonly rewrite?: (bytes: string) => string;
    }
  | { readonly kind: 'number'; readonly node: Node; readonly bytes: 4 | 8; readonly names: Names }
  | { readonly kind: 'pair'; readonly nodes: readonly [Node, Node]; readonly names: PairNames };

/** Throws a MissingError when this kernel has none of the alternatives. */
export function resolveField(
  expressions: FieldExpression | readonly FieldExpression[],
  at: Surroundings,
): Field {
  const alternatives = Array.isArray(expressions) ? expressions : [expressions as FieldExpression];
  return firstOf(alternatives as readonly FieldExpression[], (expression) => {
    if (expression.kind === 'pair') {
      const { first, second, names } = expression;
      return {
        kind: 'pair',
        nodes: [simplify(numberOf(first, at)), simplify(numberOf(second, at))],
        names,
      };
    }
    if (expression.kind === 'zone') {
      if (at.zones === undefined) throw new MissingError('no cgroup2 file system is mounted');
      return { kind: 'number', node: cgroupOf(expression, at), bytes: 8, names: at.zones };
    }
    if (expression.kind === 'command') {
      if (at.commands === undefined) throw new MissingError(OTHER_NUMBERS);
      const node = simplify(numberOf(expression.process, at));
      return { kind: 'number', node, bytes: 4, names: at.commands };
    }
    if (expression.kind === 'function') {
      if (at.functions === undefined) throw new MissingError(OTHER_NUMBERS);
      const address = numberOf(expression.instruction, at);
      // The kernel is the same for all processes.
      const isKernel: Node = { kind: 'compare', op: '>', left: address, right: constant(USER_HALF) };
      const process: Node = {
        kind: 'choose',
        when: isKernel,
        then: constant(0n),
        otherwise: numberOf(expression.process, at),
      };
      return { kind: 'pair', nodes: [simplify(process), simplify(address)], names: at.functions };
    }
    if (expression.kind === 'rewritten') {
      const resolved = resolve(expression.of, at);
      if (resolved.kind !== 'text') throw new TypeError('only text can be rewritten');
      return { ...resolved, rewrite: expression.rewrite };
    }
    const isNamed = expression.kind === 'named';
    const resolved = resolve(isNamed ? expression.value : expression, at);
    switch (resolved.kind) {
      case 'fixed':
        return resolved;
      case 'text':
        return resolved;
      case 'number': {
        const names = !isNamed
          ? DECIMALS
          : 'x64' in expression.names
            ? expression.names[at.architecture]
            : expression.names;
        return { ...resolved, node: simplify(resolved.node), names };
      }
      default:
        throw new TypeError('a field must be text or a number, not an address');
    }
  });
}

export function cgroupOf({ cgroup }: ZoneOf, at: Surroundings): Node {
  return simplify(numberOf(cgroup, at));
}

/** The predicate as a condition on an event's fields. `fieldOf` throws for a field that cannot be had. */
export function conditionOf(
  p: Predicate,
  isNumeric: (field: string) => boolean,
  fieldOf: (field: string) => Field,
): Node {
  switch (p.kind) {
    case 'always':
      return TRUE;
    case 'and':
    case 'or':
      return simplify({
        kind: p.kind === 'and' ? 'all' : 'any',
        members: p.members.map((member) => conditionOf(member, isNumeric, fieldOf)),
      });
    case 'compare': {
      const field = fieldOf(p.field);
      if (isNumeric(p.field)) {
        if (field.kind !== 'number') throw new TypeError(`numeric field ${p.field} is described as text`);
        return simplify(numericComparison(p.op, field.node, p.constant));
      }
      const equal = simplify(equality(field, p.constant));
      return p.op === 'ne' ? simplify({ kind: 'not', of: equal }) : p.op === 'eq' ? equal : FALSE;
    }
  }
}

/** Kernel values are whole; constants need not be. Both are signed: a clock that went back yields less than no time. */
function numericComparison(op: (Predicate & { kind: 'compare' })['op'], left: Node, c: Constant): Node {
  if (typeof c !== 'number') return op === 'ne' ? TRUE : FALSE;
  const floor = BigInt(Math.floor(c));
  const ceiling = BigInt(Math.ceil(c));
  switch (op) {
    case 'eq':
      return floor === ceiling ? compare('==', floor) : FALSE;
    case 'ne':
      return floor === ceiling ? compare('!=', floor) : TRUE;
    case 'lt':
      return compare('s<', ceiling);
    case 'le':
      return compare('s<=', floor);
    case 'gt':
      return compare('s>', floor);
    case 'ge':
      return compare('s>=', ceiling);
  }

  function compare(sign: (Node & { kind: 'compare' })['op'], right: bigint): Node {
    return { kind: 'compare', op: sign, left, right: constant(right) };
  }
}

function equality(field: Field, c: Constant): Node {
  if (typeof c !== 'string') return FALSE;
  switch (field.kind) {
    case 'fixed':
      return field.text === c ? TRUE : FALSE;
    case 'number': {
      const limit = 1n << BigInt(8 * field.bytes);
      const values = field.names.valuesOf(c).filter((value) => value < limit);
      return {
        kind: 'any',
        members: values.map((value) => ({
          kind: 'compare',
          op: '==',
          left: truncated(field),
          right: constant(value),
        })),
      };
    }
    case 'pair': {
      const [first, second] = field.nodes;
      return {
        kind: 'any',
        members: field.names.valuesOf(c).map(([a, b]) => ({
          kind: 'all',
          members: [
            { kind: 'compare', op: '==', left: first, right: constant(a) },
            { kind: 'compare', op: '==', left: second, right: constant(b) },
          ],
        })),
      };
    }
    case 'text': {
      if (field.rewrite !== undefined) throw new TypeError('what is rewritten cannot be filtered by');
      const bytes = bytesFromName(c);
      // A text that no bytes print as (`\x41` is shown as A), or that does not fit, is nobody's name.
      if (bytes.length >= field.node.limit || nameFromBytes(bytes) !== c) return FALSE;
      if (fillOf(field.node) !== 0 && bytes.at(-1) === fillOf(field.node)) return FALSE;
      return { kind: 'same', text: field.node, bytes };
    }
  }
}

/** What is printed is the number cut to the width of its key. */
function truncated(field: Field & { kind: 'number' }): Node {
  const { node, bytes } = field;
  const isCut = bytes === 4 && node.kind === 'read' && node.signed;
  return isCut ? { kind: 'arithmetic', op: '&', left: node, right: constant(0xffff_ffffn) } : node;
}
