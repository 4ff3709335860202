/*
 * From what a description says to what this kernel has: names become offsets, alternatives are chosen, types checked.
 * In: an expression and the probe it is for. Out: a node with its type. Throws a MissingError that names what the
 * running kernel lacks, or a TypeError when the description contradicts itself.
 */
import { member, task, type Expression } from '../../../metrics/language/expression';
import type { Names, PairNames } from '../../../metrics/language/observation';
import { MissingError, type KernelTypes, type Leaf, type Walk } from '../kernel/kernel-types';
import type { Architecture } from './architecture';
import { hookArgument, hookResult, type Hook } from './hook';
import { constant, type Node, type TextNode } from './node';
import { simplify } from './simplify';
import { addressOfGlobal, siteArgument, siteResult, type Site } from './site';

/** Where expressions are resolved: the machine, and the tracepoint whose arguments are meant. */
export interface Surroundings {
  readonly types: KernelTypes;
  readonly architecture: Architecture;
  readonly hostname: string;
  readonly tracepoint: string;
  /** Instead of a tracepoint: a place in a user program. */
  readonly site?: Site;
  /** Instead of a tracepoint: where a function of the kernel begins or returns. */
  readonly hook?: Hook;
  /** Zones by the numbers of their cgroups; absent where there are no cgroups to be told apart. */
  readonly zones?: Names;
  /** Arguments of processes by their numbers. */
  readonly commands?: Names;
  /** Functions by process and address. */
  readonly functions?: PairNames;
}

type Resolved =
  | { readonly kind: 'number'; readonly node: Node; readonly bytes: 4 | 8 }
  | { readonly kind: 'pointer'; readonly node: Node; readonly to: string }
  /** An array of chars in memory. */
  | {
      readonly kind: 'place';
      readonly from: Node;
      readonly offset: number;
      readonly chars: number;
      readonly name: string;
    }
  | { readonly kind: 'text'; readonly node: TextNode }
  /** Text that is the same for all events. */
  | { readonly kind: 'fixed'; readonly text: string };

/** As many as on illumos (PRARGSZ). */
export const PSARGS_BYTES = 80;
const COMM: TextNode = { kind: 'comm', bytes: 16, limit: 16 };
const call = (helper: (Node & { kind: 'call' })['helper']): Node => ({ kind: 'call', helper });

export function resolve(e: Expression, at: Surroundings): Resolved {
  switch (e.kind) {
    case 'integer':
      return number(constant(e.value));
    case 'text':
      return { kind: 'fixed', text: e.value };
    case 'hostname':
      return { kind: 'fixed', text: at.hostname };
    case 'now':
      return number(call('now'));
    case 'wall':
      return number(binary('+', call('now'), { kind: 'wallOffset' }));
    case 'thread':
      return number(binary('&', call('processThread'), constant(0xffff_ffffn)));
    case 'process':
      return number(binary('>>', call('processThread'), constant(32n)), 4);
    case 'cpu':
      return number(call('cpu'), 4);
    case 'threadname':
      return { kind: 'text', node: COMM };
    case 'instruction':
      // Its place in a sample's registers: ip, pc.
      return number({ kind: 'argument', index: at.architecture === 'x64' ? 16 : 32 }, 8);
    case 'cgroup':
      return number(call('cgroup'));
    case 'psargs':
      return { kind: 'text', node: argumentsOf(at) };
    case 'task':
      return { kind: 'pointer', node: call('task'), to: 'task_struct' };
    case 'argument':
      return argumentOf(e, at);
    case 'result':
      return resultAt(at);
    case 'global':
      return number(addressOfGlobal(siteOf(at), e.name), 8);
    case 'userNumber':
      return number({
        ...readWord(numberOf(e.of, at), 0, `user(${e.bytes})`),
        memory: 'user',
        bytes: e.bytes,
      });
    case 'userText':
      return userText(numberOf(e.of, at), e.bytes);
    case 'words': {
      const bytes = 8 * e.of.length;
      const of = e.of.map((one) => simplify(numberOf(one, at)));
      return { kind: 'text', node: { kind: 'words', of, bytes, limit: bytes } };
    }
    case 'member':
      return memberOf(e, at);
    case 'word':
      return wordOf(e, at);
    case 'cast':
      return { kind: 'pointer', node: numberOf(e.of, at), to: e.to };
    case 'sizeOf':
      return number(constant(BigInt(at.types.sizeOf(e.struct))), 4);
    case 'pointerAt':
      return { kind: 'pointer', node: readWord(numberOf(e.of, at), 0, '*'), to: e.to };
    case 'string':
      return stringOf(e, at);
    case 'arithmetic':
      return number(simplify(binary(e.op, numberOf(e.left, at), numberOf(e.right, at))));
    case 'compare':
      return condition({
        kind: 'compare',
        op: e.op,
        left: numberOf(e.left, at),
        right: numberOf(e.right, at),
      });
    case 'all':
    case 'any':
      return condition({ kind: e.kind, members: e.members.map((m) => numberOf(m, at)) });
    case 'not':
      return condition({ kind: 'not', of: numberOf(e.of, at) });
    case 'choose':
      return number(
        simplify({
          kind: 'choose',
          when: numberOf(e.when, at),
          then: numberOf(e.then, at),
          otherwise: numberOf(e.otherwise, at),
        }),
      );
    case 'kept':
      return number({ kind: 'kept', name: e.name });
    case 'either':
      return firstOf(e.of, (one) => resolve(one, at));
    case 'arch':
      return resolve(e[at.architecture], at);
  }
}

/** The expression as a number; pointers count as their address. */
export function numberOf(e: Expression, at: Surroundings): Node {
  const resolved = resolve(e, at);
  if (resolved.kind === 'number' || resolved.kind === 'pointer') return resolved.node;
  throw new TypeError(`a number is needed where the description has ${JSON.stringify(e)}`);
}

/** The first alternative that this kernel has; the last one's error when it has none. */
export function firstOf<T, R>(alternatives: readonly T[], one: (alternative: T) => R): R {
  let missing = new MissingError('the description has no alternative');
  for (const alternative of alternatives) {
    try {
      return one(alternative);
    } catch (error) {
      if (!(error instanceof MissingError)) throw error;
      missing = error;
    }
  }
  throw missing;
}

function number(node: Node, bytes?: 4 | 8): Resolved {
  return { kind: 'number', node, bytes: bytes ?? (isSmall(node) ? 4 : 8) };
}

/** True when the number cannot have more than 32 bits. */
function isSmall(node: Node): boolean {
  switch (node.kind) {
    case 'constant':
      return node.value < 1n << 32n;
    case 'read':
      return node.bytes < 8 && !node.signed;
    case 'arithmetic':
      return node.op === '&' && (isSmall(node.left) || isSmall(node.right));
    case 'choose':
      return isSmall(node.then) && isSmall(node.otherwise);
    default:
      return false;
  }
}

function condition(node: Node): Resolved {
  return number(simplify(node), 4);
}

function binary(op: (Node & { kind: 'arithmetic' })['op'], left: Node, right: Node): Node {
  return { kind: 'arithmetic', op, left, right };
}

function siteOf(at: Surroundings): Site {
  if (at.site === undefined) throw new TypeError(`${at.tracepoint} is no place in a user program`);
  return at.site;
}

function argumentOf(e: Expression & { kind: 'argument' }, at: Surroundings): Resolved {
  if (at.site !== undefined) {
    if (e.index === undefined) throw new TypeError('arguments of user programs have no types');
    return number(siteArgument(at.site, e.index), 8);
  }
  const all = at.hook?.type.arguments ?? at.types.argumentsOf(at.tracepoint);
  const isOfType = (leaf: Leaf, typedef: string): boolean =>
    e.type === undefined || typedef === e.type || (leaf.kind === 'pointer' && leaf.to === e.type);
  const index = e.index ?? all.findIndex((a) => isOfType(a.leaf, a.typedef));
  const found = all[index];
  if (found === undefined || !isOfType(found.leaf, found.typedef)) {
    const wanted = `argument ${e.index ?? ''}${e.type === undefined ? '' : ` of type ${e.type}`}`;
    const place = at.hook === undefined ? `tracepoint ${at.tracepoint}` : `function ${at.hook.function}`;
    throw new MissingError(`${place} of Linux ${at.types.release} has no ${wanted}`);
  }
  const node: Node =
    at.hook === undefined
      ? { kind: 'argument', index }
      : hookArgument(at.hook, index, found, at.architecture);
  if (found.leaf.kind === 'pointer') return { kind: 'pointer', node, to: found.leaf.to };
  if (found.leaf.kind !== 'integer') {
    throw new MissingError(`argument ${index} of tracepoint ${at.tracepoint} is neither number nor pointer`);
  }
  if (at.hook !== undefined) return number(simplify(node), found.leaf.bytes === 8 ? 8 : 4);
  // The kernel hands over all arguments as 64 bits without extending their sign.
  const { bytes, signed } = found.leaf;
  const shift = constant(BigInt(64 - 8 * bytes));
  if (!signed || bytes === 8) return number(node, bytes === 8 ? 8 : 4);
  return number(binary('s>>', binary('<<', node, shift), shift), 4);
}

/** At a function's return. */
function resultAt(at: Surroundings): Resolved {
  return number(
    at.hook === undefined ? siteResult(siteOf(at)) : simplify(hookResult(at.hook, at.architecture)),
    8,
  );
}

function memberOf(e: Expression & { kind: 'member' }, at: Surroundings): Resolved {
  const { base, walk, from } = walkTo(e, at);
  const { leaf, offset, name } = walk;
  switch (leaf.kind) {
    case 'integer': {
      const { bytes, signed } = leaf;
      return number({ kind: 'read', from, offset, bytes, signed, name }, bytes === 8 ? 8 : 4);
    }
    case 'pointer':
      return {
        kind: 'pointer',
        node: { kind: 'read', from, offset, bytes: 8, signed: false, name },
        to: leaf.to,
      };
    case 'chars':
      return { kind: 'place', from, offset, chars: leaf.bytes, name };
    case 'other':
      throw new MissingError(
        `${base.to}.${e.path} of Linux ${at.types.release} is neither number, pointer nor text`,
      );
  }
}

function walkTo(
  e: Expression & { kind: 'member' },
  at: Surroundings,
): { readonly base: { readonly to: string }; readonly walk: Walk; readonly from: Node } {
  const base = resolve(e.of, at);
  if (base.kind !== 'pointer' || base.to === '') {
    throw new TypeError(`${e.path} is asked of something that is no pointer to a struct with a name`);
  }
  const walk = at.types.walk(base.to, e.path);
  return { base, walk, from: follow(base.node, walk) };
}

function wordOf(e: Expression & { kind: 'word' }, at: Surroundings): Resolved {
  const { walk, from } = walkTo(e.of, at);
  return number(readWord(from, walk.offset + e.offset, `${walk.name}[${e.offset}]`));
}

function readWord(from: Node, offset: number, name: string): Node & { kind: 'read' } {
  return { kind: 'read', from, offset, bytes: 8, signed: false, name };
}

/** Reads the pointers on the way. */
function follow(start: Node, walk: Walk): Node {
  return walk.through.reduce<Node>(
    (from, { offset, name }) => ({ kind: 'read', from, offset, bytes: 8, signed: false, name }),
    start,
  );
}

/** Without the last byte, the NUL behind the last one. */
function argumentsOf(at: Surroundings): TextNode {
  const start = numberOf(member(task, 'mm.arg_start'), at);
  const end = numberOf(member(task, 'mm.arg_end'), at);
  const bytes = constant(BigInt(PSARGS_BYTES));
  const whole = binary('-', binary('-', end, start), constant(1n));
  return {
    kind: 'arguments',
    bytes: PSARGS_BYTES,
    limit: PSARGS_BYTES + 1,
    from: start,
    length: {
      kind: 'choose',
      when: { kind: 'compare', op: '>', left: end, right: start },
      then: {
        kind: 'choose',
        when: { kind: 'compare', op: '>', left: whole, right: bytes },
        then: bytes,
        otherwise: whole,
      },
      otherwise: constant(0n),
    },
  };
}

function stringOf(e: Expression & { kind: 'string' }, at: Surroundings): Resolved {
  const of = resolve(e.of, at);
  if (of.kind === 'pointer') return textAt(of.node, 0, e.bytes, `text(${e.bytes})`);
  if (of.kind === 'place') return textAt(of.from, of.offset, Math.min(e.bytes, of.chars), of.name);
  throw new TypeError(`text is asked of something that holds none: ${JSON.stringify(e.of)}`);
}

function userText(from: Node, limit: number): Resolved {
  const bytes = Math.ceil(limit / 8) * 8;
  const name = `userText(${limit})`;
  return { kind: 'text', node: { kind: 'readText', memory: 'user', from, offset: 0, bytes, limit, name } };
}

function textAt(from: Node, offset: number, limit: number, name: string): Resolved {
  const bytes = Math.ceil(limit / 8) * 8;
  return { kind: 'text', node: { kind: 'readText', from, offset, bytes, limit, name } };
}
