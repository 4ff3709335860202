/* A bpf source of its own, whose maps have little room. In: entries by how a map's name begins. Out: the source. */
import { readFileSync } from 'node:fs';
import { METRICS } from '../../../metrics/registry';
import { BpfSource } from '../bpf';
import { Btf } from '../kernel/btf';
import { Kernel } from '../kernel/kernel';
import { countCpus } from '../open';
import { ARCHITECTURE, HOST } from './real-kernel';

export function sourceWithRoomFor(room: Readonly<Record<string, number>>): BpfSource {
  const kernel = new Kernel(ARCHITECTURE);
  const createMap = kernel.createMap.bind(kernel);
  kernel.createMap = (m) => {
    const found = Object.entries(room).find(([name]) => m.name.startsWith(name));
    return createMap(found === undefined ? m : { ...m, entries: found[1] });
  };
  return new BpfSource({
    hostname: HOST,
    architecture: ARCHITECTURE,
    metrics: METRICS,
    kernel,
    types: new Btf(() => readFileSync('/sys/kernel/btf/vmlinux'), 'test'),
    cpus: countCpus(readFileSync('/sys/devices/system/cpu/possible', 'utf8')),
  });
}
