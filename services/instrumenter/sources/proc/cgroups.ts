/*
 * The containers and services of this machine, as the kernel's control groups. In: the mounts, the folders below them.
 * Out: for a controller, which version it speaks and a folder for each zone. Both versions are in use: 1 (also beside
 * a 2 without controllers) and 2.
 */
import { GLOBAL, zoneOfCgroup } from '../zonename';
import type { Files } from './files';

export interface Zone {
  readonly name: string;
  /** Its folder in the requested hierarchy. */
  readonly folder: string;
}

export type Controller = 'memory' | 'cpuacct' | 'pressure';

export interface Hierarchy {
  readonly version: 1 | 2;
  readonly root: string;
}

/** The hierarchy that has the controller; version 1 wins, because then version 2 has not got it. */
export function hierarchyOf(files: Files, controller: Controller): Hierarchy | undefined {
  const mounts = (files.read('/proc/mounts') ?? '').split('\n').map((line) => line.split(' '));
  const first = mounts.find(
    ([, , type, options]) => type === 'cgroup' && options?.split(',').includes(controller),
  );
  if (first?.[1] !== undefined) return { version: 1, root: first[1] };
  const second = mounts.find(([, , type]) => type === 'cgroup2');
  return second?.[1] === undefined ? undefined : { version: 2, root: second[1] };
}

/** Depth of nested slices in which a zone is searched for. */
const DEPTH = 8;
/** Folders searched for zones: users may make any number of them. */
const FOLDERS_MAX = 10_000;

/** All zones but the global one; what is inside a zone is not looked at. */
export function zonesOf(files: Files, { root }: Hierarchy): Zone[] {
  const zones: Zone[] = [];
  let level = [''];
  let looked = 0;
  // Outermost first, so that one user's deep folders do not exclude others'.
  for (let depth = 1; depth <= DEPTH && level.length > 0; depth++) {
    const next: string[] = [];
    for (const path of level) {
      if (looked++ >= FOLDERS_MAX) return zones;
      for (const name of files.folders(root + path)) {
        const below = `${path}/${name}`;
        const zone = zoneOfCgroup(below);
        if (zone !== GLOBAL) zones.push({ name: zone, folder: root + below });
        else next.push(below);
      }
    }
    level = next;
  }
  return zones;
}

/** "anon 123\nfile 456\n" as numbers. */
export function numbersIn(text: string | undefined): ReadonlyMap<string, number> {
  return new Map(
    (text ?? '')
      .split('\n')
      .map((line) => line.split(/\s+/))
      .flatMap(([name, number]) => (number === undefined ? [] : [[name ?? '', Number(number)] as const])),
  );
}
