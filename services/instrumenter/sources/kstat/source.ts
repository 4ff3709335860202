/*
 * Source `kstat`: what illumos counts anyway. In: kernel statistics (reader.ts). Out: a probe for each
 * instrumentation, over the snapshots that metrics/ describes. Next: snapshots.ts.
 */
import { metricName } from '../../../../common/model/metric';
import type { Instrumentation } from '../../../../common/model/instrumentation';
import { EnableError, type Offer, type Probe, type Source } from '../source';
import { snapshotProbe, type Row } from '../snapshots';
import type { Data, KstatMetric } from './metric';
import { openKstats, type Kstat, type Kstats } from './reader';
import { cpuCpus } from './metrics/cpu-cpus';
import { cpuLoadavg1 } from './metrics/cpu-loadavg1';
import { cpuUsage } from './metrics/cpu-usage';
import { cpuWaittime } from './metrics/cpu-waittime';
import { diskDisks } from './metrics/disk-disks';
import { diskPhysioBytes } from './metrics/disk-physio-bytes';
import { diskPhysioOps } from './metrics/disk-physio-ops';
import { fsLogicalRwbytes } from './metrics/fs-logical-rwbytes';
import { fsLogicalRwops } from './metrics/fs-logical-rwops';
import { memoryPageins } from './metrics/memory-pageins';
import { memoryReclaimedBytes } from './metrics/memory-reclaimed-bytes';
import { memoryRss } from './metrics/memory-rss';
import { memoryRssLimit } from './metrics/memory-rss-limit';
import { memorySwap } from './metrics/memory-swap';
import { memorySwapLimit } from './metrics/memory-swap-limit';
import { nicBytes } from './metrics/nic-bytes';
import { nicNics } from './metrics/nic-nics';
import { nicPackets } from './metrics/nic-packets';
import { nicVnicBytes } from './metrics/nic-vnic-bytes';
import { nicVnicPackets } from './metrics/nic-vnic-packets';
import { tcpErrors } from './metrics/tcp-errors';
import { tcpSegments } from './metrics/tcp-segments';
import { vmExits } from './metrics/vm-exits';
import { zfsArcOps } from './metrics/zfs-arc-ops';

export const KSTAT_METRICS: readonly KstatMetric[] = [
  cpuCpus,
  cpuLoadavg1,
  cpuUsage,
  cpuWaittime,
  diskDisks,
  diskPhysioBytes,
  diskPhysioOps,
  fsLogicalRwbytes,
  fsLogicalRwops,
  memoryPageins,
  memoryReclaimedBytes,
  memoryRss,
  memoryRssLimit,
  memorySwap,
  memorySwapLimit,
  nicBytes,
  nicNics,
  nicPackets,
  nicVnicBytes,
  nicVnicPackets,
  tcpErrors,
  tcpSegments,
  vmExits,
  zfsArcOps,
];

interface KstatOptions {
  readonly host: string;
  readonly elapsed: () => number;
}

/** Throws where there are no kernel statistics of this kind. */
export function openKstat({ host, elapsed }: KstatOptions, kstats: Kstats = openKstats()): Source {
  const offers: readonly Offer[] = KSTAT_METRICS.map(({ metric, fields }) => ({
    metric,
    fields: ['hostname', ...fields],
  }));

  const enable = (instrumentation: Instrumentation): Probe => {
    const name = metricName(instrumentation);
    const found = KSTAT_METRICS.find(({ metric }) => metric === name);
    if (found === undefined) throw new EnableError(`kstat does not know ${name}`);
    return snapshotProbe({
      question: instrumentation,
      measure: found.measure,
      look: () => rowsOf(found, kstats.read(found.select)),
      elapsed,
      common: { hostname: host },
    });
  };

  return {
    name: 'kstat',
    offers: () => offers,
    // oxlint-disable-next-line typescript/require-await -- what throws must reject
    enable: async (instrumentation) => enable(instrumentation),
    close: () => {
      kstats.close();
    },
  };
}

/** Statistics with an error are left out: the others still count. */
function rowsOf(metric: KstatMetric, kstats: readonly Kstat[]): Row[] {
  return kstats.flatMap((kstat) => {
    const { data } = kstat;
    if (data === undefined || kstat.error !== undefined || metric.filter?.(kstat) === false) return [];
    const number: Data = (name) => (typeof data[name] === 'number' ? data[name] : 0);
    const counters = metric.counters?.(number);
    const gauges = metric.gauges?.(number);
    const row: Row = {
      // A zone that is booted again has new statistics under the old name: crtime tells them apart.
      key: `${kstat.module}:${kstat.instance}:${kstat.class}:${kstat.name}:${kstat.crtime ?? 0}`,
      fields: metric.names(kstat),
      ...(counters === undefined ? {} : { counters: { ...counters, snaptime: kstat.snaptime } }),
      ...(gauges === undefined ? {} : { gauges }),
    };
    return [row];
  });
}
