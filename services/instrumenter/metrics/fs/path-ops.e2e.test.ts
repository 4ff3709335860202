/* fs.path_ops on the real kernel: as many files as were made, renamed and removed. Needs root. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { totalCount } from '../../../../common/model/distribution';
import {
  both,
  distributionOf,
  is,
  onRealKernel,
  own,
  perl,
  rename,
} from '../../sources/bpf/testing/real-kernel';

onRealKernel('operations on paths', (kernel) => {
  test('files and folders that get or lose a name are counted, or the kernel says why it cannot be watched there', async () => {
    const offer = kernel.source.offers().find(({ metric }) => metric === 'fs.path_ops');
    if (offer !== undefined && 'unavailable' in offer) {
      expect(offer.unavailable).toMatch(
        /runs no programs at its functions: trampolines: \S.*; kprobes: none/,
      );
      await expect(kernel.enable('fs.path_ops', [])).rejects.toThrow(offer.unavailable);
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), 'ca-paths-'));
    const comm = own('paths');
    try {
      const operations = await kernel.enable('fs.path_ops', ['optype', 'latency'], is('execname', comm));
      const errors = await kernel.enable(
        'fs.path_ops',
        ['errno'],
        both(is('execname', comm), is('optype', 'rmdir')),
      );
      perl(
        `chdir $ARGV[0]; ${rename(comm)} for (1..20) { open(N, ">", "f$_") }
         for (1..9) { mkdir "d$_" } for (1..7) { symlink "f1", "s$_" } for (1..5) { link "f1", "l$_" }
         for (1..20) { rename "f$_", "r$_" } for (2..20) { unlink "r$_" }
         for (1..8) { rmdir "d$_" } mkdir "d9/x"; rmdir "d9"`,
        folder,
      );
      const value = await kernel.read(operations);
      const count = (word: string): number => totalCount(distributionOf(value, word));
      expect(['mkdir', 'symlink', 'link', 'rename', 'remove', 'rmdir'].map(count)).toEqual([
        10, 7, 5, 20, 19, 9,
      ]);
      expect(await kernel.numbers(errors)).toEqual(
        new Map([
          ['none', 8],
          ['ENOTEMPTY', 1],
        ]),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
