/*
 * The kernel's knowledge of zones for one filter: a map from a cgroup's number to the cases that its zone allows.
 * In: names of cgroups as they become known. Out: entries; those of removed cgroups are reused. It only saves work:
 * events of a cgroup that is not in the map are counted separately, and decided when the second is read (zone-filter.ts).
 */
import type { Kernel } from '../kernel/kernel';
import type { ZoneFilter } from '../compiler/zone-filter';
import type { Zones } from './zones';
import { ZONE_CASES } from '../../limits';

export class ZoneCases {
  private readonly kernel: Kernel;
  private readonly map: number;
  private readonly filter: ZoneFilter;
  private readonly zones: Zones;
  private readonly written = new Set<bigint>();
  private asOf = -1;

  constructor(kernel: Kernel, map: number, filter: ZoneFilter, zones: Zones) {
    this.kernel = kernel;
    this.map = map;
    this.filter = filter;
    this.zones = zones;
  }

  /** Writes what has changed since the last time; throws a KernelError. */
  write(): void {
    const known = this.zones.known();
    if (this.asOf === this.zones.version) return;
    this.asOf = this.zones.version;
    const [key, cases] = [Buffer.alloc(8), Buffer.alloc(8)];
    for (const cgroup of this.written) {
      // No events happen in a removed cgroup, so its entry is not looked up while it is reused.
      if (known.has(cgroup)) continue;
      key.writeBigUInt64LE(cgroup);
      this.kernel.remove(this.map, key);
      this.written.delete(cgroup);
    }
    for (const [cgroup, zone] of known) {
      if (this.written.size >= ZONE_CASES) return;
      if (this.written.has(cgroup)) continue;
      key.writeBigUInt64LE(cgroup);
      cases.writeBigUInt64LE(this.filter.allowed(zone));
      this.kernel.update(this.map, key, cases);
      this.written.add(cgroup);
    }
  }
}
