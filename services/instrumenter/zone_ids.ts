/*
 * Control groups by the number that the kernel counts under (bpf_get_current_cgroup_id: the folder's inode in the
 * hierarchy of version 2). In: numbers. Out: zonename, and for a zone the numbers of all its groups.
 */
import { readdirSync, statSync } from 'node:fs';
import { GLOBAL, zoneOfCgroup } from './zonename';

/** The folders of the hierarchy; tests give some of their own. */
export interface Tree {
  /** Names of the folders in a folder; empty when it is gone. */
  folders(path: string): readonly string[];
  /** Undefined when it is gone. */
  id(path: string): bigint | undefined;
}

export const REAL_TREE: Tree = {
  folders(path) {
    try {
      return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? [entry.name] : [],
      );
    } catch {
      return [];
    }
  },
  id(path) {
    return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
  },
};

/** A number that nobody knows makes us look again, but not more often than this: it may belong to nothing any more. */
const LOOK_AGAIN_NS = 1e9;

export class ZoneIds {
  private readonly root: string;
  private readonly elapsed: () => number;
  private readonly tree: Tree;
  private zones = new Map<bigint, string>();
  private gone: ReadonlySet<bigint> = new Set<bigint>();
  private looked = -Infinity;

  /** `root` is where cgroup2 is mounted; `elapsed` tells nanoseconds. */
  constructor(root: string, elapsed: () => number, tree: Tree = REAL_TREE) {
    this.root = root;
    this.elapsed = elapsed;
    this.tree = tree;
  }

  /** The zone of a group; global for one that was gone before anybody looked. */
  zoneOf(id: bigint): string {
    if (!this.zones.has(id)) this.look();
    return this.zones.get(id) ?? GLOBAL;
  }

  /** The groups of a zone as of the last look; those of one that has just come are not known at once. */
  idsOf(zone: string): bigint[] {
    this.look();
    return [...this.zones].flatMap(([id, name]) => (name === zone ? [id] : []));
  }

  private look(): void {
    if (this.elapsed() - this.looked < LOOK_AGAIN_NS) return;
    this.looked = this.elapsed();
    const found = new Map<bigint, string>();
    const walk = (path: string): void => {
      const id = this.tree.id(this.root + path);
      if (id === undefined) return;
      // Folders inside a container are the container's: its own path begins theirs.
      found.set(id, zoneOfCgroup(path));
      for (const name of this.tree.folders(this.root + path)) walk(`${path}/${name}`);
    };
    walk('');
    // What has gone may still be in the map of the second just closed.
    this.zones = new Map([...this.recent(found), ...found]);
  }

  /** Groups that the look before this one still saw. */
  private recent(found: ReadonlyMap<bigint, string>): (readonly [bigint, string])[] {
    const gone = [...this.zones].filter(([id]) => !found.has(id));
    const last = gone.filter(([id]) => !this.gone.has(id));
    this.gone = new Set(gone.map(([id]) => id));
    return last;
  }
}
