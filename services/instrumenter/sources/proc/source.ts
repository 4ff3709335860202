/*
 * Source `proc`: what the kernel counts anyway, for nothing but the reading. In: /proc and /sys (files.ts).
 * Out: a probe for each instrumentation, over the snapshots that metrics/ describes. Next: snapshots.ts.
 */
import { metricName } from '../../../../common/metric';
import type { Instrumentation } from '../../../../common/instrumentation';
import { neededFields } from '../../points';
import { EnableError, type Offer, type Probe, type Source } from '../../source';
import { snapshotProbe } from '../../snapshots';
import { REAL_FILES, type Files } from './files';
import { machine, type Machine } from './machine';
import { sharedLook } from './shared_look';
import type { ProcMetric } from './metric';
import { cpuCpus } from './metrics/cpu_cpus';
import { cpuLoadavg1 } from './metrics/cpu_loadavg1';
import { cpuUsage } from './metrics/cpu_usage';
import { cpuWaittime, cpuWaittimeByPressure } from './metrics/cpu_waittime';
import { diskDisks } from './metrics/disk_disks';
import { diskPhysioBytes } from './metrics/disk_physio_bytes';
import { diskPhysioOps } from './metrics/disk_physio_ops';
import { fsCapacity } from './metrics/fs_capacity';
import { memoryPageins } from './metrics/memory_pageins';
import { memoryPressure } from './metrics/memory_pressure';
import { memoryReclaimedBytes } from './metrics/memory_reclaimed_bytes';
import { memoryRss } from './metrics/memory_rss';
import { memoryRssLimit } from './metrics/memory_rss_limit';
import { memorySwap } from './metrics/memory_swap';
import { memorySwapLimit } from './metrics/memory_swap_limit';
import { nicBytes } from './metrics/nic_bytes';
import { nicNics } from './metrics/nic_nics';
import { nicPackets } from './metrics/nic_packets';
import { tcpErrors } from './metrics/tcp_errors';
import { tcpSegments } from './metrics/tcp_segments';
import { unixProcesses } from './metrics/unix_processes';

export const PROC_METRICS: readonly ProcMetric[] = [
  cpuCpus,
  cpuLoadavg1,
  cpuUsage,
  cpuWaittime,
  cpuWaittimeByPressure,
  diskDisks,
  diskPhysioBytes,
  diskPhysioOps,
  fsCapacity,
  memoryPageins,
  memoryPressure,
  memoryReclaimedBytes,
  memoryRss,
  memoryRssLimit,
  memorySwap,
  memorySwapLimit,
  nicBytes,
  nicNics,
  nicPackets,
  tcpErrors,
  tcpSegments,
  unixProcesses,
];

interface ProcOptions {
  readonly host: string;
  readonly elapsed: () => number;
}

/** Throws where there is no /proc. */
export function openProc({ host, elapsed }: ProcOptions, files: Files = REAL_FILES): Source {
  if (files.read('/proc/stat') === undefined) throw new Error('there is no /proc as Linux has it');
  const here = machine(files, elapsed);
  const offers = offersOf(here);

  const lookOf = sharedLook(here);

  const enable = (instrumentation: Instrumentation): Probe => {
    const name = metricName(instrumentation);
    const needed = new Set(neededFields(instrumentation));
    // One that is missing here is not offered; where two remain the first that has all the fields is meant.
    const found = PROC_METRICS.find(
      ({ metric, fields, missing }) =>
        metric === name &&
        missing(here) === undefined &&
        [...needed].every((field) => field === 'hostname' || fields.includes(field)),
    );
    if (found === undefined)
      throw new EnableError(`proc cannot read ${name} by ${[...needed].join(', ')} here`);
    return snapshotProbe({
      question: instrumentation,
      measure: found.measure,
      look: lookOf(found, needed),
      elapsed,
      common: { hostname: host },
    });
  };

  return {
    name: 'proc',
    offers: () => offers,
    // oxlint-disable-next-line typescript/require-await -- what throws must reject
    enable: async (instrumentation) => enable(instrumentation),
    close: () => undefined,
  };
}

/** A metric with two ways, of which one is there, is simply there. */
function offersOf(here: Machine): readonly Offer[] {
  const offers = PROC_METRICS.map(({ metric, fields, missing }): Offer => {
    const unavailable = missing(here);
    return unavailable === undefined ? { metric, fields: ['hostname', ...fields] } : { metric, unavailable };
  });
  const there = new Set(offers.flatMap((offer) => ('fields' in offer ? [offer.metric] : [])));
  const missing = new Map(offers.filter(({ metric }) => !there.has(metric)).map((o) => [o.metric, o]));
  return [...offers.filter((offer) => 'fields' in offer), ...missing.values()];
}
