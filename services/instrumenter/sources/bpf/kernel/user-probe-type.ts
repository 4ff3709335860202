/* How user programs are stopped in. In: the running kernel. Out: its number for that kind of event. */
import { readFileSync } from 'node:fs';
import { MissingError } from './btf';

/** The number that perf_event_open(2) knows user probes by. Throws a MissingError where the kernel has none. */
export function userProbeType(path = '/sys/bus/event_source/devices/uprobe/type'): number {
  try {
    const type = Number(readFileSync(path, 'utf8'));
    if (Number.isSafeInteger(type) && type > 0) return type;
  } catch {
    // Said below.
  }
  throw new MissingError('the kernel cannot stop in user programs (Linux 4.17 with CONFIG_UPROBE_EVENTS)');
}
