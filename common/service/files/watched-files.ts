/*
 * Files that are renewed while we run: certificates, keys, authorities. In: how to read them, and how to use them.
 * Out: they are used at the start, and again within seconds of each change, however the files are replaced. Contents that
 * cannot be read or used (half of a renewal, a certificate without its key) change nothing and are logged once.
 */
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../errors';
import type { Log } from '../log';

/** Polling, not inotify, which misses changed symbolic links and mounts. */
const EVERY_MS = 5000;

interface WatchedOptions<T> {
  /** For people: "the certificate of the front door". */
  readonly what: string;
  readonly read: () => Promise<T>;
  /** Throws the reason why the contents cannot be used. */
  readonly use: (contents: T) => void;
  readonly log: Log;
  readonly everyMs?: number;
}

/** Rejects when they cannot be read or used at the start. Returns a function that stops watching. */
export async function watchFiles<T>(options: WatchedOptions<T>): Promise<() => void> {
  const { what, read, use, log, everyMs = EVERY_MS } = options;
  let current = await read();
  use(current);
  let said = '';
  const look = async (): Promise<void> => {
    try {
      const now = await read();
      if (isDeepStrictEqual(now, current)) return;
      use(now);
      current = now;
      said = '';
      log.info({}, `${what} has changed: new connections use it`);
    } catch (error) {
      const reason = messageOf(error);
      if (reason !== said) log.error({ reason }, `${what} stays as it was`);
      said = reason;
    }
  };
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look().finally(() => (looking = false));
  }, everyMs);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}
