/* memory.reclaims and memory.oom_kills on the real kernel: a container that is too small. Needs root. */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { totalCount } from '../../../../common/model/distribution';
import { distributionOf, is, onRealKernel, own, perl, rename } from '../../sources/bpf/testing/real-kernel';

function limitOf(group: string): string {
  return join(group, group.startsWith('/sys/fs/cgroup/memory/') ? 'memory.limit_in_bytes' : 'memory.max');
}

onRealKernel('memory that is short', (kernel) => {
  test('a program in a container that is too small is seen reclaiming, and then killed', async () => {
    const group = ['/sys/fs/cgroup/memory', '/sys/fs/cgroup']
      .map((mount) => join(mount, own('small')))
      .find((path) => {
        try {
          mkdirSync(path);
          readFileSync(join(path, 'cgroup.procs'));
          writeFileSync(limitOf(path), String(24 * 1024 * 1024));
          return true;
        } catch {
          try {
            rmdirSync(path);
          } catch {
            // It was never made.
          }
          return false;
        }
      });
    if (group === undefined) {
      process.stderr.write('SKIPPED: no cgroup with a limit of memory can be made here\n');
      return;
    }
    try {
      const comm = own('small');
      const reclaims = await kernel.enable('memory.reclaims', ['space', 'latency'], is('execname', comm));
      const kills = await kernel.enable('memory.oom_kills', ['execname'], is('execname', comm));
      const statuses = perl(
        `if (!fork) { open(P, ">", $ARGV[0]); syswrite(P, $$); close P; ${rename(comm)}
           my @all; for (1..200) { push @all, "x" x 1000000 } exit 0 }
         wait; print $? & 127`,
        join(group, 'cgroup.procs'),
      );
      expect(statuses).toBe('9');
      expect(await kernel.numbers(kills)).toEqual(new Map([[comm, 1]]));
      const waits = await kernel.read(reclaims);
      expect(totalCount(distributionOf(waits, 'container'))).toBeGreaterThan(0);
    } finally {
      rmdirSync(group);
    }
  });
});
