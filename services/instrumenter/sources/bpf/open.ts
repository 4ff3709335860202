/*
 * The bpf source of the machine this runs on. In: the node's name. Out: the source, or the reason why there is none.
 */
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import type { MetricDescription } from '../../metrics/description';
import type { Programs } from '../../metrics/user';
import { BpfSource } from './bpf';
import { Btf } from './btf';
import { Commands } from './commands';
import { Functions } from './functions';
import { Kernel } from './kernel';
import { UserFiles } from './user_files';
import { openZones } from './zones';
import { ARCHITECTURES, type Architecture } from './resolve';

const BTF_PATH = '/sys/kernel/btf/vmlinux';
const POSSIBLE_CPUS_PATH = '/sys/devices/system/cpu/possible';

/** Where the source runs at all: Linux on x86-64 or arm64. Elsewhere the reason why not, as text. */
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
  return new BpfSource({
    hostname,
    ...(zones === undefined ? {} : { zones }),
    commands: new Commands(),
    functions: new Functions(),
    architecture,
    metrics,
    files: new UserFiles(kindsOf(metrics), architecture),
    kernel: new Kernel(architecture),
    types: new Btf(() => readFileSync(BTF_PATH), release()),
    cpus: countCpus(readFileSync(POSSIBLE_CPUS_PATH, 'utf8')),
  });
}

/** All kinds of user programs that descriptions speak of. */
function kindsOf(metrics: readonly MetricDescription[]): Programs[] {
  const moments = metrics.flatMap((metric) => metric.bpf?.probes.map((probe) => probe.at) ?? []);
  return [...new Set(moments.flatMap((at) => (at.kind === 'user' ? [at.programs] : [])))];
}

/** CPUs in the kernel's list of ranges: "0-3,8" has 5. */
export function countCpus(ranges: string): number {
  return ranges
    .trim()
    .split(',')
    .map((range) => range.split('-').map(Number))
    .reduce((sum, [first = 0, last = first]) => sum + last - first + 1, 0);
}
