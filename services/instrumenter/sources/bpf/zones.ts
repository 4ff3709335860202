/*
 * Which zone a cgroup's number stands for. In: the folders below the cgroup2 mount, looked at again when a number turns
 * up that is not known. Out: names for the discrete field zonename.
 *
 * Cgroups come and go while a question runs, so that a program cannot hold their numbers: zones can be told apart but
 * not filtered by, and a predicate that tries is refused.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LIMITS } from '../../../../common/limits';
import type { Names } from '../../metrics/observation';
import { zoneOfCgroup } from '../../zonename';
import { MissingError } from './btf';

/** A cgroup that was gone before anybody could look at it. */
export const UNKNOWN = '(unknown)';

/** Looks at the folders at most this often. */
const AGAIN_MS = 500;

export class Zones implements Names {
  private readonly root: string;
  private readonly now: () => number;
  private known = new Map<bigint, string>();
  private looked = -Infinity;

  /** `now`: milliseconds of a clock that only goes forward. */
  constructor(root: string, now: () => number = () => performance.now()) {
    this.root = root;
    this.now = now;
  }

  nameOf(cgroup: bigint): string {
    if (!this.known.has(cgroup)) this.look();
    return this.known.get(cgroup) ?? UNKNOWN;
  }

  valuesOf(): never {
    throw new MissingError('the bpf source can break down by zonename, but not filter by it');
  }

  /** Those that are gone stay known until there are too many: their last events may be read after their end. */
  private look(): void {
    if (this.now() - this.looked < AGAIN_MS) return;
    this.looked = this.now();
    if (this.known.size > LIMITS.cgroups) this.known = new Map();
    this.enter('');
  }

  private enter(path: string): void {
    if (this.known.size > LIMITS.cgroups) return;
    try {
      const folder = join(this.root, path);
      this.known.set(statSync(folder, { bigint: true }).ino, zoneOfCgroup(path));
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        if (entry.isDirectory()) this.enter(join(path, entry.name));
      }
    } catch {
      // Removed while we looked.
    }
  }
}

/** Where the cgroup2 file system is mounted, by /proc/self/mounts; undefined when it is not. */
export function cgroupRoot(mounts: string): string | undefined {
  for (const line of mounts.split('\n')) {
    const [, place = '', type] = line.split(' ');
    // Blanks and the like in paths are written \040.
    const octal = /\\([0-7]{3})/g;
    if (type === 'cgroup2') {
      return place.replace(octal, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
    }
  }
  return undefined;
}

/** The zones of this machine; undefined where there is no cgroup2 file system. */
export function openZones(): Zones | undefined {
  const root = cgroupRoot(readFileSync('/proc/self/mounts', 'utf8'));
  return root === undefined ? undefined : new Zones(root);
}
