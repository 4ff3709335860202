/*
 * The expression language of metric descriptions: what a probe reads when it fires, as data.
 * In: built by the functions below. Out: a tree that sources compile (bpf: to instructions) or evaluate.
 *
 * Values are unsigned 64-bit integers, pointers to kernel structs (typed, so that members can be named), or text
 * (bytes up to a NUL). Comparison yields 0 or 1. Reading through a null or bad pointer yields 0 or empty text.
 */

export type Expression =
  | { readonly kind: 'integer'; readonly value: bigint }
  /** Text that is the same for all events. */
  | { readonly kind: 'text'; readonly value: string }
  /** The name of this node. */
  | { readonly kind: 'hostname' }
  /** Nanoseconds of the monotonic clock. */
  | { readonly kind: 'now' }
  /** Nanoseconds since 1970. */
  | { readonly kind: 'wall' }
  /** Identifiers of the running thread and its process, as the host numbers them. */
  | { readonly kind: 'thread' | 'process' | 'cpu' }
  /** Name of the running thread: at most 15 bytes. */
  | { readonly kind: 'threadname' }
  /** Address of the instruction that a sample interrupted: the upper half of the address space is the kernel's. */
  | { readonly kind: 'instruction' }
  /** Number of the cgroup that the running thread is in. */
  | { readonly kind: 'cgroup' }
  /** Arguments of the running process, separated by blanks: the first 80 bytes; empty if it has none, or has released its memory. */
  | { readonly kind: 'psargs' }
  /** Pointer to the running thread's task_struct. */
  | { readonly kind: 'task' }
  /** An argument of the probe: by position (of a user program: 64 bits), or the first of a type (struct or typedef), as they move between releases. */
  | { readonly kind: 'argument'; readonly index?: number; readonly type?: string }
  /** What a function returns, at its return. */
  | { readonly kind: 'result' }
  /** Address of a variable that the user program exports. */
  | { readonly kind: 'global'; readonly name: string }
  /** A number in the memory of the running user program; 0 if it cannot be read. */
  | { readonly kind: 'userNumber'; readonly of: Expression; readonly bytes: 1 | 2 | 4 | 8 }
  /** Text there, cut to `bytes` with its NUL. */
  | { readonly kind: 'userText'; readonly of: Expression; readonly bytes: number }
  /** Text of these numbers, eight bytes of each as they lie in memory, up to a NUL. */
  | { readonly kind: 'words'; readonly of: readonly Expression[] }
  /** A member of the struct pointed to; dots walk on, through embedded structs and pointers alike. */
  | { readonly kind: 'member'; readonly of: Expression; readonly path: string }
  /** Eight bytes of the member at `offset` bytes into it, whatever its type: a part of an array, of an address. */
  | { readonly kind: 'word'; readonly of: Expression & { kind: 'member' }; readonly offset: number }
  /** A number that is the address of a struct; or a pointer cast to a larger struct than its type says. */
  | { readonly kind: 'cast'; readonly of: Expression; readonly to: string }
  /** Bytes of a struct of the running kernel. */
  | { readonly kind: 'sizeOf'; readonly struct: string }
  /** The pointer that is stored at an address. */
  | { readonly kind: 'pointerAt'; readonly of: Expression; readonly to: string }
  /** Text at a pointer or in a char array, cut to `bytes` with its NUL. */
  | { readonly kind: 'string'; readonly of: Expression; readonly bytes: number }
  | {
      readonly kind: 'arithmetic';
      readonly op: ArithmeticOp;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'compare';
      readonly op: CompareOp;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'all' | 'any'; readonly members: readonly Expression[] }
  | { readonly kind: 'not'; readonly of: Expression }
  | {
      readonly kind: 'choose';
      readonly when: Expression;
      readonly then: Expression;
      readonly otherwise: Expression;
    }
  /** The value that a keep step stored under this name when the event began. */
  | { readonly kind: 'kept'; readonly name: string }
  /** The first of these that the running kernel has. */
  | { readonly kind: 'either'; readonly of: readonly Expression[] }
  | { readonly kind: 'arch'; readonly x64: Expression; readonly arm64: Expression };

/** Unsigned; division by zero yields 0. */
export type ArithmeticOp = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '<<' | '>>';
/** Unsigned. */
export type CompareOp = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** An integer may be used wherever an expression is expected. */
export type Operand = Expression | number;

export function lift(operand: Operand): Expression {
  return typeof operand === 'number' ? { kind: 'integer', value: BigInt(operand) } : operand;
}

export const now: Expression = { kind: 'now' };
export const wall: Expression = { kind: 'wall' };
export const thread: Expression = { kind: 'thread' };
export const processId: Expression = { kind: 'process' };
export const cpu: Expression = { kind: 'cpu' };
export const threadname: Expression = { kind: 'threadname' };
export const task: Expression = { kind: 'task' };
export const instruction: Expression = { kind: 'instruction' };
export const psargs: Expression = { kind: 'psargs' };
export const hostname: Expression = { kind: 'hostname' };

/** argument(1), argument(1, 'task_struct') or argument('request'). */
export function argument(which: number | string, type?: string): Expression {
  if (typeof which === 'string') return { kind: 'argument', type: which };
  return { kind: 'argument', index: which, ...(type === undefined ? {} : { type }) };
}
export const result: Expression = { kind: 'result' };
export const global = (name: string): Expression => ({ kind: 'global', name });
export const userNumber = (of: Expression, bytes: 1 | 2 | 4 | 8 = 8): Expression => ({
  kind: 'userNumber',
  of,
  bytes,
});
export const userText = (of: Expression, bytes: number): Expression => ({ kind: 'userText', of, bytes });
export const words = (...of: Expression[]): Expression => ({ kind: 'words', of });
export const member = (of: Expression, path: string): Expression => ({ kind: 'member', of, path });
export const word = (of: Expression, path: string, offset: number): Expression => ({
  kind: 'word',
  of: { kind: 'member', of, path },
  offset,
});
export const cast = (of: Expression, to: string): Expression => ({ kind: 'cast', of, to });
export const sizeOf = (struct: string): Expression => ({ kind: 'sizeOf', struct });
export const pointerAt = (of: Expression, to: string): Expression => ({ kind: 'pointerAt', of, to });
export const string = (of: Expression, bytes: number): Expression => ({ kind: 'string', of, bytes });
export const text = (value: string): Expression => ({ kind: 'text', value });
export const kept = (name: string): Expression => ({ kind: 'kept', name });
export const either = (...of: Expression[]): Expression => ({ kind: 'either', of });
export const byArch = (of: { x64: Expression; arm64: Expression }): Expression => ({ kind: 'arch', ...of });

const arithmetic =
  (op: ArithmeticOp) =>
  (left: Operand, right: Operand): Expression => ({
    kind: 'arithmetic',
    op,
    left: lift(left),
    right: lift(right),
  });
export const plus = arithmetic('+');
export const minus = arithmetic('-');
export const times = arithmetic('*');
export const over = arithmetic('/');
export const modulo = arithmetic('%');
export const bits = arithmetic('&');
export const shiftLeft = arithmetic('<<');
export const shiftRight = arithmetic('>>');

const comparison =
  (op: CompareOp) =>
  (left: Operand, right: Operand): Expression => ({
    kind: 'compare',
    op,
    left: lift(left),
    right: lift(right),
  });
export const equal = comparison('==');
export const unequal = comparison('!=');
export const below = comparison('<');
export const above = comparison('>');

export const all = (...members: Expression[]): Expression => ({ kind: 'all', members });
export const any = (...members: Expression[]): Expression => ({ kind: 'any', members });
export const not = (of: Expression): Expression => ({ kind: 'not', of });
export const choose = (when: Expression, then: Operand, otherwise: Operand): Expression => ({
  kind: 'choose',
  when,
  then: lift(then),
  otherwise: lift(otherwise),
});
