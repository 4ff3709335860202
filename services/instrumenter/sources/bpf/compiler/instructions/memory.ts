/* Copies from memory by the kernel's helpers. In: an address in r0. Out: a number in r0, or text in the frame. */
import { FRAME, type Assembler, type Register } from './assembler';
import type { Frame } from './frame';
import type { Node, TextNode } from '../node';
import { emitZeros } from './text-words';

/** r0 = the number at r0 and the node's offset. */
export function emitCopy(asm: Assembler, frame: Frame, node: Node & { kind: 'read' }): void {
  advance(asm, node.offset);
  frame.within(() => {
    const at = frame.allocate(8);
    addressInFrame(asm, 1, at);
    asm.alu('=', 2, node.bytes);
    asm.call(node.memory === 'user' ? 'readUser' : 'readKernel');
    asm.load(node.bytes, 0, FRAME, at);
  });
}

/** The helper leaves what is behind the text's end as it was; keys are compared byte by byte. */
export function emitCopyOfText(asm: Assembler, at: number, node: TextNode & { kind: 'readText' }): void {
  advance(asm, node.offset);
  emitZeros(asm, at, node.bytes);
  addressInFrame(asm, 1, at);
  asm.alu('=', 2, node.limit);
  asm.call(node.memory === 'user' ? 'readUserText' : 'readKernelText');
}

/** r3 = r0 + offset */
function advance(asm: Assembler, offset: number): void {
  if (offset !== 0) asm.alu('+', 0, offset);
  asm.aluRegister('=', 3, 0);
}

export function addressInFrame(asm: Assembler, to: Register, offset: number): void {
  asm.aluRegister('=', to, FRAME);
  asm.alu('+', to, offset);
}
