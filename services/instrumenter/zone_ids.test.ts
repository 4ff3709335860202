import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { GLOBAL } from './zonename';
import { ZoneIds, type Tree } from './zone_ids';

const ID = 'abcdef0123456789'.repeat(4);

function tree(ids: Record<string, number>): Tree {
  return {
    folders: (path) =>
      Object.keys(ids)
        .filter((other) => other.startsWith(`${path}/`) && !other.slice(path.length + 1).includes('/'))
        .map((other) => other.slice(path.length + 1)),
    id: (path) => (ids[path] === undefined ? undefined : BigInt(ids[path])),
  };
}

function watched() {
  const at = { ns: 0 };
  const ids: Record<string, number> = {
    '/cg': 1,
    '/cg/system.slice': 2,
    '/cg/system.slice/nginx.service': 3,
    [`/cg/docker-${ID}.scope`]: 4,
    [`/cg/docker-${ID}.scope/init`]: 5,
  };
  let looks = 0;
  const counting = tree(ids);
  const zones = new ZoneIds('/cg', () => at.ns, {
    ...counting,
    id: (path) => {
      if (path === '/cg') looks++;
      return counting.id(path);
    },
  });
  return { at, ids, zones, looks: () => looks };
}

test('a number is the zone of its folder, and what is inside a container is the container', () => {
  const { zones } = watched();
  expect([1n, 2n, 3n, 4n, 5n].map((id) => zones.zoneOf(id))).toEqual([
    GLOBAL,
    GLOBAL,
    'nginx.service',
    'abcdef012345',
    'abcdef012345',
  ]);
  expect(zones.idsOf('abcdef012345')).toEqual([4n, 5n]);
});

test('an unknown number makes it look again, but not for each event', () => {
  const { at, ids, zones, looks } = watched();
  expect(zones.zoneOf(9n)).toBe(GLOBAL);
  ids['/cg/late.service'] = 9;
  expect(zones.zoneOf(9n)).toBe(GLOBAL);
  expect(looks()).toBe(1);
  at.ns += 2e9;
  expect(zones.zoneOf(9n)).toBe('late.service');
  expect(looks()).toBe(2);
});

test('a container that has just gone is still known while its last second is read, and forgotten then', () => {
  const { at, ids, zones } = watched();
  zones.zoneOf(4n);
  delete ids['/cg/system.slice/nginx.service'];
  at.ns += 2e9;
  zones.zoneOf(77n);
  expect(zones.zoneOf(3n)).toBe('nginx.service');
  at.ns += 2e9;
  zones.zoneOf(77n);
  at.ns += 2e9;
  expect(zones.zoneOf(3n)).toBe(GLOBAL);
});

const root = /^\S+ (\S+) cgroup2 /m.exec(
  process.platform === 'linux' ? readFileSync('/proc/mounts', 'utf8') : '',
)?.[1];
const reason =
  root === undefined
    ? 'no cgroup2 is mounted'
    : process.getuid?.() !== 0
      ? 'making control groups needs root'
      : undefined;

(reason === undefined ? test : test.skip)(
  `a control group of our own is found in the running kernel${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  () => {
    const name = `docker-${String(process.pid).padStart(64, 'f')}.scope`;
    const folder = `${root ?? ''}/${name}`;
    mkdirSync(folder);
    try {
      const zones = new ZoneIds(root ?? '', () => 0);
      const [id = 0n] = zones.idsOf('f'.repeat(12));
      expect(id).toBeGreaterThan(1n);
      expect(zones.zoneOf(id)).toBe('f'.repeat(12));
    } finally {
      rmdirSync(folder);
    }
  },
);
