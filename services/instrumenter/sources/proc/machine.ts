/*
 * What all metrics of this source share: one read of each file, the list of zones, the size of a page.
 * In: files.ts, a clock. Out: the argument of each metric's rows().
 */
import { zonesOf, hierarchyOf, type Controller, type Hierarchy, type Zone } from './cgroups';
import type { Files } from './files';

export interface Machine {
  readonly files: Files;
  /** Nanoseconds of a monotonic clock. */
  readonly elapsed: () => number;
  readonly pageBytes: number;
  /** Where the controller is, and all zones but the global one; undefined where the kernel has no such thing. */
  zones(controller: Controller): Zones | undefined;
  /** Runs slow work once for all callers within `ns` of its start. A failure is not cached. */
  once<T>(name: string, ns: number, make: () => Promise<T>): Promise<T>;
  /** Records how long the work of this name took. */
  spent(name: string, ns: number): void;
  /** The interval at which it takes at most `share` of one CPU, but no less than `least`. */
  intervalOf(name: string, share: number, least: number): number;
}

export interface Zones {
  readonly hierarchy: Hierarchy;
  readonly zones: readonly Zone[];
}

/** Reads that are no further apart than this get the same text: they belong to one boundary. */
export const SAME_LOOK_NS = 50e6;
/** Zones come and go slowly; walking hundreds of folders each second would cost more than reading them. */
const SAME_ZONES_NS = 5e9;

export function machine(files: Files, elapsed: () => number): Machine {
  const made = new Map<string, { at: number; result: Promise<unknown> }>();
  const took = new Map<string, number>();
  const walked = new Map<Controller, { at: number; zones: Zones | undefined }>();
  return {
    files: shared(files, elapsed),
    elapsed,
    pageBytes: pageBytes(files),
    zones(controller) {
      const known = walked.get(controller);
      if (known !== undefined && elapsed() - known.at < SAME_ZONES_NS) return known.zones;
      const hierarchy = hierarchyOf(files, controller);
      const zones = hierarchy === undefined ? undefined : { hierarchy, zones: zonesOf(files, hierarchy) };
      walked.set(controller, { at: elapsed(), zones });
      return zones;
    },
    once<T>(name: string, ns: number, make: () => Promise<T>) {
      const known = made.get(name);
      if (known !== undefined && elapsed() - known.at < ns) return known.result as Promise<T>;
      const result = make();
      made.set(name, { at: elapsed(), result });
      result.catch(() => made.delete(name));
      return result;
    },
    spent(name, ns) {
      took.set(name, ns);
    },
    intervalOf: (name, share, least) => Math.max((took.get(name) ?? 0) / share, least),
  };
}

/** Several metrics use one file at one boundary: it is read once, so that they agree. */
function shared(files: Files, elapsed: () => number): Files {
  let since = -Infinity;
  const texts = new Map<string, string | undefined>();
  return {
    ...files,
    read(path) {
      const now = elapsed();
      if (now - since >= SAME_LOOK_NS) {
        since = now;
        texts.clear();
      }
      if (!texts.has(path)) texts.set(path, files.read(path));
      return texts.get(path);
    },
  };
}

/** 4 KiB nearly everywhere, 16 or 64 on some arm64; the kernel says it of our own first mapping. */
function pageBytes(files: Files): number {
  const kib = /^KernelPageSize:\s+(\d+) kB$/m.exec(files.read('/proc/self/smaps') ?? '')?.[1];
  return Number(kib ?? 4) * 1024;
}
