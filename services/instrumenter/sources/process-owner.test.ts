import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownerOfProcess } from './process-owner';

const ID = 'abcdef0123456789'.repeat(4);

test('a process belongs to its real user, or to the container in which it is root', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ca-owner-'));
  try {
    const owner = (uids: string, cgroup: string): string | undefined => {
      const own = join(folder, '7');
      rmSync(own, { recursive: true, force: true });
      mkdirSync(own);
      writeFileSync(join(own, 'status'), `Name:\tx\nUid:\t${uids}\n`);
      writeFileSync(join(own, 'cgroup'), `0::${cgroup}\n`);
      return ownerOfProcess('7', folder, join(folder, 'subuid'));
    };
    expect(owner('0\t0\t0\t0', '/init.scope')).toBeUndefined();
    expect(owner('0\t0\t0\t0', '/system.slice/cron.service')).toBeUndefined();
    expect(owner('0\t0\t0\t0', `/docker-${ID}.scope`)).toBe('container abcdef012345');
    // sudo and the like run as root on behalf of a user.
    expect(owner('1000\t0\t0\t0', '/')).toBe('user 1000');
    writeFileSync(join(folder, 'subuid'), 'ann:100000:65536\nbob:165536:65536\nbroken\n');
    expect(owner('165535\t0\t0\t0', '/')).toBe('user ann');
    expect(owner('165536\t0\t0\t0', '/')).toBe('user bob');
    expect(owner('231072\t0\t0\t0', '/')).toBe('user 231072');
    expect(ownerOfProcess('8', folder)).toBeUndefined();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
