/*
 * Where aggregators may be: the front door asks them, and shows them its secret. In: CA_AGGREGATOR_NETWORKS. Out: whether
 * an address lies in them. Names are not looked up: whoever answers for a name would decide where the secret goes.
 */
import { BlockList, isIP } from 'node:net';
import { invalid } from './errors';

export type Networks = (address: string) => boolean;

/** This machine. */
const LOOPBACK = '127.0.0.0/8,::1/128';

/** Comma-separated networks, such as 10.77.0.0/24,fd00::/8; by default this machine alone. Throws INVALID. */
export function readNetworks(text: string = LOOPBACK): Networks {
  const list = new BlockList();
  for (const part of (text.trim() === '' ? LOOPBACK : text).split(',')) {
    const [address = '', bits, ...more] = part.trim().split('/');
    const version = isIP(address);
    const longest = version === 4 ? 32 : 128;
    const length = bits === undefined ? longest : /^\d{1,3}$/.test(bits) ? Number(bits) : NaN;
    if (version === 0 || more.length > 0 || !(length <= longest)) {
      throw invalid('CA_AGGREGATOR_NETWORKS', 'must be networks such as 10.77.0.0/24,fd00::/8');
    }
    list.addSubnet(address, length, version === 4 ? 'ipv4' : 'ipv6');
  }
  return (address) => {
    const version = isIP(address);
    return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6');
  };
}
