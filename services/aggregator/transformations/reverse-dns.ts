/*
 * Names of addresses. In: IP addresses. Out: the names that the resolver gives for them, as far as they came in time;
 * the others are remembered when they come, for the next time somebody asks.
 *
 * Bounded in every direction: answers kept (also "there is no name"), lookups at a time, and the wait of a request.
 */
import { within } from '../../../common/service/deadline';
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { cacheOfEntries, type Cache } from '../../../common/service/cache';
import type { Transformation } from './transformation';

/** Answers that are kept. */
const ANSWERS = 20_000;
/** Lookups at a time. */
export const LOOKUPS = 64;
/** One lookup. */
const TIMEOUT_MS = 2000;

/** Resolves to names, or rejects with an error that has a code (ENOTFOUND, ENODATA, ETIMEOUT, …). */
export type Reverse = (address: string) => Promise<string[]>;

interface ReverseDnsOptions {
  readonly reverse?: Reverse;
}

const KEEP_NAMES_MS = 10 * 60 * 1000;
const KEEP_NONE_MS = 60 * 1000;
/** After a time-out or a failing server: not asked again at once, but soon. */
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
      // As lookups end, the next ones begin, until all is known or the time is over; those that run then go on.
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
