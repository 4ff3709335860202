/* What users without any rights try against libraries of root's, through us. Needs root, and user namespaces. */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MetricDescription } from '../../../metrics/language/description';
import { RUNNING } from '../../../metrics/process';
import { usdt, userMoment, type Programs } from '../../../metrics/user';
import type { BpfSource } from '../bpf';
import { openBpf } from '../open';
import { aNote, anElf } from '../testing/elf-writer';
import { HOST, instrumentation } from '../testing/real-kernel';

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
if (!isRoot) process.stderr.write('SKIPPED: strangers on the node: it needs root\n');

const NOBODY = 65534;
const NAME = `ca-shop-${process.pid}`;
const SHOP: Programs = { title: 'shop', file: new RegExp(`^${NAME}$`), installed: [] };
const METRIC: MetricDescription = {
  module: 'unix',
  stat: 'signals',
  label: 'sales',
  question: 'Is only the file that was read attached to?',
  unit: 'sales',
  interval: 'interval',
  fields: ['hostname', 'pid'],
  bpf: {
    probes: [
      {
        at: userMoment(SHOP, usdt('shop', 'sold')),
        steps: [{ kind: 'count', fields: { hostname: RUNNING.execname, pid: RUNNING.pid } }],
      },
    ],
  },
};

/** A library whose probe lies at this place of the file, and the count of who watches it. */
const library = (probe: number, semaphore: number): Buffer =>
  anElf({
    notes: [
      aNote({
        provider: 'shop',
        name: 'sold',
        address: 0x1000 + probe - 0x400,
        base: 0x3000,
        semaphore: 0x4000 + semaphore - 0x1400,
        args: '',
      }),
    ],
    base: 0x3000,
    symbols: [{ name: 'sell', address: 0x1004 }],
  });
/** Of the attacker's file, and of root's: places of code, and of data. */
const THEIRS = { code: 0x480, data: 0x1440 };
const OURS = { code: 0x4c0, data: 0x1480 };

/** Maps a file's code to be run; then another file over it, at a word. */
const ATTACKER = String.raw`
$| = 1; my ($own, $other) = @ARGV;
open(my $a, "<", $own) or die "open: $!";
my $at = syscall(9, 0, 8192, 5, 2, fileno($a), 0); $at == -1 and die "mmap: $!";
print "up\n"; <STDIN>;
open(my $b, "<", $other) or die "open: $!";
syscall(9, $at, 8192, 5, 0x12, fileno($b), 0) == $at or die "mmap: $!";
print "mapped\n"; <STDIN>;`;

/** In a user namespace: a file of the same inode number, size and time as another, on a file system of its own. */
const TWIN = String.raw`
$| = 1; my ($folder, $source, $name, $inode, $time) = @ARGV;
open(my $s, "<", $source) or die "open: $!"; local $/; my $bytes = <$s>; $/ = "\n";
my @mount = ("ca", $folder, "tmpfs"); my $none = 0;
syscall(165, $mount[0], $mount[1], $mount[2], 0, $none) == 0 or die "mount: $!";
my $file;
for my $i (1..20000) {
  open(my $f, "+>", "$folder/$i") or die "create: $!";
  if ((stat($f))[1] == $inode) { rename("$folder/$i", "$folder/$name") or die; $file = $f; last }
  unlink("$folder/$i");
}
defined $file or die "no file got the number $inode";
syswrite($file, $bytes); utime($time, $time, "$folder/$name") or die "utime: $!";
syscall(9, 0, 8192, 5, 2, fileno($file), 0) == -1 and die "mmap: $!";
print "up\n"; <STDIN>;`;

/** Has a library's code and data in memory, and says what is there now. */
const VICTIM = String.raw`
$| = 1; my ($path, @places) = @ARGV;
open(my $f, "<", $path) or die "open: $!";
my $code = syscall(9, 0, 8192, 5, 2, fileno($f), 0); my $data = syscall(9, 0, 8192, 3, 2, fileno($f), 0);
print "up\n";
while (<STDIN>) { print join(" ", map { unpack("H*", unpack("P2", pack("Q", ($_ < 0x1400 ? $code : $data) + $_))) } @places), "\n" }`;

(isRoot ? describe : describe.skip)('strangers on the node', () => {
  let folder: string;
  let source: BpfSource;
  const children: ChildProcessWithoutNullStreams[] = [];
  const mounted: string[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ca-strangers-'));
    chmodSync(folder, 0o755);
    for (const name of ['root', 'own']) mkdirSync(join(folder, name), { mode: 0o755 });
    chownSync(join(folder, 'own'), NOBODY, NOBODY);
    const opened = openBpf(HOST, [METRIC]);
    if (typeof opened === 'string') throw new Error(opened);
    source = opened;
  });
  afterEach(async () => {
    source.close();
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
    for (const path of mounted.splice(0)) spawnSync('umount', ['-l', path]);
    rmSync(folder, { recursive: true });
  });

  async function start(user: number, command: readonly string[]): Promise<ChildProcessWithoutNullStreams> {
    const [name = '', ...args] = command;
    const child = spawn(name, args, { uid: user, gid: user });
    children.push(child);
    expect(await answer(child)).toBe('up');
    return child;
  }

  const startVictim = (path: string): Promise<ChildProcessWithoutNullStreams> =>
    start(0, ['perl', '-e', VICTIM, path, ...[THEIRS.code, THEIRS.data, OURS.code, OURS.data].map(String)]);

  /** What root's process has in memory at the attacker's places, then at its own library's. */
  async function memory(victim: ChildProcessWithoutNullStreams): Promise<string[]> {
    const said = answer(victim);
    victim.stdin.write('\n');
    return (await said).split(' ');
  }

  test('another file that is mapped over the one that was read is not attached to: root’s code and data stay as they are', async () => {
    const [own, root] = [join(folder, 'own', NAME), join(folder, 'root', NAME)];
    writeFileSync(own, library(THEIRS.code, THEIRS.data), { mode: 0o644 });
    writeFileSync(root, library(OURS.code, OURS.data), { mode: 0o644 });
    const attacker = await start(NOBODY, ['perl', '-e', ATTACKER, own, root]);
    const victim = await startVictim(root);
    await source.look();
    await source.look();
    const mapped = answer(attacker);
    attacker.stdin.write('\n');
    expect(await mapped).toBe('mapped');
    const before = await memory(victim);
    const probe = await source.enable(instrumentation('unix.signals', []));
    const [code, data, ...its] = await memory(victim);
    expect([code, data]).toEqual(before.slice(0, 2));
    // At its own place root's library is watched like any other.
    expect(its).toEqual(['cc00', '0100']);
    expect(probe.watched()).toHaveLength(2);
    probe.close();
  });

  test('a file of the same inode number, size and time on a file system of one’s own says nothing of root’s', async () => {
    const root = join(folder, 'root');
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'ca', root]).status).toBe(0);
    mounted.push(root);
    const path = join(root, NAME);
    writeFileSync(path, library(OURS.code, OURS.data), { mode: 0o644 });
    utimesSync(path, 1_700_000_000, 1_700_000_000);
    const evil = join(folder, 'evil');
    writeFileSync(evil, library(THEIRS.code, THEIRS.data), { mode: 0o644 });
    const twin = await start(NOBODY, [
      ...['unshare', '--user', '--map-root-user', '--mount', 'perl', '-e', TWIN],
      ...[join(folder, 'own'), evil, NAME, String(statSync(path).ino), '1700000000'],
    ]);
    await source.look();
    await source.look();
    const gone = once(twin, 'exit');
    twin.kill('SIGKILL');
    await gone;
    const victim = await startVictim(path);
    const before = await memory(victim);
    await source.look();
    const probe = await source.enable(instrumentation('unix.signals', []));
    const [code, data, ...its] = await memory(victim);
    expect([code, data]).toEqual(before.slice(0, 2));
    expect(its).toEqual(['cc00', '0100']);
    probe.close();
  });

  test('a file that was written to since it was read is read again before it is attached to', async () => {
    const path = join(folder, 'root', NAME);
    writeFileSync(path, library(THEIRS.code, THEIRS.data), { mode: 0o644 });
    const victim = await startVictim(path);
    await source.look();
    writeFileSync(path, library(OURS.code, OURS.data));
    await expect(source.enable(instrumentation('unix.signals', []))).rejects.toThrow('was written to');
    await source.look();
    const probe = await source.enable(instrumentation('unix.signals', []));
    expect((await memory(victim)).slice(2)).toEqual(['cc00', '0100']);
    probe.close();
  });
});

/** The next line that it says. Rejects when it ends first. */
function answer(child: ChildProcessWithoutNullStreams): Promise<string> {
  return new Promise((resolve, reject) => {
    let complaint = '';
    child.stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString('latin1')));
    child.stdout.once('data', (bytes: Buffer) => resolve(bytes.toString('latin1').trim()));
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${complaint}`)));
  });
}
