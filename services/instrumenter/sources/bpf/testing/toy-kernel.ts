/*
 * A kernel with few types, for tests: BTF of the structs that the catalogue uses, and memory laid out by it.
 * In: tasks and requests as plain objects. Out: a blob that btf.ts reads, and a world for machine.ts.
 */
import { Btf } from '../kernel/btf';

interface MemberOf {
  readonly name: string;
  readonly type: number;
  readonly bits: number;
  readonly width?: number;
}

/** Writes BTF: the inverse of btf.ts, by the same documentation. */
export class BtfWriter {
  private readonly types: Buffer[] = [];
  private readonly strings: Buffer[] = [Buffer.from([0])];
  private stringBytes = 1;
  private readonly known = new Map<string, number>([['', 0]]);

  integer(name: string, bytes: number, signed: boolean): number {
    return this.add(name, 1, 0, bytes, [(signed ? 1 << 24 : 0) | (bytes * 8)]);
  }

  pointer(to: number): number {
    return this.add('', 2, 0, to, []);
  }

  array(element: number, count: number): number {
    return this.add('', 3, 0, 0, [element, element, count]);
  }

  struct(name: string, members: readonly MemberOf[], kind: 'struct' | 'union' = 'struct'): number {
    const bitfields = members.some((m) => m.width !== undefined);
    const words = members.flatMap((m) => [this.string(m.name), m.type, ((m.width ?? 0) << 24) | m.bits]);
    return this.add(name, kind === 'struct' ? 4 : 5, members.length, 0, words, bitfields);
  }

  typedef(name: string, of: number): number {
    return this.add(name, 8, 0, of, []);
  }

  constant(of: number): number {
    return this.add('', 10, 0, of, []);
  }

  tracepoint(name: string, args: readonly number[]): number {
    const own = this.pointer(0);
    const prototype = this.add(
      '',
      13,
      args.length + 1,
      0,
      [own, ...args].flatMap((type) => [0, type]),
    );
    return this.typedef(`btf_trace_${name}`, this.pointer(prototype));
  }

  function(name: string, args: readonly number[], result: number): number {
    const words = args.flatMap((type) => [0, type]);
    return this.add(name, 12, 1, this.add('', 13, args.length, result, words), []);
  }

  /** A type of a kind with nothing behind it. */
  add(
    name: string,
    kind: number,
    length: number,
    size: number,
    words: readonly number[],
    flag = false,
  ): number {
    const bytes = Buffer.alloc(12 + 4 * words.length);
    bytes.writeUInt32LE(this.string(name), 0);
    bytes.writeUInt32LE(((flag ? 0x8000_0000 : 0) | (kind << 24) | length) >>> 0, 4);
    bytes.writeUInt32LE(size, 8);
    words.forEach((word, i) => bytes.writeUInt32LE(word >>> 0, 12 + 4 * i));
    this.types.push(bytes);
    return this.types.length;
  }

  blob(): Buffer {
    const types = Buffer.concat(this.types);
    const strings = Buffer.concat(this.strings);
    const header = Buffer.alloc(24);
    header.writeUInt16LE(0xeb9f, 0);
    header[2] = 1;
    [24, 0, types.length, types.length, strings.length].forEach((n, i) => header.writeUInt32LE(n, 4 + 4 * i));
    return Buffer.concat([header, types, strings]);
  }

  private string(text: string): number {
    const known = this.known.get(text);
    if (known !== undefined) return known;
    const at = this.stringBytes;
    const bytes = Buffer.from(`${text}\0`);
    this.strings.push(bytes);
    this.stringBytes += bytes.length;
    this.known.set(text, at);
    return at;
  }
}

/** Byte offsets within the toy kernel's structs. */
export const AT = {
  task: { pid: 0, tgid: 4, comm: 8, realParent: 24, groupLeader: 32, startTime: 40, state: 48, bytes: 64 },
  request: { queue: 0, flags: 8, dataLength: 12, sector: 16, bytes: 32 },
  queue: { disk: 8, bytes: 16 },
  disk: { name: 4, bytes: 40 },
  registers: { number: 8, bytes: 16 },
} as const;

const bits = (bytes: number): number => 8 * bytes;

export function toyBtf(): Btf {
  const w = new BtfWriter();
  const bool = w.typedef('bool', w.integer('_Bool', 1, false));
  const s32 = w.integer('int', 4, true);
  const u32 = w.integer('unsigned int', 4, false);
  const u64 = w.integer('long long unsigned int', 8, false);
  const s64 = w.integer('long int', 8, true);
  const char = w.integer('char', 1, true);
  const u8 = w.integer('unsigned char', 1, false);
  // A struct's number is known before it is written: pointers to it come first.
  const taskPointer = w.pointer(0);
  const task = w.struct('task_struct', [
    { name: 'pid', type: w.typedef('pid_t', s32), bits: 0 },
    { name: 'tgid', type: s32, bits: bits(AT.task.tgid) },
    { name: 'comm', type: w.array(char, 16), bits: bits(AT.task.comm) },
    { name: 'real_parent', type: taskPointer, bits: bits(AT.task.realParent) },
    { name: 'group_leader', type: w.constant(taskPointer), bits: bits(AT.task.groupLeader) },
    { name: 'start_time', type: u64, bits: bits(AT.task.startTime) },
    { name: '__state', type: u32, bits: bits(AT.task.state) },
  ]);
  const disk = w.struct('gendisk', [
    { name: 'major', type: s32, bits: 0 },
    { name: 'disk_name', type: w.array(char, 32), bits: bits(AT.disk.name) },
  ]);
  const queue = w.struct('request_queue', [
    { name: 'queuedata', type: w.pointer(0), bits: 0 },
    { name: 'disk', type: w.pointer(disk), bits: bits(AT.queue.disk) },
  ]);
  const request = w.struct('request', [
    { name: 'q', type: w.pointer(queue), bits: 0 },
    { name: 'cmd_flags', type: u32, bits: bits(AT.request.flags) },
    { name: '__data_len', type: u32, bits: bits(AT.request.dataLength) },
    { name: '__sector', type: u64, bits: bits(AT.request.sector) },
  ]);
  const registers = w.struct('pt_regs', [
    { name: 'r15', type: u64, bits: 0 },
    { name: 'orig_ax', type: u64, bits: bits(AT.registers.number) },
    { name: 'syscallno', type: s32, bits: bits(AT.registers.number) },
  ]);
  const requestPointer = w.pointer(request);
  const registersPointer = w.pointer(registers);
  w.tracepoint('sys_enter', [registersPointer, s64]);
  w.tracepoint('sys_exit', [registersPointer, s64]);
  const toTask = w.pointer(task);
  w.tracepoint('sched_switch', [bool, toTask, toTask, u32]);
  w.tracepoint('sched_wakeup', [toTask]);
  w.tracepoint('sched_wakeup_new', [toTask]);
  w.tracepoint('sched_process_exec', [toTask, s32, w.pointer(0)]);
  w.tracepoint('sched_process_fork', [toTask, toTask]);
  w.tracepoint('sched_process_exit', [toTask, bool]);
  w.tracepoint('block_rq_issue', [requestPointer]);
  w.tracepoint('block_rq_complete', [requestPointer, w.typedef('blk_status_t', u8), u32]);
  w.function('submit', [w.pointer(0), requestPointer, s32, u32], s32);
  w.function('submit_whole', [request, s32], w.pointer(request));
  w.function('submit_much', [s64, s64, s64, s64, s64, s64, s64], 0);
  const blob = w.blob();
  // The pointer to task_struct that was written before it.
  patchPointer(blob, taskPointer, task);
  return new Btf(() => blob, '6.0.0-toy');
}

/** Sets what the pointer type refers to. */
function patchPointer(blob: Buffer, pointer: number, to: number): void {
  let at = 24;
  for (let type = 1; type < pointer; type++) {
    const info = blob.readUInt32LE(at + 4);
    const kind = (info >>> 24) & 0x1f;
    at += 12 + (kind === 1 ? 4 : kind === 3 ? 12 : kind === 4 ? 12 * (info & 0xffff) : 0);
  }
  blob.writeUInt32LE(to, at + 8);
}

interface ToyTask {
  readonly comm: string | Buffer;
  readonly pid: number;
  readonly tgid: number;
  readonly parent?: bigint;
  readonly leader?: bigint;
  readonly startTime?: bigint;
  /** Behind the name's end: the rest of an older one. */
  readonly leftover?: string;
}

export function taskBytes(task: ToyTask): Buffer {
  const bytes = Buffer.alloc(AT.task.bytes);
  bytes.writeInt32LE(task.pid, AT.task.pid);
  bytes.writeInt32LE(task.tgid, AT.task.tgid);
  const name = bytes.subarray(AT.task.comm, AT.task.comm + 15);
  const end = Buffer.from(task.comm).copy(name) + 1;
  if (task.leftover !== undefined) Buffer.from(task.leftover).copy(name.subarray(Math.min(end, name.length)));
  bytes.writeBigUInt64LE(task.parent ?? 0n, AT.task.realParent);
  bytes.writeBigUInt64LE(task.leader ?? 0n, AT.task.groupLeader);
  bytes.writeBigUInt64LE(task.startTime ?? 0n, AT.task.startTime);
  return bytes;
}
