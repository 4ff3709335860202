/* Programs at functions of the kernel, run in the machine of the tests; what the kernel is told to have them run. */
import { argument, kept, member, minus, result } from '../../../metrics/language/expression';
import {
  kernelEntry,
  kernelReturn,
  type FieldExpression,
  type Moment,
} from '../../../metrics/language/observation';
import { pathOps } from '../../../metrics/fs/path-ops';
import { PERF } from '../kernel/abi';
import { loadAttribute } from './attributes';
import { MissingError } from '../kernel/kernel-types';
import { compile, listPrograms, type Compiled } from './compile';
import type { Hooking } from './hook';
import { findHooking, kprobeType } from '../kernel/hooking';
import { KernelError, type Kernel } from '../kernel/kernel';
import type { Architecture } from './architecture';
import { BpfMachine, type World } from '../testing/machine';
import { AT, toyBtf } from '../testing/toy-kernel';

const types = toyBtf();
const REQUEST = 0x5000_0000n;
const GARBAGE = 0xdead_beef_0000_0000n;
const MINUS_FIVE = 0xffff_fffbn;
/** Places of arguments in pt_regs, and of the result: x86-64 from arch/x86/include/asm/ptrace.h, arm64 x0 to x7. */
const REGISTERS = {
  x64: { arguments: [14, 13, 12, 11, 9, 8], result: 10 },
  arm64: { arguments: [0, 1, 2, 3, 4, 5, 6, 7], result: 0 },
};
const WAYS: readonly (readonly [Hooking, Architecture])[] = [
  ['trampoline', 'x64'],
  ['trampoline', 'arm64'],
  ['breakpoint', 'x64'],
  ['breakpoint', 'arm64'],
];

function compileAt(
  at: Moment,
  field: FieldExpression,
  hooking: Hooking | MissingError,
  on: Architecture,
): Compiled {
  return compile(
    { probes: [{ at, steps: [{ kind: 'count', fields: { pid: field } }] }] },
    { predicate: { kind: 'always' }, isNumeric: () => false, discrete: 'pid' },
    { types, architecture: on, hostname: 'h', cpus: 2, hooking },
  );
}

/** What the field's key prints after one event with this context. */
function keyAfter(compiled: Compiled, context: readonly bigint[]): string {
  const request = Buffer.alloc(AT.request.bytes);
  request.writeUInt32LE(4096, AT.request.dataLength);
  const memory = new Map([[REQUEST, request]]);
  const world: World = { now: 1n, cpu: 0, process: 1, thread: 1, comm: 'x', task: 0x9000n, memory };
  const machine = new BpfMachine(compiled.maps, world);
  machine.run(compiled.programs[0]?.instructions ?? [], context);
  const [counted] = machine.map('counts0').counts();
  return compiled.key.textOf?.(counted?.key ?? Buffer.alloc(0)) ?? '';
}

describe.each(WAYS)('by %s on %s', (hooking, on) => {
  const at = (moment: Moment, field: FieldExpression): Compiled => compileAt(moment, field, hooking, on);

  /** Four arguments of `submit`, their upper bits as nobody has cleared them. */
  function entering(): bigint[] {
    const args = [1n, REQUEST, GARBAGE | MINUS_FIVE, GARBAGE | 7n];
    if (hooking === 'trampoline') return args;
    const registers = Array.from({ length: 34 }, () => 0x77n);
    args.forEach((arg, i) => (registers[REGISTERS[on].arguments[i] ?? -1] = arg));
    return registers;
  }

  test('arguments are found by place and by type, as wide as they are', () => {
    const entry = kernelEntry('submit');
    expect(keyAfter(at(entry, member(argument('request'), '__data_len')), entering())).toBe('4096');
    expect(keyAfter(at(entry, minus(0, argument(2))), entering())).toBe('5');
    expect(keyAfter(at(entry, argument(3)), entering())).toBe('7');
  });

  test('the result is found with its sign', () => {
    const context = entering();
    const value = GARBAGE | MINUS_FIVE;
    if (hooking === 'trampoline') context.push(value);
    else context[REGISTERS[on].result] = value;
    expect(keyAfter(at(kernelReturn('submit'), minus(0, result)), context)).toBe('5');
  });

  test('what is not there is said', () => {
    expect(() => at(kernelEntry('nope'), argument(0))).toThrow('Linux 6.0.0-toy has no function nope');
    expect(() => at(kernelEntry('submit'), argument(4))).toThrow(
      'function submit of Linux 6.0.0-toy has no argument 4',
    );
    expect(() => at(kernelEntry('submit_whole'), argument(1))).toThrow('structs themselves');
    expect(() => at(kernelReturn('submit_much'), result)).toThrow('submit_much returns no number');
    expect(() => at(kernelReturn('submit'), argument(0))).toThrow('arguments are gone');
    expect(() => at(kernelEntry('submit'), result)).toThrow('no result before it returns');
  });
});

test('the seventh argument of a call on x86-64 is in no register, but in the row', () => {
  const at = (hooking: Hooking, on: Architecture): Compiled =>
    compileAt(kernelEntry('submit_much'), argument(6), hooking, on);
  expect(() => at('breakpoint', 'x64')).toThrow('submit_much: argument 6 is not in a register');
  expect(at('breakpoint', 'arm64').programs).toHaveLength(1);
  expect(keyAfter(at('trampoline', 'x64'), [0n, 0n, 0n, 0n, 0n, 0n, 9n])).toBe('9');
});

test('what is kept where a function begins is counted where it returns', () => {
  const compiled = compile(
    {
      probes: [
        {
          at: kernelEntry('submit'),
          steps: [{ kind: 'keep', by: 'cpu', values: { size: member(argument('request'), '__data_len') } }],
        },
        {
          at: kernelReturn('submit'),
          steps: [{ kind: 'count', by: 'cpu', fields: { pid: kept('size') } }],
        },
      ],
    },
    { predicate: { kind: 'always' }, isNumeric: () => false, discrete: 'pid' },
    { types, architecture: 'x64', hostname: 'h', cpus: 2, hooking: 'trampoline' },
  );
  const text = listPrograms(compiled);
  expect(text).toContain('entry of submit:');
  expect(text).toContain('context->argument(1)');
  expect(compiled.programs.map(({ hook }) => hook?.isReturn)).toEqual([false, true]);
});

test('a kernel without either way has neither the metric nor a crash', () => {
  const why = new MissingError('not here');
  expect(() => compileAt(kernelEntry('submit'), argument(3), why, 'x64')).toThrow(why);
  const always = { predicate: { kind: 'always' as const }, isNumeric: () => false };
  const machine = { types, architecture: 'x64' as const, hostname: 'h', cpus: 2 };
  expect(() => compile(pathOps.bpf ?? { probes: [] }, always, machine)).toThrow(MissingError);
});

test('probes of another processor, and of functions that may be missing and are, are left out', () => {
  const steps = [{ kind: 'count' as const, fields: {} }];
  const observation = {
    probes: [
      { on: 'arm64' as const, at: kernelEntry('elsewhere'), steps },
      { on: 'x64' as const, at: kernelEntry('submit'), steps },
      { optional: true as const, at: kernelEntry('nowhere'), steps },
      { optional: true as const, at: kernelReturn('submit'), steps },
    ],
  };
  const always = { predicate: { kind: 'always' as const }, isNumeric: () => false };
  const machine = { types, hostname: 'h', cpus: 2, hooking: 'trampoline' as const };
  const { programs } = compile(observation, always, { ...machine, architecture: 'x64' });
  expect(programs.map(({ tracepoint }) => tracepoint)).toEqual(['entry of submit', 'return of submit']);
  expect(() => compile(observation, always, { ...machine, architecture: 'arm64' })).toThrow('elsewhere');
});

test('calls that may wait for long are not left to kprobes, which lose some of them', () => {
  const at = { ...kernelReturn('submit'), mayWait: true as const };
  expect(compileAt(at, result, 'trampoline', 'x64').programs).toHaveLength(1);
  expect(() => compileAt(at, result, 'breakpoint', 'x64')).toThrow('kprobes do not follow');
});

test('a program at a function is loaded with its type, its moment and the function’s number', () => {
  const of = { name: 'x', code: 1n, instructions: 2, licence: 3n };
  const load = (isReturn: boolean): Buffer =>
    loadAttribute({ ...of, type: 'trampoline', target: { id: 4711, isReturn } });
  // union bpf_attr: prog_type at 0, expected_attach_type at 68, attach_btf_id at 108.
  expect([0, 68, 108].map((at) => load(false).readUInt32LE(at))).toEqual([26, 24, 4711]);
  expect([0, 68, 108].map((at) => load(true).readUInt32LE(at))).toEqual([26, 25, 4711]);
  expect(load(true)).toHaveLength(112);
  const breakpoint = loadAttribute({ ...of, type: 'breakpoint' });
  expect([breakpoint.readUInt32LE(0), breakpoint.length]).toEqual([2, 64]);
});

test('a kprobe is an event of its own kind with the function’s name', () => {
  const event = PERF.functionEvent(8, 0x1234n, true);
  // struct perf_event_attr: type, size, config (1: returns), kprobe_func at 56, probe_offset at 64.
  expect([event.readUInt32LE(0), event.readUInt32LE(4), event.readBigUInt64LE(8)]).toEqual([8, 112, 1n]);
  expect([event.readBigUInt64LE(56), event.readBigUInt64LE(64)]).toEqual([0x1234n, 0n]);
  expect(PERF.functionEvent(8, 0x1234n, false).readBigUInt64LE(8)).toBe(0n);
});

test('trampolines are preferred, kprobes taken where those are refused, and else both are named', () => {
  const withFunction = {
    release: 'R',
    sizeOf: () => 8,
    functionOf: () => types.functionOf('submit'),
  };
  const kernel = (refuses: boolean): Kernel =>
    ({
      raiseLockedMemory: () => undefined,
      load: () => {
        if (refuses) throw new KernelError('the kernel refuses', 524);
        return 99;
      },
      tryFunction: () => undefined,
      close: () => undefined,
    }) as unknown as Kernel;
  const find = (refuses: boolean, kprobes?: number, types = withFunction) =>
    findHooking(kernel(refuses), types, () => kprobes);
  expect(find(false, 8)).toBe('trampoline');
  expect(find(true, 8)).toBe('breakpoint');
  // Its trampolines may be freed while a call sleeps in them.
  const early = {
    ...withFunction,
    sizeOf: () => {
      throw new MissingError('Linux R has no struct bpf_tramp_image');
    },
  };
  expect(find(false, 8, early)).toBe('breakpoint');
  expect(String(find(false, undefined, early))).toContain(
    'trampolines: Linux R has no struct bpf_tramp_image',
  );
  const none = find(true);
  expect(none).toBeInstanceOf(MissingError);
  expect(String(none)).toMatch(/Linux R runs no programs at its functions: .*524.*CONFIG_KPROBE_EVENTS/);
  expect(kprobeType('/nowhere/type')).toBeUndefined();
});
