import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GLOBAL } from '../../zonename';
import { cgroupRoot, UNKNOWN, Zones, type Tree } from './zones';

const ID = 'abcdef0123456789'.repeat(4);

function watched() {
  const at = { ms: 0 };
  const ids: Record<string, number> = {
    '/cg': 1,
    '/cg/system.slice': 2,
    '/cg/system.slice/nginx.service': 3,
    [`/cg/docker-${ID}.scope`]: 4,
    [`/cg/docker-${ID}.scope/init`]: 5,
  };
  let looks = 0;
  const tree: Tree = {
    folders: (path) =>
      Object.keys(ids)
        .filter(
          (other) =>
            other.startsWith(`${String(path)}/`) && !other.slice(String(path).length + 1).includes('/'),
        )
        .map((other) => Buffer.from(other.slice(String(path).length + 1))),
    id: (path) => {
      if (String(path) === '/cg') looks++;
      const id = ids[String(path)];
      return id === undefined ? undefined : BigInt(id);
    },
  };
  return { at, ids, zones: new Zones('/cg', () => at.ms, tree), looks: () => looks };
}

test('a number is the zone of its folder, and what is inside a container is the container', () => {
  const { zones } = watched();
  expect([1n, 2n, 3n, 4n, 5n].map((id) => zones.nameOf(id))).toEqual([
    GLOBAL,
    GLOBAL,
    'nginx.service',
    'abcdef012345',
    'abcdef012345',
  ]);
});

test('an unknown number makes it look again, but not for each event', () => {
  const { at, ids, zones, looks } = watched();
  expect(zones.zoneOf(9n)).toBeUndefined();
  ids['/cg/late.service'] = 9;
  expect(zones.nameOf(9n)).toBe(UNKNOWN);
  expect(looks()).toBe(1);
  at.ms += 1000;
  const before = zones.version;
  expect(zones.zoneOf(9n)).toBe('late.service');
  expect(zones.version).toBeGreaterThan(before);
  expect(looks()).toBe(2);
});

test('a container that has just gone is still known while its last second is read, and forgotten then', () => {
  const { at, ids, zones } = watched();
  zones.zoneOf(4n);
  delete ids['/cg/system.slice/nginx.service'];
  for (const expected of ['nginx.service', 'nginx.service', undefined]) {
    expect(zones.known().get(3n)).toBe(expected);
    at.ms += 1000;
    zones.zoneOf(77n);
  }
});

test('what the kernel told of a cgroup that was never seen names it', () => {
  const { zones, looks } = watched();
  zones.births = () => [{ cgroup: 8n, path: Buffer.from(`/docker-${'b'.repeat(64)}.scope/x`) }];
  expect(zones.zoneOf(8n)).toBe('b'.repeat(12));
  expect(looks()).toBe(0);
});

test('the cgroup2 mount is found by its type, also at a path with blanks', () => {
  const mounts =
    'tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw 0 0\ncgroup2 /a\\040b cgroup2 rw 0 0\n';
  expect(cgroupRoot(mounts)).toBe('/a b');
  expect(cgroupRoot('tmpfs /x tmpfs rw 0 0\n')).toBeUndefined();
});

test('folders are read as they are', () => {
  const root = mkdtempSync(join(tmpdir(), 'ca-zones-'));
  try {
    const zones = new Zones(root);
    const odd = Buffer.concat([Buffer.from(join(root, 'lxc.payload.a",')), Buffer.from([0xff])]);
    mkdirSync(Buffer.concat([odd, Buffer.from('/inner')]), { recursive: true });
    const inner = statSync(Buffer.concat([odd, Buffer.from('/inner')]), { bigint: true }).ino;
    expect(zones.nameOf(inner)).toBe('a",\\xff');
    expect(zones.nameOf(statSync(root, { bigint: true }).ino)).toBe(GLOBAL);
  } finally {
    rmSync(root, { recursive: true });
  }
});
