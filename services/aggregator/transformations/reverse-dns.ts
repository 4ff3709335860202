/*
 * Host names of addresses. In: IP addresses. Out: the resolver's names that came in time; later ones are cached for
 * the next request.
 *
 * Bounded: cached answers (also "there is no name"), concurrent lookups, and the wait of a request.
 */
import { within } from '../../../common/service/deadline';
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { cacheOfEntries, type Cache } from '../../../common/service/cache';
import type { Transformation } from './transformation';

/** Greatest number of cached answers. */
const ANSWERS = 20_000;
/** Greatest number of concurrent lookups. */
export const LOOKUPS = 64;
/** Timeout of one lookup. */
const TIMEOUT_MS = 2000;

/** Resolves to names, or rejects with an error that has a code (ENOTFOUND, ENODATA, ETIMEOUT, …). */
export type Reverse = (address: string) => Promise<string[]>;

interface ReverseDnsOptions {
  readonly reverse?: Reverse;
}

const KEEP_NAMES_MS = 10 * 60 * 1000;
const KEEP_NONE_MS = 60 * 1000;
/** Cache time after a time-out or server failure: retried soon, but not at once. */
const KEEP_FAILURE_MS = 10 * 1000;

interface Known {
  readonly names: readonly string[];
}
const NONE: Known = { names: [] };

export function reverseDns(options: ReverseDnsOptions = {}): Transformation {
  const known: Cache<Known> = cacheOfEntries(ANSWERS);
  const running = new Map<string, Promise<void>>();
  const reverse = options.reverse ?? resolverReverse();

  const look = async (address: string): Promise<void> => {
    try {
      const names = await reverse(address);
      known.set(address, { names }, names.length > 0 ? KEEP_NAMES_MS : KEEP_NONE_MS);
    } catch (error) {
      const { code } = error as { code?: string };
      const none = code === 'ENOTFOUND' || code === 'ENODATA';
      known.set(address, NONE, none ? KEEP_NONE_MS : KEEP_FAILURE_MS);
    } finally {
      running.delete(address);
    }
  };

  return {
    name: 'reversedns',
    label: 'Reverse DNS lookup',
    fields: ['raddr'],
    async explain(keys, waitMs) {
      const addresses = keys.filter((key) => isIP(key) !== 0);
      const over = performance.now() + waitMs;
      // As lookups end, the next ones start, until all are done or the time is up; running ones then go on.
      for (let missing = addresses; ;) {
        missing = missing.filter((address) => known.get(address) === undefined);
        if (missing.length === 0) break;
        for (const address of missing) {
          if (running.size >= LOOKUPS) break;
          if (!running.has(address)) running.set(address, look(address));
        }
        const left = over - performance.now();
        if (left <= 0) break;
        await within(left, Promise.race(running.values()), () => undefined);
      }
      const found = addresses.map((address) => [address, known.get(address)?.names ?? []] as const);
      return new Map(found.filter(([, names]) => names.length > 0));
    },
  };
}

function resolverReverse(): Reverse {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 1 });
  return (address) => resolver.reverse(address);
}
