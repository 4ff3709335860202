/*
 * Bounded caches. In: a limit in entries or bytes, and a time to live.
 * Out: get and set; least recently used entries are evicted first. Only importer of lru-cache.
 */
import { LRUCache } from 'lru-cache';

export interface Cache<V> {
  get(key: string): V | undefined;
  /** `forMs`: time to live of this entry; absent: until evicted. */
  set(key: string, value: V, forMs?: number): void;
  readonly size: number;
}

export function cacheOfEntries<V extends object>(entries: number): Cache<V> {
  return wrap(new LRUCache<string, V>({ max: entries }));
}

/** Values larger than the limit are not cached. */
export function cacheOfBytes<V extends object>(bytes: number, bytesOf: (value: V) => number): Cache<V> {
  return wrap(
    new LRUCache<string, V>({ maxSize: bytes, sizeCalculation: (value) => Math.max(1, bytesOf(value)) }),
  );
}

function wrap<V extends object>(cache: LRUCache<string, V>): Cache<V> {
  return {
    get: (key) => cache.get(key),
    set: (key, value, forMs) => void cache.set(key, value, forMs === undefined ? {} : { ttl: forMs }),
    get size() {
      return cache.size;
    },
  };
}
