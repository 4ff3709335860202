/*
 * The tree that programs are made from: a description's expressions with every name resolved to an offset of the
 * running kernel. In: resolve.ts. Out: for simplify.ts and emit.ts, and printed beside the instructions.
 */
import type { ArithmeticOp, CompareOp } from '../../../metrics/language/expression';

/** Comparisons of numbers whose highest bit is their sign. */
export type SignedOp = 's<' | 's<=' | 's>' | 's>=';

/** Yields a 64-bit number. Comparisons and the like yield 0 or 1. */
export type Node =
  | { readonly kind: 'constant'; readonly value: bigint }
  | { readonly kind: 'call'; readonly helper: 'now' | 'processThread' | 'cpu' | 'task' | 'cgroup' }
  | { readonly kind: 'argument'; readonly index: number }
  /** Address of what the program is handed, where its arguments lie. */
  | { readonly kind: 'context' }
  /** A number in memory; 0 where nothing can be read. `name` is the member as people know it. */
  | {
      readonly kind: 'read';
      /** Absent: the kernel's. */
      readonly memory?: 'user';
      readonly from: Node;
      readonly offset: number;
      readonly bytes: 1 | 2 | 4 | 8;
      readonly signed: boolean;
      readonly name: string;
    }
  | {
      readonly kind: 'arithmetic';
      readonly op: ArithmeticOp | 's>>';
      readonly left: Node;
      readonly right: Node;
    }
  | { readonly kind: 'compare'; readonly op: CompareOp | SignedOp; readonly left: Node; readonly right: Node }
  | { readonly kind: 'same'; readonly text: TextNode; readonly bytes: Buffer }
  | { readonly kind: 'all' | 'any'; readonly members: readonly Node[] }
  | { readonly kind: 'not'; readonly of: Node }
  | { readonly kind: 'choose'; readonly when: Node; readonly then: Node; readonly otherwise: Node }
  | { readonly kind: 'kept'; readonly name: string }
  /** Nanoseconds from the monotonic clock to the wall clock's, within a second; the source keeps it up to date. */
  | { readonly kind: 'wallOffset' };

/**
 * Yields at most `limit` bytes, the last of them zero, filled up with zeros to `bytes`, a multiple of 8: texts are
 * compared eight bytes at a time.
 */
export type TextNode =
  | { readonly kind: 'comm'; readonly bytes: 16; readonly limit: 16 }
  /** A process's arguments: `length` bytes of its memory, blanks where there are none and to the end. */
  | {
      readonly kind: 'arguments';
      readonly from: Node;
      readonly length: Node;
      readonly bytes: number;
      readonly limit: number;
    }
  | { readonly kind: 'words'; readonly of: readonly Node[]; readonly bytes: number; readonly limit: number }
  | {
      readonly kind: 'readText';
      readonly memory?: 'user';
      readonly from: Node;
      readonly offset: number;
      readonly bytes: number;
      readonly limit: number;
      readonly name: string;
    };

export const constant = (value: bigint): Node => ({ kind: 'constant', value: BigInt.asUintN(64, value) });
export const TRUE = constant(1n);
export const FALSE = constant(0n);

/** As people read it; two nodes that print alike are the same computation. */
export function print(node: Node | TextNode): string {
  switch (node.kind) {
    case 'constant':
      return node.value.toString();
    case 'call':
      return `${node.helper}()`;
    case 'context':
      return 'context';
    case 'argument':
      return `argument(${node.index})`;
    case 'read':
    case 'readText':
      return `${print(node.from)}->${node.name}`;
    case 'comm':
      return 'comm';
    case 'arguments':
      return 'psargs';
    case 'words':
      return `words(${node.of.map(print).join(', ')})`;
    case 'arithmetic':
    case 'compare':
      return `(${print(node.left)} ${node.op} ${print(node.right)})`;
    case 'same':
      return `(${print(node.text)} == ${JSON.stringify(node.bytes.toString('latin1'))})`;
    case 'all':
    case 'any':
      return `(${node.members.map(print).join(node.kind === 'all' ? ' && ' : ' || ')})`;
    case 'not':
      return `!${print(node.of)}`;
    case 'choose':
      return `(${print(node.when)} ? ${print(node.then)} : ${print(node.otherwise)})`;
    case 'kept':
      return `kept.${node.name}`;
    case 'wallOffset':
      return 'wallOffset';
  }
}

/** The nodes that a node is made of. */
export function parts(node: Node | TextNode): readonly (Node | TextNode)[] {
  switch (node.kind) {
    case 'read':
    case 'readText':
      return [node.from];
    case 'arguments':
      return [node.from, node.length];
    case 'words':
      return node.of;
    case 'arithmetic':
    case 'compare':
      return [node.left, node.right];
    case 'same':
      return [node.text];
    case 'all':
    case 'any':
      return node.members;
    case 'not':
      return [node.of];
    case 'choose':
      return [node.when, node.then, node.otherwise];
    default:
      return [];
  }
}

/** Calls back for the node and everything in it, outermost first. */
export function eachPart(node: Node | TextNode, visit: (part: Node | TextNode) => void): void {
  visit(node);
  for (const part of parts(node)) eachPart(part, visit);
}

/** What a text is filled up with behind its end. */
export function fillOf(node: TextNode): number {
  return node.kind === 'arguments' ? BLANK : 0;
}

const BLANK = 0x20;
