/*
 * Where aggregators may be: the front door sends them its secret. In: CA_AGGREGATOR_NETWORKS, and what CA_UNENCRYPTED
 * allows without TLS. Out: whether an address is allowed. Names are not resolved: a resolver would decide where the
 * secret goes.
 */
import { BlockList, isIP } from 'node:net';
import { invalid } from './errors';
import type { Environment } from './setting-names';

export type Networks = (address: string) => boolean;

/** True for loopback addresses: nothing sent there leaves this machine. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/** This machine. */
const LOOPBACK = '127.0.0.0/8,::1/128';

/** Comma-separated networks, such as 10.77.0.0/24,fd00::/8; default: this machine only. Throws INVALID. */
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

/** Links that may be unencrypted to other machines: the list in CA_UNENCRYPTED. Throws INVALID. */
export function readUnencrypted(env: Environment): ReadonlySet<string> {
  const words = (env['CA_UNENCRYPTED'] ?? '').split(',').map((word) => word.trim());
  const given = words.filter((word) => word !== '');
  for (const word of given) {
    if (word !== 'broker' && word !== 'aggregators')
      throw invalid('CA_UNENCRYPTED', 'must be broker, aggregators or both, separated by a comma');
  }
  return new Set(given);
}

/** Why an aggregator at this address is refused; undefined: it is allowed. */
export type AggregatorPlaces = (address: string, tls: boolean) => string | undefined;

/** CA_AGGREGATOR_NETWORKS and CA_UNENCRYPTED. Throws INVALID. */
export function readPlaces(env: Environment): AggregatorPlaces {
  const networks = readNetworks(env['CA_AGGREGATOR_NETWORKS']);
  const plain = readUnencrypted(env).has('aggregators');
  return (address, tls) => {
    if (!networks(address))
      return `its address ${address} is not in CA_AGGREGATOR_NETWORKS; fix: add its network there`;
    if (tls || plain || isLoopback(address)) return undefined;
    return (
      `it speaks HTTP at ${address}, where others could listen; fix: set CA_AGGREGATOR_CERT and CA_AGGREGATOR_KEY there, ` +
      'or CA_UNENCRYPTED=aggregators here'
    );
  };
}
