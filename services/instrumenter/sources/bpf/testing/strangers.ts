/*
 * Attacks of unprivileged users on a library of root's, through a prober of user programs. In: libraries made
 * byte by byte. Out: processes that map them, each of which prints its memory at some places, or maps another file
 * over its own on request. Needs root, and Perl.
 */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { aNote, anElf } from './elf-writer';

export const NOBODY = 65534;

/** In the attacker's library, and in root's: the probed place in its code, and the probe's counter (semaphore). */
export const THEIRS = { code: 0x480, data: 0x1440 } as const;
export const OURS = { code: 0x4c0, data: 0x1480 } as const;
/** What a place that is probed looks like on x86-64 (a breakpoint), and a count of one. */
export const PROBED = { code: 'cc00', data: '0100' } as const;

/** A library with the probe `shop:sold`, and this function in the same place. */
export function library({ code, data }: { code: number; data: number }, name = 'sell'): Buffer {
  const address = 0x1000 + code - 0x400;
  const note = { provider: 'shop', name: 'sold', address, base: 0x3000, semaphore: 0x4000 + data - 0x1400 };
  return anElf({ notes: [aNote({ ...note, args: '' })], base: 0x3000, symbols: [{ name, address }] });
}

/** Words of Perl: a file's code and data in memory; two bytes at each place, of whichever is there. */
const MAPPED = String.raw`
$| = 1; my ($path, $other, @places) = @ARGV; my ($code, $data);
sub have { open(my $f, "<", $_[0]) or die "open: $!"; mapped($f) }
sub mapped {
  my ($f) = @_; my $fixed = defined $code ? 0x12 : 2;
  $code = syscall(9, $code // 0, 8192, 5, $fixed, fileno($f), 0); $code == -1 and die "mmap: $!";
  $data = syscall(9, $data // 0, 8192, 3, $fixed, fileno($f), 0); $data == -1 and die "mmap: $!";
}
sub serve {
  print "up\n";
  while (<STDIN>) {
    if (/swap/) { have($other); print "swapped\n"; next }
    print join(" ", map { unpack("H*", unpack("P2", pack("Q", ($_ < 0x1400 ? $code : $data) + $_))) } @places), "\n"
  }
}`;
const PLAIN = `${MAPPED} have($path); serve();`;

/** In a user namespace: a file of the same inode number, size and time as another, on a file system of its own. */
const TWIN = String.raw`${MAPPED}
my ($inode, $time, $name, $folder) = splice(@places, 0, 4);
open(my $s, "<", $path) or die "open: $!"; my $bytes = do { local $/; <$s> };
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
mapped($file); serve();`;

const PLACES = [THEIRS.code, THEIRS.data, OURS.code, OURS.data].map(String);

/** Why an unprivileged user cannot make a namespace here, as in a chroot or where it is forbidden; undefined if he can. */
export function noUserNamespace(): string | undefined {
  const made = spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'true'], {
    uid: NOBODY,
    gid: NOBODY,
    encoding: 'utf8',
  });
  return made.status === 0 ? undefined : `users get no namespace of their own: ${made.stderr.trim()}`;
}

export class Mapper {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly ended: Promise<[string]>;
  private complaint = '';

  private constructor(user: number, command: readonly string[]) {
    const [name = '', ...args] = command;
    this.child = spawn(name, args, { uid: user, gid: user });
    this.ended = once(this.child, 'exit').then(() => ['it ended']);
    this.child.stderr.on('data', (bytes: Buffer) => (this.complaint += bytes.toString('latin1')));
  }

  /** A process of this user that has a file mapped; `swap()` maps the other one in its place. */
  static async map(user: number, path: string, other = path): Promise<Mapper> {
    const made = new Mapper(user, ['perl', '-e', PLAIN, path, other, ...PLACES]);
    await made.answer('up');
    return made;
  }

  /** A process of an unprivileged user, in its own namespace, with these bytes in a file that looks like another one. */
  static async twin(
    bytesFrom: string,
    like: { readonly inode: bigint; readonly seconds: number; readonly name: string },
    folder: string,
  ): Promise<Mapper> {
    const looks = [String(like.inode), String(like.seconds), like.name, folder];
    const unshare = ['unshare', '--user', '--map-root-user', '--mount'];
    const made = new Mapper(NOBODY, [...unshare, 'perl', '-e', TWIN, bytesFrom, '', ...looks, ...PLACES]);
    await made.answer('up');
    return made;
  }

  async swap(): Promise<void> {
    const said = this.answer('swapped');
    this.child.stdin.write('swap\n');
    await said;
  }

  /** Its memory at the attacker's places, and at those of root's library. */
  async memory(): Promise<{ readonly theirs: readonly string[]; readonly ours: readonly string[] }> {
    const said = this.answer();
    this.child.stdin.write('look\n');
    const words = (await said).split(' ');
    return { theirs: words.slice(0, 2), ours: words.slice(2) };
  }

  async end(): Promise<void> {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await this.ended;
  }

  /** The next line that it prints. */
  private async answer(expected?: string): Promise<string> {
    const [said] = (await Promise.race([once(this.child.stdout, 'data'), this.ended])) as [Buffer | string];
    const text = said.toString('latin1').trim();
    if (text === 'it ended' || (expected !== undefined && text !== expected)) {
      throw new Error(`${text}: ${this.complaint}`);
    }
    return text;
  }
}
