/*
 * Source `proc`: what the kernel counts anyway, for nothing but the reading. In: /proc and /sys (files.ts).
 * Out: a probe for each instrumentation, over the snapshots that metrics/ describes. Next: snapshots.ts.
 */
import { metricName } from '../../../../common/model/metric';
import type { Instrumentation } from '../../../../common/model/instrumentation';
import { neededFields } from '../points';
import { EnableError, type Offer, type Probe, type Source } from '../source';
import { snapshotProbe } from '../snapshots';
import { REAL_FILES, type Files } from './files';
import { machine, type Machine } from './machine';
import { sharedLook } from './shared-look';
import type { ProcMetric } from './metric';
import { cpuCpus } from './metrics/cpu-cpus';
import { cpuLoadavg1 } from './metrics/cpu-loadavg1';
import { cpuUsage } from './metrics/cpu-usage';
import { cpuWaittime, cpuWaittimeByPressure } from './metrics/cpu-waittime';
import { diskDisks } from './metrics/disk-disks';
import { diskPhysioBytes } from './metrics/disk-physio-bytes';
import { diskPhysioOps } from './metrics/disk-physio-ops';
import { fsCapacity } from './metrics/fs-capacity';
import { memoryPageins } from './metrics/memory-pageins';
import { memoryPressure } from './metrics/memory-pressure';
import { memoryReclaimedBytes } from './metrics/memory-reclaimed-bytes';
import { memoryRss } from './metrics/memory-rss';
import { memoryRssLimit } from './metrics/memory-rss-limit';
import { memorySwap } from './metrics/memory-swap';
import { memorySwapLimit } from './metrics/memory-swap-limit';
import { nicBytes } from './metrics/nic-bytes';
import { nicNics } from './metrics/nic-nics';
import { nicPackets } from './metrics/nic-packets';
import { tcpErrors } from './metrics/tcp-errors';
import { tcpSegments } from './metrics/tcp-segments';
import { unixProcesses } from './metrics/unix-processes';

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
