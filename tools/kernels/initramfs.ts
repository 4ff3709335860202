/*
 * The initramfs of a kernel: a shell, the modules for access to this machine's files, and a script that changes to them.
 * In: busybox, modules, the command to run inside. Out: an archive (cpio newc, compressed), as the kernel wants it.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** In the order in which they need each other. Which of them exist as files depends on the kernel. */
const MODULES = [
  ...['virtio_ring', 'virtio', 'virtio_pci_modern_dev', 'virtio_pci_legacy_dev', 'virtio_pci', 'virtio_mmio'],
  ...['netfs', 'fscache', '9pnet', '9pnet_virtio', '9p', 'overlay'],
];

interface Entry {
  readonly path: string;
  readonly mode: number;
  readonly bytes: Buffer;
}

export function initramfs(busybox: string, modules: string, command: string): Buffer {
  const files = readdirSync(modules, { recursive: true, encoding: 'utf8' });
  const drivers = MODULES.flatMap((name) => {
    const found = files.find(
      (file) =>
        basename(file)
          .replace(/-/g, '_')
          .replace(/\.ko(\.xz)?$/, '.ko') === `${name}.ko`,
    );
    if (found === undefined) return [];
    const path = join(modules, found);
    const bytes = found.endsWith('.xz') ? execFileSync('xz', ['-dc', path]) : readFileSync(path);
    return [{ path: `modules/${name}.ko`, mode: 0o100644, bytes }];
  });
  const folders = ['bin', 'dev', 'proc', 'sys', 'modules', 'host', 'out', 'up', 'root'];
  return gzipSync(
    archive([
      ...folders.map((path) => ({ path, mode: 0o40755, bytes: Buffer.alloc(0) })),
      { path: 'bin/busybox', mode: 0o100755, bytes: readFileSync(busybox) },
      ...drivers,
      {
        path: 'init',
        mode: 0o100755,
        bytes: Buffer.from(
          script(
            drivers.map(({ path }) => path),
            command,
          ),
        ),
      },
    ]),
    { level: 1 },
  );
}

/** Writes go to memory, and are lost with it. */
function script(drivers: readonly string[], command: string): string {
  return `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
for module in ${drivers.join(' ')}; do insmod /$module; done
echo mounting
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro host /host || poweroff -f
mount -t tmpfs up /up; mkdir /up/upper /up/work
mount -t overlay overlay -o lowerdir=/host,upperdir=/up/upper,workdir=/up/work /root || poweroff -f
for kind in proc sysfs devtmpfs; do
  case $kind in proc) at=proc ;; sysfs) at=sys ;; devtmpfs) at=dev ;; esac
  mount -t $kind $kind /root/$at
done
mount -t tmpfs run /root/run; mount -t tmpfs tmp /root/tmp
mount -t tracefs trace /root/sys/kernel/tracing; mount -t debugfs debug /root/sys/kernel/debug
mount -t cgroup2 groups /root/sys/fs/cgroup
hostname guest; ip link set lo up
if mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 out /out; then
  [ -e /out/symbols ] || { cat /proc/kallsyms >/out/part && mv /out/part /out/symbols; }
  umount /out
fi
echo inside
chroot /root /bin/sh -c '${command}' </dev/null
poweroff -f
`;
}

const HEADER_BYTES = 110;

/** Of the format newc: a header in hexadecimal digits, the name, the contents, each filled up to four bytes. */
function archive(entries: readonly Entry[]): Buffer {
  const all = [...entries, { path: 'TRAILER!!!', mode: 0, bytes: Buffer.alloc(0) }];
  return Buffer.concat(
    all.flatMap(({ path, mode, bytes }, i) => {
      const name = Buffer.from(`${path}\0`);
      const numbers = [i + 1, mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, name.length, 0];
      const header = `070701${numbers.map((n) => n.toString(16).padStart(8, '0')).join('')}`;
      const head = Buffer.concat([Buffer.from(header), name]);
      return [filled(head, HEADER_BYTES + name.length), filled(bytes, bytes.length)];
    }),
  );
}

const filled = (bytes: Buffer, length: number): Buffer => Buffer.concat([bytes], Math.ceil(length / 4) * 4);
