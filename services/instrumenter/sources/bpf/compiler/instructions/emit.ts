/*
 * From trees to instructions. In: nodes. Out: code that leaves a number in r0, text in the frame, or jumps.
 *
 * Discipline: r6 is the program's context. A number is computed in r0; r1-r5 are lost by doing so. An operand that has
 * to outlive the computing of another waits in r7, r8 or r9, then in the frame. What is expensive (calls, reads,
 * text) and used more than once is remembered in the frame; what was computed on only one of two ways is forgotten
 * where they meet.
 */
import { FRAME, fitsInline, type Assembler, type Label, type Register } from './assembler';
import type { Frame } from './frame';
import { eachPart, fillOf, print, type Node, type TextNode } from '../node';
import { OPPOSITE } from '../simplify';
import { isNameOfTask, isOfTask } from '../task-reads';
import { addressInFrame, emitCopy, emitCopyOfText } from './memory';
import { emitBlanks, emitComparison, emitName, emitZeros } from './text-words';
import { WaitingOperands } from './waiting-operands';

export const CONTEXT: Register = 6;

/** Where a program finds what it does not compute itself. */
interface Homes {
  /** The kernel knows the running task's type: it is read without a call. */
  readonly typedTask: boolean;
  /** Frame offset of a kept value. */
  kept(name: string): number;
  /** r1 = address of the wall clock's offset. */
  wallOffset(): void;
}

export class Emitter {
  readonly asm: Assembler;
  readonly frame: Frame;
  private readonly homes: Homes;
  /** How often each computation appears in the program. */
  private readonly uses = new Map<string, number>();
  /** Frame offsets of what is known at this point of the program. */
  private known = new Map<string, number>();
  /** Frame offsets that texts are to be written to. */
  private readonly places = new Map<string, number>();
  private readonly waiting: WaitingOperands;

  constructor(asm: Assembler, frame: Frame, homes: Homes) {
    this.asm = asm;
    this.frame = frame;
    this.homes = homes;
    this.waiting = new WaitingOperands(asm, frame);
  }

  /** Announces a tree that will be emitted: what appears twice is worth remembering. */
  expect(node: Node | TextNode): void {
    eachPart(node, (part) => {
      const key = print(part);
      this.uses.set(key, (this.uses.get(key) ?? 0) + 1);
    });
  }

  /** The text's bytes are to be at this offset (a part of a map's key). */
  placeText(text: TextNode, offset: number): void {
    this.places.set(print(text), offset);
  }

  /** What is computed inside is forgotten afterwards, and its memory free. */
  scope<T>(emit: () => T): T {
    const before = this.known;
    this.known = new Map(before);
    try {
      return this.frame.within(emit);
    } finally {
      this.known = before;
    }
  }

  /** r0 = the number. */
  number(node: Node): void {
    this.asm.source(print(node), () => this.compute(node));
  }

  /** Computes now what later code will find remembered. */
  ahead(node: Node): void {
    const key = print(node);
    this.uses.set(key, 2);
    this.number(node);
  }

  /** Goes to `to` when the condition does not hold; on the way through it holds, and all it computed stays known. */
  guard(condition: Node, to: Label): void {
    if (condition.kind === 'all') {
      for (const member of condition.members) this.guard(member, to);
    } else {
      this.jumpIf(condition, false, to);
    }
  }

  /** Frame offset of the text's bytes, as long as the frame is as it is. */
  text(node: TextNode): number {
    const key = print(node);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const lasting = this.places.get(key) ?? this.frame.spare(node.bytes);
    const at = lasting ?? this.frame.allocate(node.bytes);
    this.asm.source(key, () => this.fill(node, at));
    if (lasting !== undefined) this.known.set(key, at);
    return at;
  }

  private fill(node: TextNode, at: number): void {
    const { asm } = this;
    if (node.kind === 'comm') {
      this.address(1, at);
      asm.alu('=', 2, node.limit);
      asm.call('comm'); // fills up with zeros itself
      return;
    }
    if (node.kind === 'arguments') {
      this.fillArguments(node, at);
      return;
    }
    if (node.kind === 'words') {
      for (const [i, word] of node.of.entries()) {
        this.compute(word);
        asm.store(8, FRAME, at + 8 * i, 0);
      }
      return;
    }
    this.compute(node.from);
    if (this.homes.typedTask && isNameOfTask(node)) emitName(asm, node.offset, at, node.bytes);
    else emitCopyOfText(asm, at, node);
  }

  /** Arguments are parted by NULs; people write blanks. Where memory is not at hand, the helper leaves zeros. */
  private fillArguments(node: TextNode & { kind: 'arguments' }, at: number): void {
    const { asm } = this;
    emitZeros(asm, at, node.bytes);
    this.both(node.from, node.length);
    const none = asm.label();
    // As the choice of the length has it; the kernel wants to see it here.
    asm.jump('>', 1, node.bytes, none);
    asm.aluRegister('=', 2, 1);
    asm.aluRegister('=', 3, 0);
    this.address(1, at);
    asm.call('readUser');
    asm.place(none);
    emitBlanks(asm, at, node.bytes);
  }

  private compute(node: Node): void {
    const { asm } = this;
    switch (node.kind) {
      case 'constant':
        return asm.number(0, node.value);
      case 'context':
        return asm.aluRegister('=', 0, CONTEXT);
      case 'argument':
        return asm.load(8, 0, CONTEXT, 8 * node.index);
      case 'kept':
        return asm.load(8, 0, FRAME, this.homes.kept(node.name));
      case 'wallOffset':
        this.homes.wallOffset();
        return asm.load(8, 0, 1, 0);
      case 'call':
        return this.remembered(node, () =>
          asm.call(node.helper === 'task' && this.homes.typedTask ? 'typedTask' : node.helper),
        );
      case 'read':
        return this.remembered(node, () => this.read(node));
      case 'arithmetic':
        return this.arithmetic(node);
      case 'choose':
        return this.choose(node);
      default:
        return this.truth(node);
    }
  }

  private remembered(node: Node, emit: () => void): void {
    const key = print(node);
    const known = this.known.get(key);
    if (known !== undefined) return this.asm.load(8, 0, FRAME, known);
    emit();
    if ((this.uses.get(key) ?? 0) < 2) return;
    const at = this.frame.spare(8);
    if (at === undefined) return;
    this.asm.store(8, FRAME, at, 0);
    this.known.set(key, at);
  }

  /** Yields zeros where memory cannot be read, so that walks need no checks on the way. */
  private read(node: Node & { kind: 'read' }): void {
    const { asm } = this;
    this.compute(node.from);
    if (this.homes.typedTask && isOfTask(node)) asm.load(node.bytes, 0, 0, node.offset);
    else emitCopy(asm, this.frame, node);
    if (node.signed && node.bytes < 8) {
      asm.alu('<<', 0, 64 - 8 * node.bytes);
      asm.alu('s>>', 0, 64 - 8 * node.bytes);
    }
  }

  private arithmetic({ op, left, right }: Node & { kind: 'arithmetic' }): void {
    const { asm } = this;
    if (
      right.kind === 'constant' &&
      fitsInline(right.value) &&
      !(['/', '%'].includes(op) && right.value === 0n)
    ) {
      this.compute(left);
      asm.alu(op, 0, Number(right.value));
      return;
    }
    this.both(left, right);
    asm.aluRegister(op, 0, 1);
  }

  /** r0 = left, r1 = right. */
  private both(left: Node, right: Node): void {
    const { asm } = this;
    if (this.isAtHand(right)) {
      this.compute(left);
      this.fetch(1, right);
      return;
    }
    this.compute(left);
    this.waiting.hold((put, take) => {
      put(0);
      this.compute(right);
      asm.aluRegister('=', 1, 0);
      take(0);
    });
  }

  /** True when one instruction, and no register but its own, yields the number. */
  private isAtHand(node: Node): boolean {
    return ['constant', 'argument', 'kept'].includes(node.kind) || this.known.has(print(node));
  }

  private fetch(to: Register, node: Node): void {
    const { asm } = this;
    if (node.kind === 'constant') return asm.number(to, node.value);
    if (node.kind === 'argument') return asm.load(8, to, CONTEXT, 8 * node.index);
    const at = node.kind === 'kept' ? this.homes.kept(node.name) : this.known.get(print(node));
    asm.load(8, to, FRAME, at ?? 0);
  }

  private choose({ when, then, otherwise }: Node & { kind: 'choose' }): void {
    const { asm } = this;
    const other = asm.label();
    const end = asm.label();
    this.jumpIf(when, false, other);
    this.oneWay(() => this.compute(then));
    asm.goto(end);
    asm.place(other);
    this.oneWay(() => this.compute(otherwise));
    asm.place(end);
  }

  /** r0 = 1 when the condition holds, otherwise 0. */
  private truth(node: Node): void {
    const { asm } = this;
    const no = asm.label();
    const end = asm.label();
    this.jumpIf(node, false, no);
    asm.alu('=', 0, 1);
    asm.goto(end);
    asm.place(no);
    asm.alu('=', 0, 0);
    asm.place(end);
  }

  /** Goes to `to` when the condition is `wanted`, and on otherwise. */
  private jumpIf(node: Node, wanted: boolean, to: Label): void {
    switch (node.kind) {
      case 'not':
        return this.jumpIf(node.of, !wanted, to);
      case 'all':
      case 'any':
        return this.junction(node, wanted, to);
      case 'compare':
        return this.asm.source(print(node), () => this.jumpIfCompares(node, wanted, to));
      case 'same':
        return this.asm.source(print(node), () => this.jumpIfSame(node, wanted, to));
      default:
        this.number(node);
        this.asm.jump(wanted ? '!=' : '==', 0, 0, to);
    }
  }

  /** An `all` is decided by the first member that does not hold, an `any` by the first that does. */
  private junction(node: Node & { kind: 'all' | 'any' }, wanted: boolean, to: Label): void {
    const deciding = node.kind === 'any';
    const on = this.asm.label();
    const emit = (member: Node, i: number): void => {
      const isLast = i === node.members.length - 1;
      if (deciding === wanted) this.jumpIf(member, deciding, to);
      else if (isLast) this.jumpIf(member, wanted, to);
      else this.jumpIf(member, deciding, on);
    };
    // Only the first member is computed in any case.
    const [first, ...others] = node.members;
    if (first !== undefined) emit(first, 0);
    this.oneWay(() => others.forEach((member, i) => emit(member, i + 1)));
    this.asm.place(on);
  }

  private jumpIfCompares(node: Node & { kind: 'compare' }, wanted: boolean, to: Label): void {
    const { asm } = this;
    const op = wanted ? node.op : OPPOSITE[node.op];
    if (node.right.kind === 'constant' && fitsInline(node.right.value)) {
      this.compute(node.left);
      asm.jump(op, 0, Number(node.right.value), to);
      return;
    }
    this.both(node.left, node.right);
    asm.jumpRegister(op, 0, 1, to);
  }

  private jumpIfSame(node: Node & { kind: 'same' }, wanted: boolean, to: Label): void {
    // Where the text finds no lasting place, its memory is free again afterwards.
    const isLasting = this.known.has(print(node.text)) || this.hasPlace(node.text);
    if (!isLasting) return this.frame.within(() => this.compareText(node, wanted, to));
    return this.compareText(node, wanted, to);
  }

  private hasPlace(text: TextNode): boolean {
    return this.places.has(print(text)) || this.frame.hasSpare(text.bytes);
  }

  private compareText({ text, bytes }: Node & { kind: 'same' }, wanted: boolean, to: Label): void {
    emitComparison(this.asm, this.text(text), { bytes, within: text.bytes, fill: fillOf(text) }, wanted, to);
  }

  /** What is computed inside is computed on one of two ways: it is not known where they meet. */
  private oneWay(emit: () => void): void {
    const before = this.known;
    this.known = new Map(before);
    this.frame.within(emit);
    this.known = before;
  }

  address(to: Register, offset: number): void {
    addressInFrame(this.asm, to, offset);
  }
}
