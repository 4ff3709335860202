/* disk.physio_ops on the real kernel: requests of known size. Needs root, and a file system on a disk. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { LOG_GRID } from '../../../../common/model/bucket';
import { eachBucket, totalCount } from '../../../../common/model/distribution';
import { totalOf } from '../../../../common/model/value';
import {
  both,
  distributionOf,
  folderOnDisk,
  is,
  onRealKernel,
  perl,
} from '../../sources/bpf/testing/real-kernel';

onRealKernel('requests to disks', (kernel) => {
  test('direct reads of a disk are counted by kind, with their size', async () => {
    const folder = folderOnDisk('ca-disk-');
    if (folder === undefined) return;
    const file = join(folder, 'data');
    try {
      spawnSync('dd', ['if=/dev/zero', `of=${file}`, 'bs=64k', 'count=32', 'conv=fsync']);
      const probe = await kernel.enable(
        'disk.physio_ops',
        ['optype', 'size'],
        both(is('optype', 'read'), is('errno', 'none')),
      );
      const dd = spawnSync('dd', [`if=${file}`, 'of=/dev/null', 'bs=64k', 'iflag=direct'], {
        encoding: 'utf8',
      });
      const value = await kernel.read(probe);
      if (dd.status !== 0) {
        process.stderr.write(`SKIPPED: this folder’s file system has no direct reads: ${dd.stderr}\n`);
        return;
      }
      // The kernel splits a request where the file is in pieces on the disk: the bytes are certain, their number is not.
      let [bytes, largest] = [0, 0];
      eachBucket(distributionOf(value, 'read'), (bucket, count) => {
        bytes += count * LOG_GRID.ceilOf(bucket);
        largest = Math.max(largest, bucket);
      });
      expect(bytes).toBeGreaterThanOrEqual(32 * 65_536);
      expect(largest).toBeGreaterThanOrEqual(LOG_GRID.bucketOf(65_536 / 16));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('direct reads are their program’s, by name, number and container', async () => {
    const folder = folderOnDisk('ca-who-');
    if (folder === undefined) return;
    const file = join(folder, 'data');
    try {
      spawnSync('dd', ['if=/dev/zero', `of=${file}`, 'bs=64k', 'count=32', 'conv=fsync']);
      const names = await kernel.enable('disk.physio_ops', ['execname', 'size'], is('optype', 'read'));
      const zones = await kernel.enable(
        'disk.physio_ops',
        ['zonename'],
        both(is('optype', 'read'), is('execname', 'dd')),
      );
      const bytes = await kernel.enable('disk.physio_bytes', ['execname'], is('optype', 'read'));
      const dd = spawnSync('dd', [`if=${file}`, 'of=/dev/null', 'bs=64k', 'iflag=direct'], {
        encoding: 'utf8',
      });
      if (dd.status !== 0) {
        process.stderr.write(`SKIPPED: this folder’s file system has no direct reads: ${dd.stderr}\n`);
        return;
      }
      expect((await kernel.numbers(bytes)).get('dd')).toBeGreaterThanOrEqual(32 * 65_536);
      expect(totalCount(distributionOf(await kernel.read(names), 'dd'))).toBeGreaterThanOrEqual(32);
      const byZone = await kernel.numbers(zones);
      expect([...byZone.values()].reduce((a, b) => a + b, 0)).toBeGreaterThanOrEqual(32);
      expect([...byZone.keys()]).not.toContain('');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('requests of a device made of another are counted once, on the disk that has them in the end', async () => {
    const folder = folderOnDisk('ca-loop-');
    if (folder === undefined) return;
    const file = join(folder, 'image');
    spawnSync('dd', ['if=/dev/zero', `of=${file}`, 'bs=1M', 'count=4', 'conv=fsync']);
    const devices: string[] = [];
    try {
      // One upon the other.
      for (const below of [file, undefined]) {
        const args = ['--direct-io=on', '--find', '--show', below ?? devices[0] ?? ''];
        const loop = spawnSync('losetup', args, { encoding: 'utf8' });
        if (loop.status !== 0) {
          process.stderr.write(`SKIPPED: no loop device can be made: ${loop.stderr}\n`);
          return;
        }
        devices.unshift(loop.stdout.trim());
      }
      const [device = '', lower = ''] = devices;
      const names = [device, lower].map((path) => path.replace('/dev/', ''));
      const ofLoops = await Promise.all(
        names.map((name) => kernel.enable('disk.physio_ops', ['optype', 'latency'], is('disk', name))),
      );
      const all = await kernel.enable('disk.physio_bytes', ['disk'], is('optype', 'write'));
      spawnSync('dd', ['if=/dev/zero', `of=${device}`, 'bs=4k', 'count=100', 'oflag=direct', 'conv=notrunc']);
      for (const probe of ofLoops) expect(totalOf(await kernel.read(probe))).toBe(0);
      const numbers = await kernel.numbers(all);
      expect([...numbers.keys()].filter((disk) => names.includes(disk))).toEqual([]);
      expect([...numbers.values()].reduce((a, b) => a + b, 0)).toBeGreaterThanOrEqual(409_600);
    } finally {
      for (const device of devices) spawnSync('losetup', ['-d', device]);
      rmSync(folder, { recursive: true });
    }
  });

  test('a request’s time in the queue is told apart from its service', async () => {
    const folder = folderOnDisk('ca-queue-');
    if (folder === undefined) return;
    try {
      const served = await kernel.enable('disk.physio_ops', ['optype', 'latency']);
      const queued = await kernel.enable('disk.physio_ops', ['optype', 'queuetime']);
      perl(
        'open(D, ">", $ARGV[0]); for (1..20) { syswrite(D, "x" x 4096); syscall($ARGV[1], fileno D) }',
        join(folder, 'data'),
        process.arch === 'x64' ? '74' : '82',
      );
      const [inQueue, inService] = [await kernel.read(queued), await kernel.read(served)];
      if (totalOf(inService) === 0) {
        process.stderr.write('SKIPPED: nothing of this folder’s file system goes to a disk\n');
        return;
      }
      // No request here waits for half a minute: the kernel's stamp and ours are of one clock.
      if (inQueue.shape !== 'keyed-distribution') throw new Error('a keyed distribution was asked for');
      expect(totalOf(inQueue)).toBeGreaterThan(0);
      for (const distribution of inQueue.distributions.values()) {
        eachBucket(distribution, (bucket) => expect(LOG_GRID.floorOf(bucket)).toBeLessThan(30e9));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
