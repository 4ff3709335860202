/* Statistics that the kernel keeps for each zone. In: a statistic. Out: its zone; selectors. */
import type { Fields } from '../points';
import type { Kstat } from './reader';

/** CPU time, waiting time and load of zones. */
export const ZONE_MISC = { module: 'zones', class: 'zone_misc' } as const;
/** Memory of zones and its limits. */
export const ZONE_MEMORY = { module: 'memory_cap', class: 'zone_memory_cap' } as const;
/** Logical reads and writes of zones. */
export const ZONE_VFS = { module: 'zone_vfs', class: 'zone_vfs' } as const;

/** The statistic's own name is cut to 30 characters; its data holds the whole one. */
export function zoneOf({ name, data }: Kstat): Fields {
  const zonename = data?.['zonename'];
  return { zonename: typeof zonename === 'string' ? zonename : name };
}

/** No limit is 0 or the largest number there is. */
export function limitOrNothing(limit: number): number {
  return limit >= 2 ** 63 ? 0 : limit;
}
