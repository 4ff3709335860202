import fc from 'fast-check';
import { Assembler } from './instructions/assembler';
import { CONTEXT, Emitter } from './instructions/emit';
import { Frame } from './instructions/frame';
import { constant, FALSE, print, TRUE, type Node } from './node';
import { compare, compute, simplify } from './simplify';
import { BpfMachine, type World } from '../testing/machine';

/** Memory that trees read: eight bytes at this address. */
const READABLE = 0x1000n;
const NUMBERS = [
  0n,
  1n,
  2n,
  7n,
  63n,
  64n,
  255n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  1n << 40n,
  (1n << 64n) - 1n,
];

const ARITHMETIC = ['+', '-', '*', '/', '%', '&', '|', '<<', '>>', 's>>'] as const;
const COMPARISONS = ['==', '!=', '<', '<=', '>', '>=', 's<', 's<=', 's>', 's>='] as const;

const leaf = fc.oneof(
  fc.constantFrom(...NUMBERS).map(constant),
  fc.nat({ max: 3 }).map((index): Node => ({ kind: 'argument', index })),
  fc.constant<Node>({ kind: 'call', helper: 'now' }),
  fc
    .record({ signed: fc.boolean(), bytes: fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const) })
    .map(({ signed, bytes }): Node => ({
      kind: 'read',
      from: constant(READABLE),
      offset: 0,
      bytes,
      signed,
      name: `m${bytes}${signed}`,
    })),
  fc.constant<Node>({ kind: 'read', from: FALSE, offset: 16, bytes: 8, signed: false, name: 'nowhere' }),
);

const { tree } = fc.letrec<{ tree: Node; condition: Node }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    leaf,
    fc
      .record({
        op: fc.constantFrom(...ARITHMETIC),
        left: tie('tree'),
        right: tie('tree'),
      })
      .map((n) => ({ kind: 'arithmetic' as const, ...n })),
    fc
      .record({ when: tie('condition'), then: tie('tree'), otherwise: tie('tree') })
      .map((n): Node => ({ kind: 'choose', ...n })),
    tie('condition'),
  ),
  condition: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(TRUE, FALSE),
    fc
      .record({
        op: fc.constantFrom(...COMPARISONS),
        left: tie('tree'),
        right: tie('tree'),
      })
      .map((n) => ({ kind: 'compare' as const, ...n })),
    fc
      .record({
        kind: fc.constantFrom('all' as const, 'any' as const),
        members: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }),
      })
      .map((n): Node => n),
    tie('condition').map((of): Node => ({ kind: 'not', of })),
  ),
}));

const MEMORY = Buffer.from('fedcba9876543288', 'hex');
const ARGUMENTS = [3n, 0n, (1n << 64n) - 5n, 0x1_0000_0001n];
const NOW = 123_456_789_012n;

/** The tree's meaning, without any instruction. */
function evaluate(node: Node): bigint {
  switch (node.kind) {
    case 'constant':
      return node.value;
    case 'argument':
      return ARGUMENTS[node.index] ?? 0n;
    case 'call':
      return NOW;
    case 'read': {
      if (node.name === 'nowhere') return 0n;
      const bits = 8 * node.bytes;
      const raw = BigInt.asUintN(bits, MEMORY.readBigUInt64LE(0));
      return node.signed ? BigInt.asUintN(64, BigInt.asIntN(bits, raw)) : raw;
    }
    case 'arithmetic':
      return compute(node.op, evaluate(node.left), evaluate(node.right));
    case 'compare':
      return compare(node.op, evaluate(node.left), evaluate(node.right)) ? 1n : 0n;
    case 'all':
      return node.members.every((m) => evaluate(m) !== 0n) ? 1n : 0n;
    case 'any':
      return node.members.some((m) => evaluate(m) !== 0n) ? 1n : 0n;
    case 'not':
      return evaluate(node.of) === 0n ? 1n : 0n;
    case 'choose':
      return evaluate(evaluate(node.when) !== 0n ? node.then : node.otherwise);
    default:
      throw new Error(`${node.kind} is not in these trees`);
  }
}

/** The tree's meaning as instructions of the BPF machine. */
function run(node: Node): bigint {
  const asm = new Assembler(100_000);
  const emitter = new Emitter(asm, new Frame(), {
    typedTask: false,
    kept: () => 0,
    wallOffset: () => undefined,
  });
  emitter.expect(node);
  asm.aluRegister('=', CONTEXT, 1);
  emitter.number(node);
  asm.end();
  const world: World = {
    now: NOW,
    cpu: 0,
    process: 1,
    thread: 1,
    comm: '',
    task: 0n,
    memory: new Map([[READABLE, MEMORY]]),
  };
  return new BpfMachine([], world).run(asm.instructions, ARGUMENTS);
}

test('a simplified tree means what the tree meant', () => {
  fc.assert(
    fc.property(tree, (node) => {
      expect([print(node), evaluate(simplify(node))]).toEqual([print(node), evaluate(node)]);
    }),
    { seed: 20111108, numRuns: 2000 },
  );
});

test('instructions compute what the tree means, simplified or not', () => {
  fc.assert(
    fc.property(tree, (node) => {
      const expected = evaluate(node);
      expect([print(node), run(node)]).toEqual([print(node), expected]);
      expect([print(node), run(simplify(node))]).toEqual([print(node), expected]);
    }),
    { seed: 20111108, numRuns: 2000 },
  );
});

test('a condition that can only go one way leaves nothing of itself', () => {
  const unknown: Node = {
    kind: 'compare',
    op: '==',
    left: { kind: 'argument', index: 0 },
    right: constant(1n),
  };
  expect(simplify({ kind: 'all', members: [TRUE, unknown, TRUE] })).toEqual(unknown);
  expect(simplify({ kind: 'all', members: [unknown, FALSE] })).toEqual(FALSE);
  expect(simplify({ kind: 'any', members: [unknown, { kind: 'not', of: FALSE }] })).toEqual(TRUE);
  expect(simplify({ kind: 'not', of: { kind: 'not', of: unknown } })).toEqual(unknown);
  expect(simplify({ kind: 'compare', op: '<', left: unknown, right: FALSE })).toEqual(FALSE);
});
