/*
 * The running kernel's types: BTF (Documentation/bpf/btf.rst), read from /sys/kernel/btf/vmlinux.
 * In: the blob (5.5 MB, 127,000 types). Out: offsets of members of structs, and arguments of tracepoints.
 *
 * One pass records the offset and name of each type; everything else is looked up on demand and cached,
 * so that the blob can be freed after the catalogue has been checked, and enabling a probe needs no scan.
 */
import {
  MissingError,
  type Argument,
  type KernelFunction,
  type KernelTypes,
  type Leaf,
  type Place,
  type Walk,
} from './kernel-types';

const KIND = {
  integer: 1,
  pointer: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  forward: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  function: 12,
  prototype: 13,
  typeTag: 18,
  enum64: 19,
} as const;
const QUALIFIERS: readonly number[] = [KIND.typedef, KIND.volatile, KIND.const, KIND.restrict, KIND.typeTag];

/** Bytes after the 12 of each type, by kind: a fixed number, and a number for each of its members. */
const EXTRA: Readonly<Record<number, readonly [fixed: number, each: number]>> = {
  1: [4, 0],
  2: [0, 0],
  3: [12, 0],
  4: [0, 12],
  5: [0, 12],
  6: [0, 8],
  7: [0, 0],
  8: [0, 0],
  9: [0, 0],
  10: [0, 0],
  11: [0, 0],
  12: [0, 0],
  13: [0, 8],
  14: [4, 0],
  15: [0, 12],
  16: [0, 0],
  17: [4, 0],
  18: [0, 0],
  19: [0, 12],
};
const MAGIC = 0xeb9f;
const TYPE_BYTES = 12;

/** The blob with an index of its types. */
interface Index {
  readonly blob: Buffer;
  readonly strings: Buffer;
  /** By type number: its offset, and the offset of its name. */
  readonly starts: Uint32Array;
  readonly names: Uint32Array;
}

export class Btf implements KernelTypes {
  readonly release: string;
  private readonly read: () => Buffer;
  private index: Index | undefined;
  private readonly walks = new Map<string, Walk | MissingError>();
  private readonly tracepoints = new Map<string, readonly Argument[] | MissingError>();
  private readonly functions = new Map<string, KernelFunction | MissingError>();
  private readonly sizes = new Map<string, number | MissingError>();

  /** `read` is called when the blob is first needed, and again if it is after forget(). */
  constructor(read: () => Buffer, release: string) {
    this.read = read;
    this.release = release;
  }

  /** Frees the blob; answers given so far stay cached. */
  forget(): void {
    this.index = undefined;
  }

  walk(struct: string, path: string): Walk {
    return remember(this.walks, `${struct}.${path}`, () => this.findWalk(struct, path));
  }

  argumentsOf(tracepoint: string): readonly Argument[] {
    return remember(this.tracepoints, tracepoint, () => this.findArguments(tracepoint));
  }

  functionOf(name: string): KernelFunction {
    return remember(this.functions, name, () => this.findFunction(name));
  }

  sizeOf(struct: string): number {
    return remember(this.sizes, struct, () => {
      const type = this.named(struct, [KIND.struct, KIND.union]);
      if (type === 0) throw new MissingError(`Linux ${this.release} has no struct ${struct}`);
      return this.word(type, 8);
    });
  }

  private findWalk(struct: string, path: string): Walk {
    const through: Place[] = [];
    let names: string[] = [];
    let type = this.named(struct, [KIND.struct, KIND.union]);
    if (type === 0) throw new MissingError(`Linux ${this.release} has no struct ${struct}`);
    let within = struct;
    let offset = 0;
    for (const [step, name] of path.split('.').entries()) {
      let holder = this.bare(type);
      if (step > 0 && this.kindOf(holder) === KIND.pointer) {
        through.push({ offset, name: names.join('.') });
        offset = 0;
        names = [];
        holder = this.bare(this.word(holder, 8));
        within = this.nameOf(holder) || within;
      }
      const found = this.memberOf(holder, name);
      if (found === undefined) {
        throw new MissingError(
          `Linux ${this.release} has no ${within}.${name} (asked for ${struct}.${path})`,
        );
      }
      if (found.bitfield) {
        throw new MissingError(
          `${within}.${name} of Linux ${this.release} is a bitfield, which cannot be read`,
        );
      }
      offset += found.offset;
      names.push(name);
      type = found.type;
    }
    return { through, offset, name: names.join('.'), leaf: this.leafOf(type) };
  }

  /** A member, also inside members without a name of their own. */
  private memberOf(
    struct: number,
    name: string,
  ): { offset: number; type: number; bitfield: boolean } | undefined {
    const kind = this.kindOf(struct);
    if (kind !== KIND.struct && kind !== KIND.union) return undefined;
    const info = this.word(struct, 4);
    const withBitfields = info >>> 31 === 1;
    for (let i = 0; i < (info & 0xffff); i++) {
      const at = TYPE_BYTES + 12 * i;
      const bits = this.word(struct, at + 8);
      const type = this.word(struct, at + 4);
      // With the flag the upper 8 bits are a bitfield's width; without it the whole word is the offset in bits.
      const offset = (withBitfields ? bits & 0xff_ffff : bits) / 8;
      const called = this.text(this.word(struct, at));
      if (called === name) return { offset, type, bitfield: withBitfields && bits >>> 24 !== 0 };
      if (called === '') {
        const inner = this.memberOf(this.bare(type), name);
        if (inner !== undefined) return { ...inner, offset: offset + inner.offset };
      }
    }
    return undefined;
  }

  private leafOf(type: number): Leaf {
    const bare = this.bare(type);
    const size = this.word(bare, 8);
    switch (this.kindOf(bare)) {
      case KIND.integer: {
        const signed = ((this.word(bare, TYPE_BYTES) >>> 24) & 1) === 1;
        return isSize(size) ? { kind: 'integer', bytes: size, signed } : { kind: 'other' };
      }
      case KIND.enum:
      case KIND.enum64:
        return isSize(size) ? { kind: 'integer', bytes: size, signed: false } : { kind: 'other' };
      case KIND.pointer:
        return { kind: 'pointer', to: this.nameOf(this.bare(size)) };
      case KIND.array: {
        const element = this.leafOf(this.word(bare, TYPE_BYTES));
        const bytes = this.word(bare, TYPE_BYTES + 8);
        return element.kind === 'integer' && element.bytes === 1
          ? { kind: 'chars', bytes }
          : { kind: 'other' };
      }
      default:
        return { kind: 'other' };
    }
  }

  /** The kernel declares each tracepoint's function as a typedef btf_trace_<name>; its first argument is skipped. */
  private findArguments(tracepoint: string): readonly Argument[] {
    const typedef = this.named(`btf_trace_${tracepoint}`, [KIND.typedef]);
    if (typedef === 0) throw new MissingError(`Linux ${this.release} has no tracepoint ${tracepoint}`);
    return this.argumentsIn(this.bare(this.word(this.bare(typedef), 8))).slice(1);
  }

  private findFunction(name: string): KernelFunction {
    const id = this.named(name, [KIND.function]);
    if (id === 0) throw new MissingError(`Linux ${this.release} has no function ${name}`);
    const prototype = this.word(id, 8);
    return { id, arguments: this.argumentsIn(prototype), result: this.leafOf(this.word(prototype, 8)) };
  }

  private argumentsIn(prototype: number): readonly Argument[] {
    const count = this.word(prototype, 4) & 0xffff;
    return Array.from({ length: count }, (_, i) => {
      const type = this.word(prototype, TYPE_BYTES + 8 * i + 4);
      return {
        leaf: this.leafOf(type),
        typedef: this.kindOf(type) === KIND.typedef ? this.nameOf(type) : '',
      };
    });
  }

  /** The first type of this name and one of these kinds; 0 when there is none. */
  private named(name: string, kinds: readonly number[]): number {
    const { names, strings } = this.indexed();
    const place = strings.indexOf(`\0${name}\0`) + 1;
    if (place === 0) return 0;
    for (let type = names.indexOf(place); type !== -1; type = names.indexOf(place, type + 1)) {
      if (kinds.includes(this.kindOf(type))) return type;
    }
    return 0;
  }

  /** Without typedefs and qualifiers. */
  private bare(type: number): number {
    let bare = type;
    while (QUALIFIERS.includes(this.kindOf(bare))) bare = this.word(bare, 8);
    return bare;
  }

  /** 0 for void. */
  private kindOf(type: number): number {
    return type === 0 ? 0 : (this.word(type, 4) >>> 24) & 0x1f;
  }

  private nameOf(type: number): string {
    return type === 0 ? '' : this.text(this.word(type, 0));
  }

  private word(type: number, at: number): number {
    const { blob, starts } = this.indexed();
    return blob.readUInt32LE((starts[type] ?? 0) + at);
  }

  private text(place: number): string {
    const { strings } = this.indexed();
    return strings.toString('latin1', place, strings.indexOf(0, place));
  }

  private indexed(): Index {
    return (this.index ??= indexOf(this.read()));
  }
}

function indexOf(blob: Buffer): Index {
  if (blob.length < 24 || blob.readUInt16LE(0) !== MAGIC) {
    throw new MissingError('the kernel’s type information is not BTF of this byte order');
  }
  const header = blob.readUInt32LE(4);
  const from = header + blob.readUInt32LE(8);
  const to = from + blob.readUInt32LE(12);
  const texts = header + blob.readUInt32LE(16);
  // Type 0 is void and has no place. No type is shorter than 12 bytes.
  const starts = new Uint32Array((to - from) / TYPE_BYTES + 1);
  const names = new Uint32Array(starts.length);
  let count = 1;
  for (let at = from; at < to; count++) {
    starts[count] = at;
    names[count] = blob.readUInt32LE(at);
    const info = blob.readUInt32LE(at + 4);
    const extra = EXTRA[(info >>> 24) & 0x1f];
    if (extra === undefined)
      throw new MissingError(`the kernel’s BTF has a type of kind ${(info >>> 24) & 0x1f}`);
    at += TYPE_BYTES + extra[0] + extra[1] * (info & 0xffff);
  }
  return {
    blob,
    strings: blob.subarray(texts, texts + blob.readUInt32LE(20)),
    starts: starts.slice(0, count),
    names: names.slice(0, count),
  };
}

function isSize(bytes: number): bytes is 1 | 2 | 4 | 8 {
  return bytes === 1 || bytes === 2 || bytes === 4 || bytes === 8;
}

/** The answer, looked up once; a missing one is cached too. */
function remember<T>(known: Map<string, T | MissingError>, key: string, find: () => T): T {
  let answer = known.get(key);
  if (answer === undefined) {
    try {
      answer = find();
    } catch (error) {
      if (!(error instanceof MissingError)) throw error;
      answer = error;
    }
    known.set(key, answer);
  }
  if (answer instanceof MissingError) throw answer;
  return answer;
}
