import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { initramfs } from './initramfs';

test('the archive holds the shell, those modules that there are in the order of their needs, and the script that loads them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ca-initramfs-'));
  try {
    mkdirSync(join(folder, 'kernel/net'), { recursive: true });
    for (const name of ['9p', '9pnet', 'overlay', 'other'])
      writeFileSync(join(folder, `kernel/net/${name}.ko`), name);
    writeFileSync(join(folder, 'busybox'), 'shell');
    const bytes = gunzipSync(initramfs(join(folder, 'busybox'), folder, 'run me'));
    const entries: [string, string][] = [];
    for (let at = 0; at < bytes.length;) {
      expect(bytes.toString('latin1', at, at + 6)).toBe('070701');
      const field = (i: number): number =>
        parseInt(bytes.toString('latin1', at + 6 + 8 * i, at + 14 + 8 * i), 16);
      const [size, nameSize] = [field(6), field(11)];
      const name = bytes.toString('latin1', at + 110, at + 110 + nameSize - 1);
      const from = at + Math.ceil((110 + nameSize) / 4) * 4;
      entries.push([name, bytes.toString('latin1', from, from + size)]);
      at = from + Math.ceil(size / 4) * 4;
    }
    const names = entries.map(([name]) => name);
    expect(names.filter((name) => name.endsWith('.ko'))).toEqual(
      ['9pnet', '9p', 'overlay'].map((name) => `modules/${name}.ko`),
    );
    expect(names.at(-1)).toBe('TRAILER!!!');
    const init = entries.find(([name]) => name === 'init')?.[1];
    expect(init).toContain('for module in modules/9pnet.ko modules/9p.ko modules/overlay.ko;');
    expect(init).toContain("chroot /root /bin/sh -c 'run me'");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
