import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cgroupRoot, UNKNOWN, Zones } from './zones';

test('the cgroup2 mount is found by its type, also at a path with blanks', () => {
  const mounts =
    'tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw 0 0\ncgroup2 /a\\040b cgroup2 rw 0 0\n';
  expect(cgroupRoot(mounts)).toBe('/a b');
  expect(cgroupRoot('tmpfs /x tmpfs rw 0 0\n')).toBeUndefined();
});

test('a cgroup is known by its folder’s number, one made later as well, and one that is gone is remembered', () => {
  const root = mkdtempSync(join(tmpdir(), 'ca-zones-'));
  try {
    let now = 0;
    const zones = new Zones(root, () => now);
    const number = (path: string): bigint => statSync(join(root, path), { bigint: true }).ino;
    mkdirSync(join(root, 'system.slice/web.service/inner'), { recursive: true });
    const inner = number('system.slice/web.service/inner');
    expect(zones.nameOf(inner)).toBe('web.service');
    expect(zones.nameOf(number(''))).toBe('global');
    mkdirSync(join(root, 'late.service'));
    const late = number('late.service');
    // Not looked at again at once: a number that nobody knows must not cost a walk for each key.
    expect(zones.nameOf(late)).toBe(UNKNOWN);
    now = 1000;
    expect(zones.nameOf(late)).toBe('late.service');
    rmSync(join(root, 'late.service'), { recursive: true });
    now = 2000;
    expect(zones.nameOf(1n)).toBe(UNKNOWN);
    expect(zones.nameOf(late)).toBe('late.service');
  } finally {
    rmSync(root, { recursive: true });
  }
});
