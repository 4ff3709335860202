/*
 * The name of a process as two numbers, for events that keep it until they end. In: the path from the running
 * thread to 16 bytes. Out: both words, with zeros behind the name's end.
 *
 * Before Linux 5.17 the kernel does not clear the old name: all processes descend from "swapper/0", and the last
 * letters of that remain behind every shorter name. Found by make kernels, which counted no connects on 5.10.
 */
import { bits, choose, equal, minus, shiftRight, task, word, type Expression } from './expression';

const eachByte = (byte: number): Expression => ({
  kind: 'integer',
  value: BigInt.asUintN(64, BigInt(byte) * 0x0101_0101_0101_0101n),
});
const ALL_BITS: Expression = eachByte(0xff);
const LOWEST = eachByte(0x01);
const HIGHEST = eachByte(0x80);

export function nameWords(comm: string): readonly [first: Expression, second: Expression] {
  const [first, second] = [word(task, comm, 0), word(task, comm, 8)];
  const isShort = firstZero(first);
  return [upToZero(first), choose(equal(isShort, 0), upToZero(second), 0)];
}

/** The highest bit of the first byte that is zero; 0 when none is. A byte's bit may be wrong only behind that one. */
function firstZero(of: Expression): Expression {
  const marks = bits(bits(minus(of, LOWEST), minus(ALL_BITS, of)), HIGHEST);
  return bits(marks, minus(0, marks));
}

/** What is below that bit's byte, which is all of it when there is none. */
function upToZero(of: Expression): Expression {
  return bits(of, minus(shiftRight(firstZero(of), 7), 1));
}
