/*
 * The door to illumos' kernel statistics: the only file that loads the package kstat, and only where it is installed
 * (it does not build elsewhere). In: what to select. Out: the statistics as they are now. Tests give recorded ones.
 */
import { createRequire } from 'node:module';
import { messageOf } from '../../../../common/service/errors';

/** As the package's Reader returns them; only named and I/O statistics have data. */
export interface Kstat {
  readonly module: string;
  readonly instance: number;
  readonly class: string;
  readonly name: string;
  /** Nanoseconds since boot: when it was read, and when it was made. */
  readonly snaptime: number;
  readonly crtime?: number;
  readonly data?: Readonly<Record<string, number | string>>;
  /** Set instead of data, when the kernel refused to read it. */
  readonly error?: unknown;
}

export interface Selector {
  readonly module?: string;
  readonly class?: string;
  readonly name?: string;
}

export interface Kstats {
  /** Throws when the kernel's list cannot be read at all. */
  read(selector: Selector): readonly Kstat[];
  close(): void;
}

interface Reader {
  read(): Kstat[];
  close(): void;
}

interface Package {
  readonly Reader: new (selector: Selector) => Reader;
}

/** Throws, with a sentence, where there are no such statistics. */
export function openKstats(): Kstats {
  let kstat: Package;
  try {
    kstat = createRequire(__filename)('kstat') as Package;
  } catch (error) {
    throw new Error(
      `the package kstat is not installed; it is for illumos (${messageOf(error).split('\n')[0] ?? ''})`,
      { cause: error },
    );
  }
  // A reader keeps the chain of statistics it selects: one for each selector, made once.
  const readers = new Map<string, Reader>();
  return {
    read(selector) {
      const key = JSON.stringify(selector);
      const reader = readers.get(key) ?? new kstat.Reader(selector);
      readers.set(key, reader);
      return reader.read();
    },
    close() {
      for (const reader of readers.values()) reader.close();
    },
  };
}
