/*
 * Programs at functions of the kernel on the real kernel, also where it lets no function be watched: those for
 * breakpoints are given to the verifier as what they are; those for trampolines as the same type of program for a
 * tracepoint, and they are run as raw tracepoints on rows of our own, where arguments lie alike. Needs root, and Linux
 * 5.10 for running raw tracepoints.
 */
import { openSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { gridOf } from '../../../../../common/model/field';
import { ALWAYS } from '../../../../../common/model/predicate/predicate';
import { totalOf } from '../../../../../common/model/value';
import { FIELDS, type FieldName } from '../../../metrics/language/fields';
import { pathOps } from '../../../metrics/fs/path-ops';
import { PROGRAM_TYPES } from '../kernel/abi';
import { BpfSource } from '../bpf';
import { Btf } from '../kernel/btf';
import { compile, type Compiled } from './compile';
import { Kernel } from '../kernel/kernel';
import { HOST, instrumentation } from '../testing/real-kernel';
import { Verifier } from '../testing/verifier';

const usable = process.platform === 'linux' && process.getuid?.() === 0;
if (!usable) process.stderr.write('SKIPPED: programs at functions of the kernel: this needs root on Linux\n');

const architecture = process.arch === 'x64' ? ('x64' as const) : ('arm64' as const);
const isNumeric = (field: string): boolean => FIELDS[field as FieldName].type !== 'string';
const ENOENT = 2n;

/** Takes programs for trampolines as if they were for tracepoints, and attaches nothing. */
class InRows extends Kernel {
  readonly loaded = new Map<string, number>();

  override load(name: string, code: Buffer, type?: Parameters<Kernel['load']>[2]): number {
    const program = super.load(name, code, type === 'trampoline' ? 'rawTracepoint' : type);
    this.loaded.set(name, program);
    return program;
  }

  override tryFunction(): void {
    // Nothing is called there.
  }

  override attach(): Promise<number> {
    return Promise.resolve(openSync('/dev/null', 'r'));
  }

  override attachFunction(): Promise<number> {
    return this.attach();
  }
}

const AT_TRACEPOINT = 23; // BPF_TRACE_RAW_TP
const [ATTACH_TYPE_AT, FUNCTION_AT] = [68, 108];
const TYPEDEF = 8;

/** Loads programs for trampolines as what they are, but to be attached to a tracepoint: no kernel forbids that. */
class AtTracepoint extends Kernel {
  private readonly id: number;

  constructor(types: Btf) {
    super(architecture);
    const inner = types as unknown as { named(name: string, kinds: readonly number[]): number };
    this.id = inner.named('btf_trace_sched_switch', [TYPEDEF]);
  }

  override bpf(...[command, attributes]: Parameters<Kernel['bpf']>): number {
    if (command === 'programLoad' && attributes.readUInt32LE(0) === PROGRAM_TYPES.trampoline) {
      attributes.writeUInt32LE(AT_TRACEPOINT, ATTACH_TYPE_AT);
      attributes.writeUInt32LE(this.id, FUNCTION_AT);
    }
    return super.bpf(command, attributes);
  }
}

/** Arguments, and the result behind them. */
function row(...words: readonly bigint[]): Buffer {
  const bytes = Buffer.alloc(8 * words.length);
  words.forEach((word, i) => bytes.writeBigUInt64LE(BigInt.asUintN(64, word), 8 * i));
  return bytes;
}

const TITLE = `functions of this kernel${usable ? '' : ' (skipped: it needs root on Linux)'}`;
(usable ? describe : describe.skip)(TITLE, () => {
  const types = new Btf(() => readFileSync('/sys/kernel/btf/vmlinux'), release());
  const machine = { types, architecture, hostname: HOST, cpus: 2 };

  test.each(['trampoline', 'breakpoint'] as const)('the verifier accepts each field, by %s', (hooking) => {
    const verifier = new Verifier(new AtTracepoint(types));
    const compiled = (breakdown: object): Compiled =>
      compile(
        pathOps.bpf ?? { probes: [] },
        { predicate: ALWAYS, isNumeric, ...breakdown },
        { ...machine, hooking },
      );
    verifier.check(compiled({}));
    // Those of zones and processes' arguments need what this machine knows of them.
    for (const field of pathOps.fields.filter((name) => !['zonename', 'ppsargs'].includes(name))) {
      const numeric = isNumeric(field) ? { field, grid: gridOf(FIELDS[field].type) } : undefined;
      verifier.check(compiled(numeric === undefined ? { discrete: field } : { numeric }));
    }
    verifier.close();
  });

  test('a call is counted when it returns, by what it was and how it ended; one that we came too late for is not', async () => {
    const kernel = new InRows(architecture);
    const source = new BpfSource({
      hostname: HOST,
      architecture,
      kernel,
      types,
      cpus: 2,
      metrics: [pathOps],
    });
    const count = async (field: string): Promise<unknown> => {
      const probe = await source.enable(instrumentation('fs.path_ops', [field]));
      const run = (name: string, args: Buffer): number => kernel.testRun(kernel.loaded.get(name) ?? -1, args);
      const call = (of: string, result: bigint): void => {
        const args = types.functionOf(of).arguments.map(() => 0n);
        run(`entry of ${of}`, row(...args));
        run(`return of ${of}`, row(...args, result));
        run(`return of ${of}`, row(...args, result)); // nobody has seen it begin
      };
      for (let i = 0; i < 3; i++) call('vfs_unlink', 0n);
      // An int: its upper half is whatever was in the register.
      call('vfs_unlink', 0x1234_0000_0000n | (2n ** 32n - ENOENT));
      call('vfs_rmdir', -ENOENT);
      call('vfs_rename', 0n);
      probe.flip();
      await source.settle();
      const { value, lost } = await probe.read();
      expect([totalOf(value), lost]).toEqual([6, 0]);
      probe.close();
      return value.shape === 'keyed' ? Object.fromEntries([...value.numbers].sort()) : value;
    };
    expect(await count('optype')).toEqual({ remove: 4, rename: 1, rmdir: 1 });
    expect(await count('errno')).toEqual({ ENOENT: 2, none: 4 });
    source.close();
  });
});
