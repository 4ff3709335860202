/*
 * A row for each zone, and one for the rest of the machine. In: how to read one zone's numbers, and the machine's own.
 * Out: rows (snapshots.ts), read a few at a time: a host may run hundreds of containers, and other work must not wait.
 */
import type { Numbers, Row } from '../snapshots';
import { GLOBAL } from '../zonename';
import type { Controller, Zone } from './cgroups';
import type { Machine } from './machine';

interface ZoneReading {
  readonly controller: Controller;
  readonly kind: 'counters' | 'gauges';
  /** Of one zone; undefined when it has none (no limit is set, or the zone is gone). */
  readonly ofZone: (machine: Machine, zone: Zone, version: 1 | 2) => Numbers | undefined;
  /** Of the whole machine; undefined: there is no row for the rest. */
  readonly ofMachine: (machine: Machine) => Numbers | undefined;
  /** The machine's numbers include those of the zones: the global zone's are the remainder. */
  readonly zonesAreParts: boolean;
}

/** Zones read in a row before other work gets its turn: about 1 ms. */
const SLICE = 20;

export function zoneRows(reading: ZoneReading): (machine: Machine) => Promise<readonly Row[]> {
  return async (machine) => {
    const whole = reading.ofMachine(machine);
    const found = machine.zones(reading.controller);
    const rows: Row[] = [];
    for (const [i, zone] of (found?.zones ?? []).entries()) {
      if (i > 0 && i % SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
      const numbers = reading.ofZone(machine, zone, found?.hierarchy.version ?? 2);
      if (numbers === undefined) continue;
      rows.push({ key: zone.folder, fields: { zonename: zone.name }, [reading.kind]: numbers });
    }
    if (whole === undefined) return rows;
    const global = { key: '', fields: { zonename: GLOBAL }, [reading.kind]: whole };
    return [...rows, { ...global, whole: reading.zonesAreParts }];
  };
}
