/*
 * New cgroups, reported by the kernel as they are made: a container that ends before the folders are scanned
 * still has a name. In: the machine. Out: numbers and paths of those made since the last call.
 */
import { argument, equal, member, string } from '../../../metrics/language/expression';
import { tracepoint } from '../../../metrics/language/observation';
import { Assembler, encode, FRAME, type Instruction } from '../compiler/instructions/assembler';
import { CONTEXT, Emitter } from '../compiler/instructions/emit';
import { Frame } from '../compiler/instructions/frame';
import type { Kernel } from '../kernel/kernel';
import type { Machine } from '../compiler/plan';
import { numberOf, resolve } from '../compiler/resolve';
import type { Birth } from './zones';
import { KERNEL_INSTRUCTIONS } from '../../limits';

/** New cgroups that the kernel remembers until they are read. */
const NEW_CGROUPS = 1024;

const AT = tracepoint('cgroup_mkdir');
const MAP = 'newCgroups';
/** Outermost names come first, and the outermost container counts. */
const PATH_BYTES = 256;

export class NewCgroups {
  private readonly kernel: Kernel;
  private readonly code: readonly Instruction[];
  private readonly held: number[] = [];
  private map: number | undefined;
  private opening: Promise<void> | undefined;

  /** Throws a MissingError if the kernel cannot report them. */
  constructor(kernel: Kernel, machine: Machine) {
    this.kernel = kernel;
    this.code = program(machine);
  }

  /** After this resolves, none is missed. Rejects with a KernelError. */
  open(): Promise<void> {
    this.opening ??= this.start().catch((error: unknown) => {
      this.close();
      throw error;
    });
    return this.opening;
  }

  take(): readonly Birth[] {
    const newCgroups: Birth[] = [];
    const [key, path] = [Buffer.alloc(8), Buffer.alloc(PATH_BYTES)];
    // They may be made faster than they are read.
    for (let i = 0; i < NEW_CGROUPS; i++) {
      if (this.map === undefined || !this.kernel.nextKey(this.map, undefined, key)) break;
      if (!this.kernel.lookup(this.map, key, path) || !this.kernel.remove(this.map, key)) break;
      newCgroups.push({ cgroup: key.readBigUInt64LE(0), path: whole(path) });
    }
    return newCgroups;
  }

  close(): void {
    for (const fd of this.held.splice(0).reverse()) this.kernel.close(fd);
    this.map = undefined;
    this.opening = undefined;
  }

  private async start(): Promise<void> {
    const { kernel, held } = this;
    const map = kernel.createMap({
      name: MAP,
      kind: 'hash',
      keyBytes: 8,
      valueBytes: PATH_BYTES,
      entries: NEW_CGROUPS,
    });
    held.push(map);
    held.push(
      kernel.load(
        MAP,
        encode(this.code, () => map),
      ),
    );
    held.push(await kernel.attach(AT.name, held[1] ?? -1));
    this.map = map;
  }
}

/** A path that was cut loses its last, incomplete name. */
function whole(path: Buffer): Buffer {
  const end = path.indexOf(0);
  return Buffer.from(path.subarray(0, end < PATH_BYTES - 1 ? end : path.lastIndexOf('/')));
}

function program(machine: Machine): readonly Instruction[] {
  const at = { ...machine, tracepoint: AT.name };
  const cgroup = argument(0, 'cgroup');
  const path = resolve(string(argument(1), PATH_BYTES), at);
  if (path.kind !== 'text') throw new TypeError('a path is text');
  const asm = new Assembler(KERNEL_INSTRUCTIONS);
  const frame = new Frame();
  const nothing = (): never => {
    throw new TypeError('nothing is kept');
  };
  const emitter = new Emitter(asm, frame, { typedTask: false, kept: nothing, wallOffset: nothing });
  const end = asm.label();
  asm.aluRegister('=', CONTEXT, 1);
  // Hierarchies of version 1 have numbers of their own.
  emitter.guard(numberOf(equal(member(cgroup, 'root.hierarchy_id'), 0), at), end);
  const key = frame.allocate(8);
  emitter.number(numberOf(member(cgroup, 'kn.id'), at));
  asm.store(8, FRAME, key, 0);
  const value = emitter.text(path.node);
  asm.map(1, MAP);
  emitter.address(2, key);
  emitter.address(3, value);
  asm.alu('=', 4, 0);
  asm.call('update');
  asm.place(end);
  asm.exit();
  return asm.instructions;
}
