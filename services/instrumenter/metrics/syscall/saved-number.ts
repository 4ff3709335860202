/*
 * Which call a thread is in, though nobody saw it begin. In: a pointer to its task_struct. Out: the call's number, from
 * the registers that the kernel saved when the thread entered it.
 */
import {
  bits,
  byArch,
  cast,
  choose,
  equal,
  member,
  minus,
  plus,
  sizeOf,
  type Expression,
  type Operand,
} from '../language/expression';

/** Registers of a thread that is in the kernel lie at the end of its stack (THREAD_SIZE), with this much behind them. */
const STACK_BYTES = 16_384;
const registersBefore = (thread: Expression, bytes: Operand): Expression =>
  cast(minus(minus(plus(member(thread, 'stack'), STACK_BYTES), sizeOf('pt_regs')), bytes), 'pt_regs');
/** Kernels with FRED leave 16 bytes: only then is the segment of user stacks found 16 bytes lower. */
const FRED_BYTES = 16;
const USER_STACK = 0x2b;
const isFred = (thread: Expression): Expression =>
  equal(bits(member(registersBefore(thread, FRED_BYTES), 'ss'), 0xffff), USER_STACK);
/** Above INT_MAX if the thread entered the kernel other than by a system call. */
export const savedNumber = (thread: Expression): Expression =>
  byArch({
    x64: member(registersBefore(thread, choose(isFred(thread), FRED_BYTES, 0)), 'orig_ax'),
    arm64: bits(member(registersBefore(thread, 0), 'syscallno'), 0xffff_ffff),
  });

/** PF_IO_WORKER, PF_USER_WORKER, PF_KTHREAD: these have no user registers. */
export const WORKERS = 0x0020_4010;
