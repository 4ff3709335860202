/* Files that somebody never lets go of: nobody waits for them, and no pipe is in their place. Needs root, and FUSE in the kernel. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entry, userMoment, type Programs } from '../../../metrics/user';
import { Patience } from '../../blocking-io-pool';
import { Functions } from './functions';
import { Withholding } from '../testing/withholding';
import { UserFiles } from '../user/user-files';

const usable =
  process.arch === 'x64' &&
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  existsSync('/dev/fuse');
if (!usable) process.stderr.write('SKIPPED: files that are withheld: it needs root and FUSE\n');

const NAME = `ca-held-${process.pid}`;
const HELD: Programs = { title: 'held program', file: new RegExp(`^${NAME}$`), installed: [] };
const MOMENT = userMoment(HELD, entry('sell'));
const wanted = [{ programs: HELD, moments: [MOMENT], globals: [] }];

const TITLE = `files that are withheld${usable ? '' : ' (skipped: it needs root and FUSE)'}`;
(usable ? describe : describe.skip)(TITLE, () => {
  let folder: string;
  let held: Withholding;
  let overlaid = false;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ca-held-'));
    for (const name of ['fuse', 'empty', 'over']) mkdirSync(join(folder, name));
    overlaid = false;
  });
  afterEach(async () => {
    await held.unmount();
    if (overlaid) spawnSync('umount', ['-l', join(folder, 'over')]);
    rmSync(folder, { recursive: true });
  });

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
    const patience = new Patience();
    const files = new UserFiles(wanted, 'x64', '/proc', patience);
    await files.scan();
    expect(complaints(files)).toEqual([
      `${held.path}: a program serves its file system (fuse), and may never answer`,
    ]);
    expect(patience.stuck).toBe(0);
  });

  test('one that hangs all the same is given up, is not tried twice, and costs the others nothing', async () => {
    held = await Withholding.mount(join(folder, 'fuse'), NAME, 1);
    const over = join(folder, 'over');
    const options = `lowerdir=${join(folder, 'empty')}:${join(folder, 'fuse')}`;
    const mounted = spawnSync('mount', ['-t', 'overlay', 'overlay', '-o', options, over], {
      encoding: 'utf8',
    });
    if (mounted.status !== 0) {
      process.stderr.write(`SKIPPED: no overlay over FUSE: ${mounted.stderr}`);
      return;
    }
    overlaid = true;
    await held.map(join(over, NAME));
    const patience = new Patience();
    const files = new UserFiles(wanted, 'x64', '/proc', patience);
    await files.scan();
    await files.scan();
    expect(complaints(files)).toEqual([expect.stringContaining('does not answer in time')]);
    expect(patience.stuck).toBeGreaterThanOrEqual(1);
    expect(patience.stuck).toBeLessThanOrEqual(2);
    await held.unmount();
    // What hung comes back, and its thread with it.
    for (let tries = 0; patience.stuck > 0 && tries < 500; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(patience.stuck).toBe(0);
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
    const patience = new Patience();
    const named = await new Functions(patience).meet([[pid, address]]);
    expect(named.nameOf(pid, address)).toBe(`[${NAME}]`);
    expect(patience.stuck).toBe(0);
  });
});
