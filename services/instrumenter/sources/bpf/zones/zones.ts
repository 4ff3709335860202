/*
 * Which zone a cgroup's number stands for (bpf_get_current_cgroup_id: its folder's inode in the hierarchy of version 2,
 * never reused). In: the folders below the cgroup2 mount, and the kernel's reports of new ones (new-cgroups.ts).
 * Out: names for the discrete field zonename, and for filters by it.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Names } from '../../../metrics/language/observation';
import { GLOBAL, zoneOfCgroup } from '../../zonename';
import { MissingError } from '../kernel/kernel-types';

/** Cgroups of a node whose names are remembered. */
const CGROUPS = 65_536;
/** The same for one zone, or for one folder outside of zones. */
const CGROUPS_OF_ZONE = 4096;

/** A cgroup that was removed before its name could be read. */
export const UNKNOWN = '(unknown)';

/** An unknown number starts another scan, but not more often than this: its cgroup may be gone. */
const AGAIN_MS = 500;
/** Time limit of a scan, the first time and later. The rest is scanned the next time. */
const FIRST_MS = 1000;
const SLICE_MS = 25;

/** A new cgroup, as the kernel reported it. */
export interface Birth {
  readonly cgroup: bigint;
  readonly path: Buffer;
}

/** The folders of the hierarchy, by paths of bytes; tests pass their own. */
export interface Tree {
  /** Names of the folders in a folder; empty when it is gone. */
  folders(path: Buffer): readonly Buffer[];
  /** Undefined when it is gone, or its path is too long. */
  id(path: Buffer): bigint | undefined;
}

const REAL_TREE: Tree = {
  folders(path) {
    try {
      return readdirSync(path, { withFileTypes: true, encoding: 'buffer' }).flatMap((entry) =>
        entry.isDirectory() ? [entry.name as unknown as Buffer] : [],
      );
    } catch {
      return [];
    }
  },
  id(path) {
    try {
      return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
    } catch {
      return undefined; // ENAMETOOLONG above all: users who may make folders here can nest them without limit
    }
  },
};

/** One scan of all folders, outermost first, so that one user's deep folders do not delay others'. */
interface Walk {
  readonly found: Map<bigint, string>;
  readonly shares: Map<string, number>;
  readonly queue: Buffer[];
  at: number;
}

export class Zones implements Names {
  /** Cgroups made since the last call, as far as the kernel could report them. */
  newCgroups: () => readonly Birth[] = () => [];
  /** Increases with each change of the known cgroups. */
  version = 0;
  private readonly root: Buffer;
  private readonly now: () => number;
  private readonly tree: Tree;
  private names = new Map<bigint, string>();
  private gone: ReadonlySet<bigint> = new Set<bigint>();
  /** Number of known cgroups, by owner. */
  private shares = new Map<string, number>();
  private crowded: readonly string[] = [];
  private walk: Walk | undefined;
  private looked = -Infinity;

  /** `now`: milliseconds of a monotonic clock. */
  constructor(root: string, now: () => number = () => performance.now(), tree: Tree = REAL_TREE) {
    this.root = Buffer.from(root);
    this.now = now;
    this.tree = tree;
  }

  nameOf(cgroup: bigint): string {
    return this.zoneOf(cgroup) ?? UNKNOWN;
  }

  /** Undefined for one that was removed before its name could be read. */
  zoneOf(cgroup: bigint): string | undefined {
    if (!this.names.has(cgroup)) this.hear();
    if (!this.names.has(cgroup)) this.look();
    return this.names.get(cgroup);
  }

  /** All known cgroups, by number; scans first if that has not been done yet. */
  known(): ReadonlyMap<bigint, string> {
    if (this.names.size === 0) this.look();
    return this.names;
  }

  valuesOf(): never {
    throw new MissingError('zones are not compared by the numbers of their cgroups');
  }

  /** Owners whose cgroups are not all known, a sentence each. */
  shortfall(): readonly string[] {
    return this.crowded.map(
      (share) => `${share} has more than ${CGROUPS_OF_ZONE} control groups: the rest is ${UNKNOWN}`,
    );
  }

  /** Reads the kernel's reports of new ones, so that it has room for more. */
  hear(): void {
    for (const { cgroup, path } of this.newCgroups()) {
      if (this.names.has(cgroup) || !hasRoom(this.shares, this.names.size, path)) continue;
      this.names.set(cgroup, zoneOfCgroup(path));
      this.version++;
    }
  }

  private look(): void {
    const from = this.now();
    if (from - this.looked < AGAIN_MS) return;
    this.looked = from;
    const end = from + (this.names.size === 0 ? FIRST_MS : SLICE_MS);
    this.walk ??= { found: new Map(), shares: new Map(), queue: [Buffer.alloc(0)], at: 0 };
    const { found, shares, queue } = this.walk;
    for (; this.walk.at < queue.length; this.walk.at++) {
      if (this.now() > end) break;
      const path = queue[this.walk.at] ?? Buffer.alloc(0);
      const full = Buffer.concat([this.root, path]);
      const id = this.tree.id(full);
      if (id === undefined) continue;
      // Folders inside a container are the container's: its own path begins theirs.
      const zone = zoneOfCgroup(path);
      found.set(id, zone);
      this.names.set(id, zone);
      for (const name of this.tree.folders(full)) {
        const below = Buffer.concat([path, SLASH, name]);
        if (hasRoom(shares, queue.length, below)) queue.push(below);
      }
    }
    this.version++;
    if (this.walk.at < queue.length) return;
    this.names = new Map([...this.justGone(found), ...found]);
    this.shares = shares;
    this.crowded = [...shares].filter(([, count]) => count > CGROUPS_OF_ZONE).map(([share]) => share);
    this.walk = undefined;
  }

  /** Those that the previous scan still saw: removed ones may still be in the map of the second just closed. */
  private justGone(found: ReadonlyMap<bigint, string>): (readonly [bigint, string])[] {
    const gone = [...this.names].filter(([id]) => !found.has(id));
    const last = gone.filter(([id]) => !this.gone.has(id));
    this.gone = new Set(gone.map(([id]) => id));
    return last;
  }
}

const SLASH = Buffer.from('/');

/** Counts one more; false when its owner is at the limit: a zone, or outside of zones a folder next to the root. */
function hasRoom(shares: Map<string, number>, known: number, path: Buffer): boolean {
  const zone = zoneOfCgroup(path);
  const share = zone === GLOBAL ? path.toString('latin1').split('/').slice(0, 3).join('/') : zone;
  const count = (shares.get(share) ?? 0) + 1;
  shares.set(share, count);
  return count <= CGROUPS_OF_ZONE && known < CGROUPS;
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
