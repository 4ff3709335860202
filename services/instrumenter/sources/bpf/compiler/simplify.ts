/*
 * Makes a tree smaller without changing what it yields: what is known is computed now, what cannot matter goes away.
 * In: a node. Out: a node; conditions that can only go one way become the constants 0 and 1.
 */
import type { CompareOp } from '../../../metrics/language/expression';
import { constant, FALSE, TRUE, type Node, type SignedOp } from './node';

export const OPPOSITE: Record<CompareOp | SignedOp, CompareOp | SignedOp> = {
  '==': '!=',
  '!=': '==',
  '<': '>=',
  '>=': '<',
  '>': '<=',
  '<=': '>',
  's<': 's>=',
  's>=': 's<',
  's>': 's<=',
  's<=': 's>',
};

export function simplify(node: Node): Node {
  switch (node.kind) {
    case 'read':
      return { ...node, from: simplify(node.from) };
    case 'arithmetic':
      return arithmetic({ ...node, left: simplify(node.left), right: simplify(node.right) });
    case 'compare':
      return comparison({ ...node, left: simplify(node.left), right: simplify(node.right) });
    case 'all':
    case 'any':
      return junction(node.kind, node.members.map(simplify));
    case 'not':
      return negation(simplify(node.of));
    case 'choose':
      return choice(simplify(node.when), simplify(node.then), simplify(node.otherwise));
    default:
      return node;
  }
}

/** The truth of a node, when it is known. */
export function known(node: Node): boolean | undefined {
  return node.kind === 'constant' ? node.value !== 0n : undefined;
}

function arithmetic(node: Node & { kind: 'arithmetic' }): Node {
  const { op, left, right } = node;
  if (right.kind === 'constant') {
    if (left.kind === 'constant') return constant(compute(op, left.value, right.value));
    if (right.value === 0n && (op === '+' || op === '-' || op === '|' || op === '<<' || op === '>>'))
      return left;
    if (right.value === 1n && (op === '*' || op === '/')) return left;
  }
  return node;
}

/** As the kernel's machine does it: 64 bits, division by zero yields zero, shifts by the lowest 6 bits. */
export function compute(op: (Node & { kind: 'arithmetic' })['op'], left: bigint, right: bigint): bigint {
  switch (op) {
    case '+':
      return BigInt.asUintN(64, left + right);
    case '-':
      return BigInt.asUintN(64, left - right);
    case '*':
      return BigInt.asUintN(64, left * right);
    case '/':
      return right === 0n ? 0n : left / right;
    case '%':
      return right === 0n ? left : left % right;
    case '&':
      return left & right;
    case '|':
      return left | right;
    case '<<':
      return BigInt.asUintN(64, left << (right & 63n));
    case '>>':
      return left >> (right & 63n);
    case 's>>':
      return BigInt.asUintN(64, BigInt.asIntN(64, left) >> (right & 63n));
  }
}

export function compare(op: CompareOp | SignedOp, left: bigint, right: bigint): boolean {
  switch (op) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    case 's<':
      return signed(left) < signed(right);
    case 's<=':
      return signed(left) <= signed(right);
    case 's>':
      return signed(left) > signed(right);
    case 's>=':
      return signed(left) >= signed(right);
  }
}

function signed(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

function comparison(node: Node & { kind: 'compare' }): Node {
  const { op, left, right } = node;
  if (left.kind === 'constant' && right.kind === 'constant') {
    return compare(op, left.value, right.value) ? TRUE : FALSE;
  }
  // The smallest number is 0.
  if (right.kind === 'constant' && right.value === 0n) {
    if (op === '<') return FALSE;
    if (op === '>=') return TRUE;
  }
  return node;
}

function junction(kind: 'all' | 'any', members: readonly Node[]): Node {
  const decided = kind === 'any';
  const open: Node[] = [];
  for (const member of members) {
    const truth = known(member);
    if (truth === decided) return decided ? TRUE : FALSE;
    if (truth !== undefined) continue;
    if (member.kind === kind) open.push(...member.members);
    else open.push(member);
  }
  const [first] = open;
  if (first === undefined) return decided ? FALSE : TRUE;
  return open.length === 1 && isCondition(first) ? first : { kind, members: open };
}

function negation(of: Node): Node {
  const truth = known(of);
  if (truth !== undefined) return truth ? FALSE : TRUE;
  if (of.kind === 'compare') return { ...of, op: OPPOSITE[of.op] };
  if (of.kind === 'not' && isCondition(of.of)) return of.of;
  if (of.kind === 'all' || of.kind === 'any') {
    return junction(of.kind === 'all' ? 'any' : 'all', of.members.map(negation));
  }
  return { kind: 'not', of };
}

function choice(when: Node, then: Node, otherwise: Node): Node {
  const truth = known(when);
  if (truth !== undefined) return truth ? then : otherwise;
  return { kind: 'choose', when, then, otherwise };
}

/** True when the node yields nothing but 0 and 1. */
function isCondition(node: Node): boolean {
  return ['compare', 'same', 'all', 'any', 'not'].includes(node.kind);
}
