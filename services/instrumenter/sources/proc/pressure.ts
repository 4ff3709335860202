/*
 * Pressure stall information: how long tasks were stalled for lack of a resource. In: /proc/pressure, cgroups.
 * Out: rows with two counters, in nanoseconds: `some` - at least one task waited; `full` - all of them did.
 *
 * Waits of several zones overlap, so they do not add up to the machine's: the zone `global` is the machine as a
 * whole, and zones are read only when the question names zonename.
 */
import type { Numbers, Row } from '../snapshots';
import type { Files } from './files';
import type { ProcPart } from './metric';
import { zoneRows } from './zone-rows';

export function pressureRows(resource: 'cpu' | 'memory'): ProcPart['rows'] {
  const path = pressurePath(resource);
  const byZone = zoneRows({
    controller: 'pressure',
    kind: 'counters',
    zonesAreParts: false,
    ofMachine: ({ files }) => totals(files, path),
    ofZone: ({ files }, { folder }) => totals(files, `${folder}/${resource}.pressure`),
  });
  return (machine, needed) => {
    if (needed.has('zonename')) return byZone(machine);
    const counters = totals(machine.files, path);
    return counters === undefined ? [] : [{ key: '', fields: {}, counters } satisfies Row];
  };
}

export function pressurePath(resource: 'cpu' | 'memory'): string {
  return `/proc/pressure/${resource}`;
}

/** "some avg10=0.00 avg60=0.00 avg300=0.00 total=123" in microseconds. */
function totals(files: Files, path: string): Numbers | undefined {
  // Where PSI is compiled in but switched off (psi=0), the file is there and reading it fails.
  const text = files.read(path);
  const total = (who: string): number =>
    Number(new RegExp(`^${who} .*total=(\\d+)$`, 'm').exec(text ?? '')?.[1] ?? 0) * 1000;
  return text === undefined ? undefined : { some: total('some'), full: total('full') };
}
