/*
 * The bpf source of the machine this runs on. In: the node's name. Out: the source, or the reason why there is none.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { release } from 'node:os';
import type { MetricDescription } from '../../metrics/language/description';
import type { Programs, UserMoment } from '../../metrics/user';
import { BpfSource } from './bpf';
import { Btf } from './kernel/btf';
import { Commands } from './kernel/commands';
import { Functions } from './kernel/functions';
import { Kernel } from './kernel/kernel';
import type { Wanted } from './user/known-file';
import { UserFiles } from './user/user-files';
import { openZones } from './zones/zones';
import { ARCHITECTURES, type Architecture } from './compiler/architecture';

const BTF_PATH = '/sys/kernel/btf/vmlinux';
const POSSIBLE_CPUS_PATH = '/sys/devices/system/cpu/possible';

/** Requires Linux on x86-64 or arm64. Elsewhere the reason why not, as text. */
export function openBpf(
  hostname: string,
  metrics: readonly MetricDescription[],
  platform: { readonly system: string; readonly architecture: string } = {
    system: process.platform,
    architecture: process.arch,
  },
): BpfSource | string {
  if (platform.system !== 'linux') return 'BPF is a part of Linux';
  const architecture = ARCHITECTURES.find((known) => known === platform.architecture);
  if (architecture === undefined) return `BPF programs are not made for ${platform.architecture} yet`;
  return openOn(hostname, metrics, architecture);
}

function openOn(
  hostname: string,
  metrics: readonly MetricDescription[],
  architecture: Architecture,
): BpfSource {
  const zones = openZones();
  const readable = hasKernelsNumbers();
  return new BpfSource({
    hostname,
    ...(zones === undefined ? {} : { zones }),
    ...(readable ? { commands: new Commands(), functions: new Functions() } : {}),
    architecture,
    metrics,
    files: new UserFiles(wantedBy(metrics), architecture),
    kernel: new Kernel(architecture),
    types: new Btf(() => readFileSync(BTF_PATH), release()),
    cpus: countCpus(readFileSync(POSSIBLE_CPUS_PATH, 'utf8')),
  });
}

/** The inode of the initial PID namespace: PROC_PID_INIT_INO of include/linux/proc_ns.h. */
const FIRST_NAMESPACE = 'pid:[4026531836]';

/**
 * Whether a process has the same number in /proc as in the kernel. In another PID namespace it does not: a process
 * looked up by the kernel's number would be the wrong one.
 */
export function hasKernelsNumbers(read: (path: string) => string = readlinkSync): boolean {
  try {
    return read('/proc/self/ns/pid') === FIRST_NAMESPACE && read('/proc/self') === String(process.pid);
  } catch {
    return false;
  }
}

/** All kinds of user programs in the descriptions, and the places needed in them. */
function wantedBy(metrics: readonly MetricDescription[]): Wanted[] {
  const probes = metrics.flatMap((metric) => metric.bpf?.probes ?? []);
  const kinds = new Map<Programs, { moments: UserMoment[]; globals: Set<string> }>();
  for (const { at, steps } of probes) {
    if (at.kind !== 'user') continue;
    const kind = kinds.get(at.programs) ?? { moments: [], globals: new Set<string>() };
    kinds.set(at.programs, kind);
    kind.moments.push(at);
    for (const name of globalsIn(steps)) kind.globals.add(name);
  }
  return [...kinds].map(([programs, { moments, globals }]) => ({ programs, moments, globals: [...globals] }));
}

/** Names of all variables in steps, which are trees of plain data. */
function globalsIn(tree: unknown): string[] {
  if (typeof tree !== 'object' || tree === null) return [];
  const { kind, name } = tree as { kind?: unknown; name?: unknown };
  if (kind === 'global' && typeof name === 'string') return [name];
  return Object.values(tree).flatMap(globalsIn);
}

/** CPUs in the kernel's list of ranges: "0-3,8" has 5. */
export function countCpus(ranges: string): number {
  return ranges
    .trim()
    .split(',')
    .map((range) => range.split('-').map(Number))
    .reduce((sum, [first = 0, last = first]) => sum + last - first + 1, 0);
}
