import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entry, userMoment, type Programs } from '../../../metrics/user';
import { anElf } from '../testing/elf-writer';
import { mappingsIn } from './mapped';
import { matching } from './installed';
import { deviceOf } from './opened-file';
import { UserFiles } from './user-files';

const NOTHING = { dev: 0x801n, ino: 77n };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ca-files-'));
});
const opened: UserFiles[] = [];
afterEach(() => {
  for (const files of opened.splice(0)) files.close();
  rmSync(folder, { recursive: true });
});

const ELF = anElf({ notes: [], base: 0, symbols: [{ name: 'sell', address: 0x1004 }] });

function file(path: string, bytes: Buffer | string = ELF): string {
  const full = join(folder, path);
  mkdirSync(join(full, '..'), { recursive: true });
  writeFileSync(full, bytes);
  return full;
}

/** A process of a /proc of our own: program, mapped files, and the root that its paths are of. */
function process(pid: number, program: string, mapped: readonly string[], root = '/'): void {
  const own = join(folder, 'proc', String(pid));
  rmSync(own, { recursive: true, force: true });
  mkdirSync(own, { recursive: true });
  symlinkSync(program, join(own, 'exe'));
  symlinkSync(root, join(own, 'root'));
  const rows = mapped.flatMap((path, i) => {
    const { dev, ino } = statSync(join(root, path), { bigint: true, throwIfNoEntry: false }) ?? NOTHING;
    const [major = 0, minor = 0] = deviceOf(dev).split(':').map(Number);
    const inode = `${major.toString(16).padStart(2, '0')}:${minor.toString(16).padStart(2, '0')} ${ino}`;
    return [
      `00${i}000-00${i}800 r--p 00000000 ${inode}    ${path}`,
      `00${i}800-00${i}900 r-xp 00001000 ${inode}    ${path}`,
    ];
  });
  // The machine's folder for temporary files may be in memory: a device without a disk.
  if (existsSync('/proc/self/mountinfo')) {
    writeFileSync(join(own, 'mountinfo'), readFileSync('/proc/self/mountinfo'));
  }
  writeFileSync(join(own, 'maps'), ['00700000-00701000 rw-p 00000000 00:00 0 ', ...rows, ''].join('\n'));
}

const shop = (installed: readonly string[] = []): Programs => ({ title: 'shop', file: /^shop$/, installed });

function filesOf(programs: Programs): UserFiles {
  const files = new UserFiles(
    [
      {
        programs,
        moments: [userMoment(programs, entry('sell')), userMoment(programs, entry('steal'))],
        globals: [],
      },
    ],
    'x64',
    join(folder, 'proc'),
  );
  opened.push(files);
  return files;
}

const complaintsOf = (files: UserFiles, kind: Programs): string[] =>
  files.of(kind).map((one) => {
    try {
      return `${one.sitesOf(userMoment(kind, entry('sell'))).length} sites`;
    } catch (error) {
      return String(error).replace(/.*shop/, 'shop');
    }
  });

test('what is mapped to be run is found, whatever its path holds', () => {
  const maps = [
    '55d0c7a00000-55d0c7a01000 r--p 00000000 08:01 1 /usr/bin/shop',
    '55d0c7a01000-55d0c7a02000 r-xp 00001000 08:01 1 /usr/bin/shop',
    '00401000-00402000 r-xp 00001000 08:01 2 /a b/c\\012d (deleted)',
    '7ffd1000-7ffd2000 r-xp 00000000 00:00 0                          [vdso]',
    '7f000000-7f001000 rwxp 00000000 00:00 0 ',
  ].join('\n');
  expect(mappingsIn(maps).map(({ range, device, path }) => [range, device, path])).toEqual([
    ['55d0c7a01000-55d0c7a02000', '8:1', '/usr/bin/shop'],
    ['401000-402000', '8:1', '/a b/c\\012d'],
    ['7ffd1000-7ffd2000', '0:0', '[vdso]'],
    ['7f000000-7f001000', '0:0', ''],
  ]);
});

test('stars stand for parts of names, and what is not there is nowhere', () => {
  const paths = ['lib/15/bin/shop', 'lib/16/bin/shop', 'lib/x+y/bin/shop'].map((path) => file(path));
  expect(matching(join(folder, 'lib/*/bin/shop'))).toEqual(paths);
  expect(matching(join(folder, 'lib/1*/b*n/sh*'))).toEqual(paths.slice(0, 2));
  expect(matching(join(folder, 'lib/x+*/bin/shop'))).toEqual(paths.slice(2));
  expect(matching(join(folder, 'nowhere/*/shop'))).toEqual([]);
});

test('installed files and those that run are each known once, in containers by way of their roots', async () => {
  const installed = file('usr/bin/shop');
  const inside = file('container/usr/bin/shop', Buffer.concat([ELF, Buffer.alloc(8)]));
  process(10, '/usr/bin/shop', [installed, '/lib/other.so']);
  process(11, '/usr/bin/shop', ['/usr/bin/shop'], join(folder, 'container'));
  process(12, '/usr/bin/shop', ['/usr/bin/shop'], join(folder, 'container'));
  const kind = shop([installed]);
  const files = filesOf(kind);
  expect(files.of(kind)).toHaveLength(1);
  await files.scan();
  const [first, second, ...more] = files.of(kind);
  expect(more).toEqual([]);
  expect(first?.path).toBe(installed);
  expect(second?.path).toBe('/usr/bin/shop');
  const moment = userMoment(kind, entry('sell'));
  expect(second?.sitesOf(moment).map((site) => site.offset)).toEqual([0x404]);
  expect(() => second?.sitesOf(userMoment(kind, entry('steal')))).toThrow(
    '/usr/bin/shop has no uprobe:steal',
  );
  expect(inside).toContain('container');
});

test('programs that come, become others, load late or go are noticed, and only then is there news', async () => {
  const kind = shop();
  const files = filesOf(kind);
  const ids = (): number => files.of(kind).length;
  expect(ids()).toBe(0);
  const path = file('usr/bin/shop');
  process(20, '/bin/sh', ['/bin/sh']);
  expect(await files.scan()).toBe(false);
  process(20, '/bin/sh', ['/bin/sh', path]); // loaded a moment after it was first looked at
  expect(await files.scan()).toBe(true);
  expect(await files.scan()).toBe(false);
  expect(ids()).toBe(1);
  process(20, '/bin/ls', ['/bin/ls']); // the same process, another program
  expect(await files.scan()).toBe(true);
  expect(ids()).toBe(0);
  process(21, path, [path]);
  expect(await files.scan()).toBe(true);
  rmSync(join(folder, 'proc', '21'), { recursive: true });
  expect(await files.scan()).toBe(true);
  expect(ids()).toBe(0);
});

test('hostile files: what is no file, no ELF, or cut off says why it cannot be watched', () => {
  mkdirSync(join(folder, 'bin/a/shop'), { recursive: true });
  file('bin/b/shop', '#!/bin/sh\n');
  file('bin/c/shop', ELF.subarray(0, 100));
  const arm = Buffer.from(ELF);
  arm.writeUInt16LE(183, 18);
  file('bin/d/shop', arm);
  const kind = shop([join(folder, 'bin/*/shop')]);
  const files = filesOf(kind);
  expect(complaintsOf(files, kind)).toEqual([
    'shop: it is no ELF file of 64 bits',
    'shop has no uprobe:sell',
    'shop is for another kind of processor',
  ]);
});

test('a file that was replaced is another one', async () => {
  const path = file('usr/bin/shop');
  const kind = shop([path]);
  const files = filesOf(kind);
  const [before] = files.of(kind);
  renameSync(file('usr/bin/new', Buffer.concat([ELF, ELF])), path);
  expect(await files.scan()).toBe(true);
  expect(files.of(kind).map((one) => one.id)).not.toContain(before?.id);
});

test('a pipe, and a file of 8 TB that is nearly all hole, are told from programs at once', async () => {
  const huge = file('container/usr/bin/shop');
  truncateSync(huge, 8e12);
  const pipe = join(folder, 'other/usr/bin/shop');
  mkdirSync(join(pipe, '..'), { recursive: true });
  expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
  process(30, '/usr/bin/shop', ['/usr/bin/shop'], join(folder, 'container'));
  process(31, '/usr/bin/shop', ['/usr/bin/shop'], join(folder, 'other'));
  const kind = shop([pipe]);
  const files = filesOf(kind);
  await files.scan();
  expect(complaintsOf(files, kind)).toEqual([
    '1 sites',
    'shop: what is there now is no file, or another one',
  ]);
});

test('one user’s files take no place from others’, cost a share of one CPU, and what is left out is told', async () => {
  const kind = shop();
  // Each is another file, and searching it takes long: nearly every name begins like the wanted one.
  const evil = Buffer.concat([ELF, Buffer.alloc(4 * 1024 * 1024, 's')]);
  const count = 60;
  for (let i = 0; i < count; i++) {
    const path = file(`${i}/shop`, Buffer.concat([evil, Buffer.from(String(i))]));
    process(1000 + i, path, [path]);
    writeFileSync(join(folder, 'proc', String(1000 + i), 'status'), 'Uid:\t65534\t0\t0\t0\n');
  }
  const own = file('own/shop', Buffer.concat([ELF, Buffer.alloc(8)]));
  process(9999, own, [own]);
  const files = filesOf(kind);
  // CPU time of this process, not the clock: the machine may be busy.
  const from = globalThis.process.cpuUsage();
  await files.scan();
  await files.scan();
  const { user, system } = globalThis.process.cpuUsage(from);
  expect((user + system) / 1e6).toBeLessThan(5);
  const all = files.of(kind);
  expect(all[0]?.path).toBe(own);
  expect(all.filter(({ owner }) => owner === 'user 65534').length).toBeLessThanOrEqual(8);
  expect(files.shortfalls().join()).toMatch(/user 65534/);
  for (let i = 0; i < count; i++) rmSync(join(folder, 'proc', String(1000 + i)), { recursive: true });
  expect(await files.scan()).toBe(true);
  expect(files.shortfalls()).toEqual([]);
  expect(complaintsOf(files, kind)).toEqual(['1 sites']);
});

test('processes with lists of mappings that take long to read cost their user’s share, and nobody else waits', async () => {
  const kind = shop();
  const own = file('own/shop');
  process(1, own, [own]);
  const rows = Array.from({ length: 14_000 }, (_, i) => {
    const from = (0x10000 + 2 * i).toString(16);
    return `${from}000-${from}800 r-xp 00000000 08:01 77    /some/where/${i}/shop-but-not-quite`;
  });
  for (let i = 0; i < 300; i++) {
    process(1000 + i, own, []);
    writeFileSync(join(folder, 'proc', String(1000 + i), 'maps'), rows.join('\n'));
    writeFileSync(join(folder, 'proc', String(1000 + i), 'status'), 'Uid:\t65534\t0\t0\t0\n');
  }
  const files = filesOf(kind);
  const from = performance.now();
  await files.scan();
  // Of 300 lists of a megabyte the first few are read.
  expect(performance.now() - from).toBeLessThan(4000);
  expect(complaintsOf(files, kind)).toEqual(['1 sites']);
  expect(files.shortfalls()).toEqual([
    'processes of user 65534 are looked at later: looking at them takes too long',
  ]);
});
