/* fs.logical_ops, logical_rwops and syncs on the real kernel: a program that reads and writes a known file. Needs root. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOG_GRID } from '../../../../common/model/bucket';
import { eachBucket, totalCount } from '../../../../common/model/distribution';
import { totalOf } from '../../../../common/model/value';
import {
  ARCHITECTURE,
  both,
  distributionOf,
  is,
  onRealKernel,
  own,
  perl,
  rename,
} from '../../sources/bpf/testing/real-kernel';

onRealKernel('operations on open files', (kernel) => {
  test('reads and writes of files are counted by kind, with size, place and file system; others are not', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ca-files-'));
    const comm = own('files');
    try {
      const mine = is('execname', comm);
      const types = await kernel.enable('fs.logical_rwops', ['fstype'], both(mine, is('optype', 'write')));
      const sizes = await kernel.enable('fs.logical_rwops', ['optype', 'size'], mine);
      const places = await kernel.enable('fs.logical_rwops', ['optype', 'offset'], mine);
      const bytes = await kernel.enable('fs.logical_rwbytes', ['optype'], mine);
      const whose = await kernel.enable('fs.logical_rwbytes', ['execname'], mine);
      const all = await kernel.enable('fs.logical_ops', ['optype'], mine);
      const waits = await kernel.enable('fs.logical_ops', ['optype', 'latency'], mine);
      const syncs = await kernel.enable('fs.syncs', ['syscall', 'latency'], mine);
      const [fsync, pread] = process.arch === 'x64' ? ['74', '17'] : ['82', '67'];
      const output = perl(
        `open(D, "+>", $ARGV[0]); pipe(R, W); ${rename(comm)}
         for (1..40) { syswrite(D, "x" x 5000) } for (1..9) { syswrite(W, "x"); sysread(R, $b, 1) }
         sysseek(D, 0, 0); for (1..41) { sysread(D, $b, 5000) }
         $b = "y" x 100; for (1..7) { syscall($ARGV[2], fileno D, $b, 100, 150000) }
         for (1..5) { syscall($ARGV[1], fileno D) }
         syscall(${process.arch === 'x64' ? 1 : 64}, 999, $b, 1);
         open(S, ">", "/proc/$$/comm"); syswrite(S, "other");
         open(M, "<", "/proc/filesystems"); print <M>`,
        join(folder, 'data'),
        fsync ?? '',
        pread ?? '',
      );
      // The write that renames the program is counted under the new name.
      const byType = new Map(await kernel.numbers(types));
      expect(byType.get('proc')).toBe(1);
      byType.delete('proc');
      expect([...byType.values()]).toEqual([40]);
      // Not from a list of mounts: the folder's may lie outside of what is seen here, as in a chroot.
      expect(output).toContain(`\t${[...byType.keys()][0]}\n`);
      const written = 40 * 5000 + comm.length;
      const read = 40 * 5000 + 7 * 100;
      expect(Object.fromEntries(await kernel.numbers(bytes))).toEqual({ read, write: written });
      expect(await kernel.numbers(whose)).toEqual(new Map([[comm, read + written]]));
      const bySize = await kernel.read(sizes);
      const writes = new Map<number, number>();
      eachBucket(distributionOf(bySize, 'write'), (bucket, count) => writes.set(bucket, count));
      expect(writes).toEqual(
        new Map([
          [LOG_GRID.bucketOf(comm.length), 1],
          [LOG_GRID.bucketOf(5000), 40],
        ]),
      );
      const reads = new Map<number, number>();
      eachBucket(distributionOf(bySize, 'read'), (bucket, count) => reads.set(bucket, count));
      expect(reads).toEqual(
        new Map([
          [LOG_GRID.bucketOf(0), 1],
          [LOG_GRID.bucketOf(100), 7],
          [LOG_GRID.bucketOf(5000), 40],
        ]),
      );
      const offsets = new Map<number, number>();
      const byPlace = await kernel.read(places);
      eachBucket(distributionOf(byPlace, 'read'), (bucket, count) => offsets.set(bucket, count));
      const expected = new Map<number, number>();
      for (let i = 0; i <= 40; i++) {
        const bucket = LOG_GRID.bucketOf(5000 * i);
        expected.set(bucket, (expected.get(bucket) ?? 0) + 1);
      }
      expected.set(LOG_GRID.bucketOf(150_000), 7 + (expected.get(LOG_GRID.bucketOf(150_000)) ?? 0));
      expect([...offsets].sort((a, b) => a[0] - b[0])).toEqual([...expected].sort((a, b) => a[0] - b[0]));
      const byKind = await kernel.numbers(all);
      expect([byKind.get('write'), byKind.get('read'), byKind.get('fsync')]).toEqual([41, 48, 5]);
      // Its own name, once more; the data were opened before it had one.
      expect(byKind.get('open')).toBe(1);
      expect(totalCount(await kernel.distribution(waits, 'fsync'))).toBe(5);
      expect(totalCount(await kernel.distribution(syncs, 'fsync'))).toBe(5);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('what fails to open counts with its error; fstat and msync count as what they do, not by how they are called', async () => {
    const comm = own('paths');
    const folder = mkdtempSync(join(tmpdir(), 'ca-fs-'));
    const mine = is('execname', comm);
    const fails = await kernel.enable(
      'fs.logical_ops',
      ['errno'],
      both(mine, is('optype', 'open'), is('fstype', '')),
    );
    const stats = await kernel.enable('fs.logical_ops', ['optype'], both(mine, is('optype', 'getattr')));
    const places = await kernel.enable(
      'fs.logical_rwops',
      ['offset'],
      both(mine, is('optype', 'write'), { kind: 'compare', op: 'ge', field: 'offset', constant: 90_000 }),
    );
    const statx = ARCHITECTURE === 'x64' ? 332 : 291;
    const pwrite = ARCHITECTURE === 'x64' ? 18 : 68;
    try {
      perl(
        `use Fcntl; sysopen(H, "$ARGV[0]/data", O_RDWR | O_CREAT | O_APPEND) or die; syswrite(H, "x" x 90_000);
         ${rename(comm)} my $fd = fileno(H); my $b = "\\0" x 256; my $empty = "";
         for (1..50) { open(G, "<", "$ARGV[0]/nothing") and die }
         for (1..30) { syscall(${statx}, $fd, $empty, 0x1000, 0x7ff, $b) }
         for (1..9) { syscall(${statx}, -100, "$ARGV[0]/data", 0, 0x7ff, $b) }
         my $ten = "0123456789"; for (1..4) { syscall(${pwrite}, $fd, $ten, 10, 7) }`,
        folder,
      );
      expect(await kernel.numbers(fails)).toEqual(new Map([['ENOENT', 50]]));
      expect((await kernel.numbers(stats)).get('getattr')).toBe(30);
      const written = await kernel.read(places);
      expect(totalOf(written)).toBe(4);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('what is copied inside the kernel counts once, with its bytes and from where', async () => {
    const comm = own('copies');
    const folder = mkdtempSync(join(tmpdir(), 'ca-copy-'));
    const mine = both(is('execname', comm), is('optype', 'copy'));
    const ops = await kernel.enable('fs.logical_rwops', ['optype', 'size'], mine);
    const bytes = await kernel.enable('fs.logical_rwbytes', [], mine);
    const places = await kernel.enable('fs.logical_rwops', ['optype', 'offset'], mine);
    const [copy, send] = ARCHITECTURE === 'x64' ? [326, 40] : [285, 71];
    try {
      perl(
        `use Fcntl; ${rename(comm)} sysopen(H, "$ARGV[0]/a", O_RDWR | O_CREAT) or die; syswrite(H, "x" x 100_000); sysseek(H, 0, 0);
         sysopen(G, "$ARGV[0]/b", O_RDWR | O_CREAT) or die; my ($in, $out) = (fileno(H), fileno(G));
         for (1..5) { syscall(${copy}, $in, 0, $out, 0, 1000, 0) == 1000 or die "copy: $!" }
         my $at = pack("q", 70_000); for (1..3) { syscall(${send}, $out, $in, $at, 2000) == 2000 or die "send: $!" }`,
        folder,
      );
      expect(totalOf(await kernel.read(bytes))).toBe(5 * 1000 + 3 * 2000);
      const sizes: number[] = [];
      eachBucket(distributionOf(await kernel.read(ops), 'copy'), (bucket, count) =>
        sizes.push(LOG_GRID.floorOf(bucket), count),
      );
      expect(sizes).toEqual([1000, 5, 2000, 3]);
      const from: number[] = [];
      eachBucket(distributionOf(await kernel.read(places), 'copy'), (bucket, count) =>
        from.push(LOG_GRID.floorOf(bucket), count),
      );
      expect(from).toEqual([0, 1, 1000, 1, 2000, 1, 3000, 1, 4000, 1, 70_000, 1, 72_000, 1, 74_000, 1]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
