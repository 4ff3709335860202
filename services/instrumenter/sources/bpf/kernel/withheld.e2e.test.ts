/* Files whose reads never end: nothing waits for them, and no pipe is read in their place. Needs root, and FUSE in the kernel. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { spawn, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entry, userMoment, type Programs } from '../../../metrics/user';
import { BlockingIoPool } from '../../blocking-io-pool';
import { Functions } from './functions';
import { Withholding } from '../testing/withholding';
import { UserFiles } from '../user/user-files';
import { ELF_FILE_MS } from '../../limits';

const usable =
  process.arch === 'x64' &&
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  existsSync('/dev/fuse');
if (!usable) process.stderr.write('SKIPPED: files that are withheld: it needs root and FUSE\n');

const NOBODY = 65534;
const NAME = `ca-held-${process.pid}`;
const HELD: Programs = { title: 'held program', file: new RegExp(`^${NAME}$`), installed: [] };
const MOMENT = userMoment(HELD, entry('sell'));
const wanted = [{ programs: HELD, moments: [MOMENT], globals: [] }];

const TITLE = `files that are withheld${usable ? '' : ' (skipped: it needs root and FUSE)'}`;
(usable ? describe : describe.skip)(TITLE, () => {
  let folder: string;
  let held: Withholding;
  let overlaid = false;
  let files: UserFiles | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ca-held-'));
    chmodSync(folder, 0o755);
    for (const name of ['fuse', 'empty', 'over', 'own']) mkdirSync(join(folder, name));
    overlaid = false;
  });
  afterEach(async () => {
    files?.close();
    files = undefined;
    await held.unmount();
    if (overlaid) spawnSync('umount', ['-l', join(folder, 'over')]);
    rmSync(folder, { recursive: true });
  });

  function open(pool: BlockingIoPool): UserFiles {
    files = new UserFiles(wanted, 'x64', '/proc', pool);
    return files;
  }

  const complaints = (files: UserFiles): string[] =>
    files.of(HELD).map((file) => {
      try {
        return `${file.sitesOf(MOMENT).length} sites`;
      } catch (error) {
        return error instanceof Error ? error.message : '';
      }
    });

  test('a file that a program serves is not touched: not opened, not even looked at', async () => {
    held = await Withholding.mount(join(folder, 'fuse'), NAME, 1);
    await held.map();
    const pool = new BlockingIoPool();
    const files = open(pool);
    await files.scan();
    expect(complaints(files)).toEqual([
      `${held.path}: a program serves its file system (fuse), and may never answer`,
    ]);
    expect(pool.stuck).toBe(0);
  });

  /** An overlay that shows the file; false where there are none. */
  function overlay(): boolean {
    const options = `lowerdir=${join(folder, 'empty')}:${join(folder, 'fuse')}`;
    const over = join(folder, 'over');
    const mounted = spawnSync('mount', ['-t', 'overlay', 'overlay', '-o', options, over], {
      encoding: 'utf8',
    });
    overlaid = mounted.status === 0;
    if (!overlaid) process.stderr.write(`SKIPPED: no overlay over FUSE: ${mounted.stderr}`);
    return overlaid;
  }

  test('an overlay above such a file system is not touched either', async () => {
    held = await Withholding.mount(join(folder, 'fuse'), NAME, 1);
    if (!overlay()) return;
    await held.map(join(folder, 'over', NAME));
    const pool = new BlockingIoPool();
    const files = open(pool);
    await files.scan();
    expect(complaints(files)).toEqual([
      `${join(folder, 'over', NAME)}: a program serves its file system (fuse), and may never answer, below an overlay`,
    ]);
    expect(pool.stuck).toBe(0);
  });

  test('one that hangs all the same is given up, is not tried twice, and costs the others nothing', async () => {
    held = await Withholding.mount(join(folder, 'fuse'), NAME, 3);
    if (!overlay()) return;
    held.hide();
    const over = join(folder, 'over', NAME);
    for (let i = 0; i < 3; i++) await held.map(over, NOBODY);
    const pool = new BlockingIoPool();
    const files = open(pool);
    const from = performance.now();
    await files.scan();
    await files.scan();
    expect(performance.now() - from).toBeLessThan(2 * ELF_FILE_MS);
    expect(complaints(files)).toEqual([expect.stringContaining('does not answer in time')]);
    // One user blocks one thread, or the two that started at once.
    expect(pool.stuck).toBeGreaterThanOrEqual(1);
    expect(pool.stuck).toBeLessThanOrEqual(2);
    expect(pool.shortfall()).toBe(`reads are held up by user ${NOBODY}`);

    // Root's own program is found meanwhile.
    const own = join(folder, 'own', NAME);
    copyFileSync('/bin/sleep', own);
    const other = spawn(own, ['1000']);
    await files.scan();
    expect(complaints(files)).toContain(`${own} has no uprobe:sell`);
    other.kill('SIGKILL');

    await held.unmount();
    // The blocked read returns, and its thread is free again.
    for (let tries = 0; pool.stuck > 0 && tries < 500; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect([pool.stuck, pool.shortfall()]).toEqual([0, undefined]);
    await files.scan();
    expect(complaints(files)).toEqual([]);
  });

  test('functions of a file that is withheld go by the file’s name', async () => {
    held = await Withholding.mount(join(folder, 'fuse'), NAME, 1);
    const pid = BigInt(await held.map());
    const [from = ''] = (
      readFileSync(`/proc/${pid}/maps`, 'latin1')
        .split('\n')
        .find((row) => row.includes(NAME)) ?? ''
    ).split('-');
    const address = BigInt(`0x${from}`);
    const pool = new BlockingIoPool();
    const named = await new Functions(pool).meet([[pid, address]]);
    expect(named.nameOf(pid, address)).toBe(`[${NAME}]`);
    expect(pool.stuck).toBe(0);
  });
});
