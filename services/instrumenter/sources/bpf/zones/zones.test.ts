import { spawnSync } from 'node:child_process';
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
  zones.newCgroups = () => [{ cgroup: 8n, path: Buffer.from(`/docker-${'b'.repeat(64)}.scope/x`) }];
  expect(zones.zoneOf(8n)).toBe('b'.repeat(12));
  expect(looks()).toBe(0);
});

test('folders that lie deeper than a path is long are left out, and nothing else is', () => {
  const root = mkdtempSync(join(tmpdir(), 'ca-zones-'));
  try {
    // From folder to folder, because the whole path is longer than the limit.
    const script = 'chdir $ARGV[0]; for (1..20) { mkdir $ARGV[1] and chdir $ARGV[1] or die $! }';
    expect(spawnSync('perl', ['-e', script, root, 'd'.repeat(250)]).status).toBe(0);
    mkdirSync(join(root, 'web.service'));
    const zones = new Zones(root);
    const inode = (path: string): bigint => statSync(join(root, path), { bigint: true }).ino;
    expect(zones.nameOf(inode('web.service'))).toBe('web.service');
    expect(zones.nameOf(inode('d'.repeat(250)))).toBe(GLOBAL);
    expect(zones.nameOf(1n)).toBe(UNKNOWN);
  } finally {
    spawnSync('rm', ['-rf', root]);
  }
});

test('whoever makes more folders than his share leaves the others theirs, and that is told', () => {
  const names = Array.from({ length: 10_000 }, (_, i) => Buffer.from(`${i}`));
  const crowd = '/cg/a.service';
  const tree: Tree = {
    folders: (path) => {
      if (String(path) === '/cg') return [Buffer.from('a.service'), Buffer.from('b.service')];
      return String(path) === crowd ? names : [];
    },
    id: (path) => {
      if (String(path) === '/cg') return 1n;
      if (String(path) === crowd) return 2n;
      return String(path) === '/cg/b.service' ? 3n : 100n + BigInt(String(path).slice(crowd.length + 1));
    },
  };
  const zones = new Zones('/cg', () => 0, tree);
  expect(zones.nameOf(3n)).toBe('b.service');
  expect(zones.nameOf(100n)).toBe('a.service');
  expect(zones.nameOf(9000n)).toBe(UNKNOWN);
  expect(zones.known().size).toBeLessThan(5000);
  expect(zones.shortfall()).toEqual([expect.stringContaining('a.service has more than 4096')]);
});

test('looking takes no longer than its share: what is left is looked at the next time', () => {
  const at = { ms: 0 };
  const folders = Array.from({ length: 300 }, (_, i) => Buffer.from(`${i}.service`));
  const tree: Tree = {
    folders: (path) => (String(path) === '/cg' ? folders : []),
    id: (path) => {
      at.ms++; // slow
      return String(path) === '/cg' ? 1000n : BigInt(/(\d+)\.service/.exec(String(path))?.[1] ?? '0');
    },
  };
  const zones = new Zones('/cg', () => at.ms, tree);
  expect(zones.zoneOf(299n)).toBe('299.service'); // the first look is longer
  let slices = 0;
  for (let i = 0; i < 20; i++) {
    at.ms += 500;
    const from = at.ms;
    zones.zoneOf(5000n);
    if (at.ms > from) slices++;
    expect(at.ms - from).toBeLessThanOrEqual(30);
    expect(zones.zoneOf(299n)).toBe('299.service');
  }
  expect(slices).toBe(20);
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
