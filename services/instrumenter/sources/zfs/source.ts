/*
 * Source `zfs`: space of datasets and pools, wherever the commands zfs and zpool work. In: their lists (lists.ts).
 * Out: a probe for each instrumentation. A list that cannot be read is a missing value, not a zero.
 */
import { metricName } from '../../../../common/model/metric';
import type { Instrumentation } from '../../../../common/model/instrumentation';
import { describe, METRICS } from '../../metrics/registry';
import { EnableError, type Offer, type Probe, type Source } from '../source';
import { snapshotProbe, type Row } from '../snapshots';
import { GLOBAL } from '../zonename';
import { lists, runCommand, type Run } from './lists';
import type { ZfsPart } from './metric';

interface ZfsOptions {
  readonly host: string;
  readonly elapsed: () => number;
}

/** Rejects, with the command's own words, where there is no ZFS. */
export async function openZfs({ host, elapsed }: ZfsOptions, run: Run = runCommand): Promise<Source> {
  const tables = lists(run, elapsed);
  await tables.pools();
  const offers = METRICS.flatMap((description): Offer[] =>
    description.zfs === undefined
      ? []
      : [{ metric: metricName(description), fields: ['hostname', ...fieldsOf(description.zfs)] }],
  );

  const enable = (instrumentation: Instrumentation): Probe => {
    const name = metricName(instrumentation);
    const found = describe(name)?.zfs;
    if (found === undefined) throw new EnableError(`zfs does not know ${name}`);
    const { table, field, bytes } = found;
    const look = async (): Promise<Row[]> =>
      (await tables[table]()).flatMap((entry) => {
        const value = bytes((column) => entry.numbers[column] ?? 0);
        return value === undefined
          ? []
          : [
              {
                key: entry.name,
                fields: { [field]: entry.name, zonename: zoneOf(entry.name) },
                gauges: { value },
              },
            ];
      });
    return snapshotProbe({
      question: instrumentation,
      measure: {
        kind: 'gauge',
        points: ({ fields, gauges }) => [{ fields, value: gauges?.['value'] ?? 0 }],
      },
      look,
      elapsed,
      common: { hostname: host },
    });
  };

  return {
    name: 'zfs',
    offers: () => offers,
    // oxlint-disable-next-line typescript/require-await -- what throws must reject
    enable: async (instrumentation) => enable(instrumentation),
    close: () => undefined,
  };
}

function fieldsOf({ field }: ZfsPart): readonly string[] {
  return field === 'zdataset' ? ['zonename', field] : [field];
}

/** Datasets of a zone are zones/<zone>, and what is below it. */
function zoneOf(dataset: string): string {
  return /^zones\/([^/@]+)/.exec(dataset)?.[1] ?? GLOBAL;
}
