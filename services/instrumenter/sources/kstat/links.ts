/* Network links, physical ones and those of zones. In: statistics of module link. Out: counters by the names of measures.ts. */
import type { Fields } from '../points';
import type { Numbers } from '../snapshots';
import type { Data } from './metric';
import type { Kstat } from './reader';
import { zoneOf } from './zones';

export const LINK = { module: 'link', class: 'net' } as const;

/** Hardware by its driver's name and a number; VNICs have any name. */
const PHYSICAL = /^(?:bge|bnx|bnxe|cxgbe|e1000g|i40e|igb|ixgbe|mlxcx|net|nge|qede|rge|vioif|vmxnet3s)\d+$/;

export const isPhysical = ({ name }: Kstat): boolean => PHYSICAL.test(name);

/** The global zone's links would count the traffic of its VNICs twice. */
export const isOfZone = (kstat: Kstat): boolean =>
  zoneOf(kstat)['zonename'] !== 'global' && !isPhysical(kstat);

export const nicOf = ({ name }: Kstat): Fields => ({ nic: name });

export const linkCounters = (data: Data): Numbers => ({
  packetsIn: data('ipackets64'),
  packetsOut: data('opackets64'),
  bytesIn: data('rbytes64'),
  bytesOut: data('obytes64'),
});
