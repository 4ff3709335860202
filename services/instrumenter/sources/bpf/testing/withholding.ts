/*
 * A FUSE file system whose only file is never read to the end: once it was opened, no request is
 * answered any more. In: a folder, the file's name. Out: what keeps it mounted, processes that have it mapped. Needs root.
 */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';

/** Answers only the requests that open and map the file: include/uapi/linux/fuse.h. */
const SERVER = String.raw`
use Fcntl; $| = 1;
my ($dir, $opens) = @ARGV;
sysopen(my $fuse, "/dev/fuse", O_RDWR) or die "no /dev/fuse: $!";
my @mount = ("ca", $dir, "fuse", "fd=" . fileno($fuse) . ",rootmode=40755,user_id=0,group_id=0,allow_other");
syscall(165, $mount[0], $mount[1], $mount[2], 0, $mount[3]) == 0 or die "mount: $!";
print "up\n";
my $attr = sub { pack("Q6L10", $_[0], 1 << 43, 8, 0, 0, 0, 0, 0, 0, $_[0] == 1 ? 040755 : 0100755, 1, 0, 0, 0, 4096, 0) };
while (sysread($fuse, my $request, 1 << 20)) {
  my ($length, $op, $id, $node) = unpack("LLQQ", $request);
  my $answer = sub { syswrite($fuse, pack("LlQ", 16 + length($_[1]), $_[0], $id) . $_[1]) };
  if ($op == 26) { $answer->(0, pack("L4S2L10", 7, 31, 65536, 0, 8, 8, 4096, (0) x 9)); next }
  next if $op == 2 || $op == 42;
  if ($op == 28 || $op == 44) { $answer->(0, ""); next }
  if ($op == 17) { $answer->(0, pack("Q5L10", (0) x 5, 4096, 255, 4096, (0) x 7)); next }
  if ($op == 25 || $op == 18 || $op == 29) { $answer->(0, ""); next }
  if ($op == 39 || $op == 22 || $op == 46) { $answer->(-38, ""); next }
  next if $opens <= 0;
  if ($op == 1) { $answer->(0, pack("Q4L2", 2, 0, 3600, 3600, 0, 0) . $attr->(2)) }
  elsif ($op == 3) { $answer->(0, pack("QLL", 3600, 0, 0) . $attr->($node)) }
  elsif ($op == 14) { $opens--; $answer->(0, pack("QLL", 1, 0, 0)) }
  elsif ($op == 27) { $answer->(0, pack("QLL", 1, 0, 0)) }
  elsif ($op != 15) { $answer->(-38, "") }
}`;

/** Maps the file's first page as executable. */
const MAPPER = String.raw`
$| = 1;
open(my $file, "<", $ARGV[0]) or die "open: $!";
syscall(9, 0, 4096, 5, 2, fileno($file), 0) == -1 and die "mmap: $!";
print "up\n"; <STDIN>`;

export class Withholding {
  readonly path: string;
  private readonly folder: string;
  private readonly children: ChildProcessWithoutNullStreams[] = [];

  private constructor(folder: string, name: string) {
    this.folder = folder;
    this.path = `${folder}/${name}`;
  }

  /** `opens`: the number of times the file can be opened before requests are no longer answered. Rejects without FUSE. */
  static async mount(folder: string, name: string, opens: number): Promise<Withholding> {
    const made = new Withholding(folder, name);
    await made.start(SERVER, [folder, String(opens)]);
    return made;
  }

  /** A process of this user that has it, or a file that leads there, mapped. */
  map(path = this.path, user = 0): Promise<number> {
    return this.start(MAPPER, [path], user);
  }

  /** Hides where the file comes from: only the file system mounted above it leads there. */
  hide(): void {
    spawnSync('umount', ['-l', this.folder]);
  }

  /** Releases everything that waits for it. */
  async unmount(): Promise<void> {
    for (const child of this.children.splice(0)) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    spawnSync('umount', ['-l', this.folder]);
  }

  private async start(script: string, args: readonly string[], user = 0): Promise<number> {
    const child = spawn('perl', ['-e', script, ...args], { uid: user, gid: user });
    this.children.push(child);
    let complaint = '';
    child.stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString('latin1')));
    const [word] = (await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(() => ['']),
    ])) as [Buffer | string];
    if (!word.toString().startsWith('up')) throw new Error(complaint);
    return child.pid ?? 0;
  }
}
