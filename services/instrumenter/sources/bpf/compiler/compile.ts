/*
 * A question becomes programs and maps: plan.ts decides what is needed, program.ts makes the instructions.
 * In: how a metric is observed, a predicate, a breakdown, the machine. Out: everything that the kernel is to be given.
 * Next: plan.ts.
 */
import type { Observation } from '../../../metrics/language/observation';
import type { Instruction } from './instructions/assembler';
import type { Hook } from './hook';
import { isSingle, keyLayout, type KeyLayout } from './key';
import { listing } from './instructions/listing';
import { plan, type Machine, type Question } from './plan';
import type { Keeping } from './ready-step';
import type { Site } from './site';
import { CONTROL, COUNTER_BYTES, LOST, MAPS } from './maps';
import { compileProgram } from './instructions/program';
import { KERNEL_INSTRUCTIONS, KERNEL_IN_FLIGHT, KERNEL_MAP_ENTRIES, ZONE_CASES } from '../../limits';

export type MapKind = 'array' | 'hash' | 'perCpuArray';

export interface MapSpecification {
  readonly name: string;
  readonly kind: MapKind;
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly entries: number;
}

export interface Samples {
  readonly hertz: number;
  readonly cpus: number;
}

export interface CompiledProgram {
  readonly tracepoint: string;
  /** Present: not a tracepoint, but so many samples a second on each of so many CPUs. */
  readonly samples?: Samples;
  /** Present: not a tracepoint, but a place in a file of user programs. */
  readonly site?: Site;
  /** Present: not a tracepoint, but a function of the kernel. */
  readonly hook?: Hook;
  readonly instructions: readonly Instruction[];
}

export interface Compiled {
  readonly programs: readonly CompiledProgram[];
  readonly maps: readonly MapSpecification[];
  readonly key: KeyLayout;
  /** Some program asks for the wall clock. */
  readonly usesWallClock: boolean;
}

/**
 * Throws a MissingError for what this kernel lacks, a RangeError when a limit of programs is exceeded, a TypeError
 * when the description contradicts itself.
 */
export function compile(observation: Observation, question: Question, machine: Machine): Compiled {
  const { probes, keeping, discrete, grid, zones } = plan(observation, question, machine);
  const key = keyLayout(discrete, grid, machine.cpus, zones);
  const layout = {
    key,
    typedTask: machine.typedTask === true,
    ...(keeping === undefined ? {} : { keeping }),
  };
  const programs = probes.map(({ tracepoint, hertz, site, hook, steps }) => ({
    tracepoint,
    ...(hertz === undefined ? {} : { samples: { hertz, cpus: machine.cpus } }),
    ...(site === undefined ? {} : { site }),
    ...(hook === undefined ? {} : { hook }),
    instructions: compileProgram(steps, layout, KERNEL_INSTRUCTIONS),
  }));
  return {
    programs,
    maps: mapsOf(key, keeping),
    key,
    usesWallClock: programs.some((p) => p.instructions.some(readsWallOffset)),
  };
}

/** All programs as text, each under the name of its tracepoint. */
export function listPrograms(compiled: Compiled): string {
  return compiled.programs
    .map((program) => [`${program.tracepoint}:`, ...listing(program.instructions), ''].join('\n'))
    .join('\n');
}

/** What does not fit is decided in user space. */
const VERDICTS: MapSpecification = {
  name: MAPS.verdicts,
  kind: 'hash',
  keyBytes: 8,
  valueBytes: 8,
  entries: ZONE_CASES,
};

function mapsOf(key: KeyLayout, keeping: Keeping | undefined): readonly MapSpecification[] {
  const counts = MAPS.counts.map((name) => ({
    name,
    kind: isSingle(key) ? ('perCpuArray' as const) : ('hash' as const),
    keyBytes: key.bytes,
    valueBytes: COUNTER_BYTES,
    entries: entriesOf(key),
  }));
  return [
    { name: MAPS.control, kind: 'array', keyBytes: 4, valueBytes: CONTROL.bytes, entries: 1 },
    {
      name: MAPS.lost,
      kind: 'array',
      keyBytes: 4,
      valueBytes: LOST.bytes,
      entries: 1,
    },
    ...counts,
    ...(keeping === undefined ? [] : [keptMap(keeping)]),
    ...(key.zones === undefined ? [] : [VERDICTS]),
  ];
}

/** Without a discrete field there are as many keys as buckets. */
function entriesOf(key: KeyLayout): number {
  if (isSingle(key)) return 1;
  if (key.discreteBytes === 0 && key.zones === undefined) return (key.grid?.size ?? 1) * key.shards;
  return KERNEL_MAP_ENTRIES;
}

function keptMap(keeping: Keeping): MapSpecification {
  const valueBytes = 8 * keeping.names.length;
  return keeping.storage === 'cpu'
    ? { name: MAPS.kept, kind: 'perCpuArray', keyBytes: 4, valueBytes, entries: 1 }
    : { name: MAPS.kept, kind: 'hash', keyBytes: 8, valueBytes, entries: KERNEL_IN_FLIGHT };
}

function readsWallOffset(i: Instruction): boolean {
  return i.map === MAPS.control && i.wide === BigInt(CONTROL.wallOffset) << 32n;
}
