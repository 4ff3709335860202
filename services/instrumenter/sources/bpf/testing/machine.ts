/*
 * The kernel's BPF machine in TypeScript, as far as our programs use it. In: instructions, a tracepoint's arguments,
 * a world (memory, clock, current task). Out: the contents of the maps. Needs no root; slow.
 *
 * It is the second opinion in tests: compiled predicates, buckets and counts are run here and compared with the results of
 * common/, and with the real kernel. An instruction that our assembler does not make, and any access outside the frame, the
 * context or a map's value, throws.
 */
import { FRAME_BYTES, HELPERS, OP, type Instruction } from '../compiler/instructions/assembler';
import type { MapSpecification } from '../compiler/compile';
import { compute } from '../compiler/simplify';

/** Start addresses of the machine's regions; the world's kernel memory is at other addresses. */
const FRAME_TOP = 0x7000_0000_0000n;
const CONTEXT_AT = 0x7100_0000_0000n;
const VALUES_AT = 0x7200_0000_0000n;
const VALUE_SPACING = 0x1_0000n;
const MAP_AT = 0x7300_0000_0000n;
const STEPS_MAX = 100_000;

export interface World {
  /** Nanoseconds of the monotonic clock. */
  now: bigint;
  cpu: number;
  process: number;
  thread: number;
  comm: string | Buffer;
  /** Address of the running task. */
  task: bigint;
  /** Number of its cgroup; absent: 0. */
  cgroup?: bigint;
  /** Pieces of kernel memory by address; a read across two pieces fails like a read outside all. */
  readonly memory: Map<bigint, Buffer>;
}

class MapInMemory {
  readonly specification: MapSpecification;
  /** By key in hexadecimal, and CPU where each has its own. */
  readonly values = new Map<string, Buffer>();

  constructor(specification: MapSpecification) {
    this.specification = specification;
  }

  find(key: Buffer, cpu: number): { id: string; value: Buffer } | undefined {
    const { kind, valueBytes, entries } = this.specification;
    const isArray = kind === 'array' || kind === 'perCpuArray';
    if (isArray && key.readUInt32LE(0) >= entries) return undefined;
    const id = this.idOf(key, cpu);
    let value = this.values.get(id);
    if (value === undefined && isArray) {
      value = Buffer.alloc(valueBytes);
      this.values.set(id, value);
    }
    return value === undefined ? undefined : { id, value };
  }

  /** 0, or a negative error as the kernel returns it. */
  update(key: Buffer, value: Buffer, onlyNew: boolean, cpu: number): number {
    const isArray = this.specification.kind.toLowerCase().endsWith('array');
    if (onlyNew && (isArray || this.hasKey(key))) return -17;
    if (!isArray && !this.hasKey(key) && this.keys().length >= this.specification.entries) return -7;
    this.values.set(this.idOf(key, cpu), Buffer.from(value));
    return 0;
  }

  remove(key: Buffer): void {
    const prefix = key.toString('hex');
    for (const id of this.values.keys()) if (id.startsWith(`${prefix}/`)) this.values.delete(id);
  }

  keys(): string[] {
    return [...new Set([...this.values.keys()].map((id) => id.slice(0, id.indexOf('/'))))];
  }

  /** Key and counter, summed over CPUs. */
  counts(): { key: Buffer; count: number }[] {
    return this.keys().map((hex) => ({
      key: Buffer.from(hex, 'hex'),
      count: [...this.values]
        .filter(([id]) => id.startsWith(`${hex}/`))
        .reduce((sum, [, value]) => sum + Number(value.readBigUInt64LE(0)), 0),
    }));
  }

  private hasKey(key: Buffer): boolean {
    const prefix = `${key.toString('hex')}/`;
    return [...this.values.keys()].some((id) => id.startsWith(prefix));
  }

  private idOf(key: Buffer, cpu: number): string {
    return `${key.toString('hex')}/${this.specification.kind.startsWith('perCpu') ? cpu : 0}`;
  }
}

export class BpfMachine {
  readonly maps: ReadonlyMap<string, MapInMemory>;
  readonly world: World;

  constructor(maps: readonly MapSpecification[], world: World) {
    this.maps = new Map(maps.map((m) => [m.name, new MapInMemory(m)]));
    this.world = world;
  }

  map(name: string): MapInMemory {
    const map = this.maps.get(name);
    if (map === undefined) throw new Error(`there is no map ${name}`);
    return map;
  }

  /** Runs a program once; returns r0. */
  run(instructions: readonly Instruction[], args: readonly bigint[]): bigint {
    return new Run(this, instructions, args).run();
  }
}

class Run {
  private readonly r = new Array<bigint>(11).fill(0n);
  private readonly frame = Buffer.alloc(FRAME_BYTES, 0xa5); // so that reads of uninitialized memory show
  private readonly context: Buffer;
  private readonly values: Buffer[] = [];
  private readonly machine: BpfMachine;
  private readonly instructions: readonly Instruction[];
  /** Place of each instruction: wide ones take two. */
  private readonly at = new Map<number, number>();

  constructor(machine: BpfMachine, instructions: readonly Instruction[], args: readonly bigint[]) {
    this.machine = machine;
    this.instructions = instructions;
    this.context = Buffer.alloc(8 * args.length);
    args.forEach((arg, i) => this.context.writeBigUInt64LE(BigInt.asUintN(64, arg), 8 * i));
    let place = 0;
    instructions.forEach((i, index) => {
      this.at.set(place, index);
      place += i.op === OP.wide ? 2 : 1;
    });
    this.r[1] = CONTEXT_AT;
    this.r[10] = FRAME_TOP;
  }

  run(): bigint {
    let next = 0;
    for (let steps = 0; steps < STEPS_MAX; steps++) {
      const i = this.instructions[next];
      if (i === undefined) throw new Error('the program runs past its end');
      next++;
      if (i.op === OP.exit) return this.get(0);
      if (i.op === OP.call) this.call(i.number);
      else if (i.op === OP.goto) next = this.target(i);
      else if ((i.op & 0x07) === 0x05) next = this.holds(i) ? this.target(i) : next;
      else this.step(i);
    }
    throw new Error('the program does not end');
  }

  private get(register: number): bigint {
    return this.r[register] ?? 0n;
  }

  private target(i: Instruction): number {
    const index = this.at.get(i.to?.at ?? -1);
    if (index === undefined) throw new Error('a jump leads nowhere');
    return index;
  }

  private right(i: Instruction): bigint {
    return (i.op & 0x08) !== 0 ? this.get(i.src) : BigInt.asUintN(64, BigInt(i.number));
  }

  private holds(i: Instruction): boolean {
    const [left, right] = [this.get(i.dst), this.right(i)];
    switch (i.op & 0xf0) {
      case 0x10:
        return left === right;
      case 0x20:
        return left > right;
      case 0x30:
        return left >= right;
      case 0x50:
        return left !== right;
      case 0x60:
        return BigInt.asIntN(64, left) > BigInt.asIntN(64, right);
      case 0x70:
        return BigInt.asIntN(64, left) >= BigInt.asIntN(64, right);
      case 0xa0:
        return left < right;
      case 0xb0:
        return left <= right;
      case 0xc0:
        return BigInt.asIntN(64, left) < BigInt.asIntN(64, right);
      case 0xd0:
        return BigInt.asIntN(64, left) <= BigInt.asIntN(64, right);
      default:
        throw new Error(`jump 0x${i.op.toString(16)} is not known`);
    }
  }

  private step(i: Instruction): void {
    const size = { 0x00: 4, 0x08: 2, 0x10: 1, 0x18: 8 }[i.op & 0x18] ?? 8;
    switch (i.op & 0x07) {
      case 0x07:
        this.r[i.dst] = this.alu(i);
        return;
      case 0x00:
        this.r[i.dst] = this.wide(i);
        return;
      case 0x01:
        this.r[i.dst] = this.load(this.get(i.src) + BigInt(i.offset), size);
        return;
      case 0x02:
        write(this.bytes(this.get(i.dst) + BigInt(i.offset), size), BigInt(i.number));
        return;
      case 0x03: {
        const bytes = this.bytes(this.get(i.dst) + BigInt(i.offset), size);
        write(bytes, (i.op === OP.atomicAdd ? read(bytes) : 0n) + this.get(i.src));
        return;
      }
      default:
        throw new Error(`instruction 0x${i.op.toString(16)} is not known`);
    }
  }

  private alu(i: Instruction): bigint {
    const op = (
      { 0x00: '+', 0x10: '-', 0x20: '*', 0x30: '/', 0x40: '|', 0x50: '&', 0x60: '<<', 0x70: '>>' } as const
    )[i.op & 0xf0];
    if (op !== undefined) return compute(op, this.get(i.dst), this.right(i));
    if ((i.op & 0xf0) === 0x90) return compute('%', this.get(i.dst), this.right(i));
    if ((i.op & 0xf0) === 0xb0) return this.right(i);
    if ((i.op & 0xf0) === 0xc0) return compute('s>>', this.get(i.dst), this.right(i));
    throw new Error(`operation 0x${i.op.toString(16)} is not known`);
  }

  private wide(i: Instruction): bigint {
    if (i.map === undefined) return i.wide ?? 0n;
    const index = BigInt([...this.machine.maps.keys()].indexOf(i.map));
    if (i.src === 1) return MAP_AT + index;
    const found = this.machine.map(i.map).find(Buffer.alloc(4), 0);
    if (found === undefined) throw new Error(`map ${i.map} has no value`);
    return this.valueAddress(found.value) + ((i.wide ?? 0n) >> 32n);
  }

  private valueAddress(value: Buffer): bigint {
    let index = this.values.indexOf(value);
    if (index === -1) index = this.values.push(value) - 1;
    return VALUES_AT + BigInt(index) * VALUE_SPACING;
  }

  /** Of the kernel's own memory, too: 0 where there is none. */
  private load(address: bigint, size: number): bigint {
    if (address >= FRAME_TOP - BigInt(FRAME_BYTES) && address < MAP_AT)
      return read(this.bytes(address, size));
    const bytes = this.kernelBytes(address);
    return bytes === undefined || bytes.length < size ? 0n : read(bytes.subarray(0, size));
  }

  /** Memory that the program itself may access. */
  private bytes(address: bigint, size: number): Buffer {
    const regions: [bigint, Buffer | undefined][] = [
      [FRAME_TOP - BigInt(FRAME_BYTES), this.frame],
      [CONTEXT_AT, this.context],
      [
        VALUES_AT + ((address - VALUES_AT) / VALUE_SPACING) * VALUE_SPACING,
        this.values[Number((address - VALUES_AT) / VALUE_SPACING)],
      ],
    ];
    for (const [from, region] of regions) {
      if (region === undefined || address < from || address + BigInt(size) > from + BigInt(region.length))
        continue;
      const start = Number(address - from);
      if (start % size !== 0 && [1, 2, 4, 8].includes(size)) throw new Error('an access is not aligned');
      return region.subarray(start, start + size);
    }
    throw new Error(`the program touches 0x${address.toString(16)}, which is not its own`);
  }

  private span(address: bigint, size: number): Buffer {
    return size % 8 === 0 || size < 8
      ? this.bytes(address, size)
      : Buffer.from(Array.from({ length: size }, (_, i) => this.bytes(address + BigInt(i), 1)[0] ?? 0));
  }

  private call(helper: number): void {
    const [, r1, r2, r3, r4] = this.r as [bigint, bigint, bigint, bigint, bigint];
    const { world } = this.machine;
    this.r[0] = BigInt.asUintN(64, this.result(helper, world, r1, r2, r3, r4));
    this.r.fill(0xdead_beefn, 1, 6);
  }

  private result(helper: number, world: World, r1: bigint, r2: bigint, r3: bigint, r4: bigint): bigint {
    switch (helper) {
      case HELPERS.now:
        return world.now;
      case HELPERS.cpu:
        return BigInt(world.cpu);
      case HELPERS.task:
      case HELPERS.typedTask:
        return world.task;
      case HELPERS.cgroup:
        return world.cgroup ?? 0n;
      case HELPERS.processThread:
        return (BigInt(world.process) << 32n) | BigInt(world.thread);
      case HELPERS.comm: {
        const bytes = this.bytes(r1, Number(r2)).fill(0);
        Buffer.from(world.comm).copy(bytes, 0, 0, bytes.length - 1);
        return 0n;
      }
      case HELPERS.readUser:
      case HELPERS.readKernel:
        return this.readKernel(r1, Number(r2), r3);
      case HELPERS.readUserText:
      case HELPERS.readKernelText:
        return this.readKernelText(r1, Number(r2), r3);
      case HELPERS.lookup: {
        const map = this.mapAt(r1);
        const found = map.find(this.key(map, r2), world.cpu);
        return found === undefined ? 0n : this.valueAddress(found.value);
      }
      case HELPERS.update: {
        const map = this.mapAt(r1);
        const value = this.span(r3, map.specification.valueBytes);
        return BigInt(map.update(this.key(map, r2), value, r4 === 1n, world.cpu));
      }
      case HELPERS.remove: {
        const map = this.mapAt(r1);
        map.remove(this.key(map, r2));
        return 0n;
      }
      default:
        throw new Error(`helper ${helper} is not known`);
    }
  }

  private mapAt(address: bigint): MapInMemory {
    const map = [...this.machine.maps.values()][Number(address - MAP_AT)];
    if (map === undefined) throw new Error('a call is not given a map');
    return map;
  }

  private key(map: MapInMemory, address: bigint): Buffer {
    return Buffer.from(this.span(address, map.specification.keyBytes));
  }

  private readKernel(to: bigint, size: number, from: bigint): bigint {
    const target = this.bytes(to, size);
    const source = this.kernelBytes(from);
    if (source === undefined || source.length < size) {
      target.fill(0);
      return -14n;
    }
    source.copy(target, 0, 0, size);
    return 0n;
  }

  private readKernelText(to: bigint, size: number, from: bigint): bigint {
    const source = this.kernelBytes(from);
    if (source === undefined) {
      this.span(to, size).fill(0);
      return -14n;
    }
    const end = source.indexOf(0);
    const text = source.subarray(0, Math.min(end === -1 ? source.length : end, size - 1));
    for (let i = 0; i <= text.length; i++) this.bytes(to + BigInt(i), 1)[0] = text[i] ?? 0;
    return BigInt(text.length + 1);
  }

  private kernelBytes(address: bigint): Buffer | undefined {
    // The program's context is memory too.
    for (const [from, bytes] of [...this.machine.world.memory, [CONTEXT_AT, this.context] as const]) {
      if (address >= from && address < from + BigInt(bytes.length))
        return bytes.subarray(Number(address - from));
    }
    return undefined;
  }
}

function read(bytes: Buffer): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0);
  return value;
}

function write(bytes: Buffer, value: bigint): void {
  let rest = BigInt.asUintN(64, value);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}
