/* Both ways to attach a program to user programs, on the real kernel, where it allows them. Needs root. */
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Site } from '../compiler/site';
import { ARCHITECTURE } from '../testing/real-kernel';
import { library, Mapper, OURS, PROBED } from '../testing/strangers';
import { MissingError } from './kernel-types';
import { Kernel } from './kernel';
import { UserAttaching } from './user-attaching';

const isUsable = process.platform === 'linux' && process.arch === 'x64' && process.getuid?.() === 0;
if (!isUsable) process.stderr.write('SKIPPED: ways to run in user programs: it needs root on x86-64\n');

/** r0 = 0; exit */
const TRIVIAL = Buffer.from('b7000000000000009500000000000000', 'hex');

const site = (semaphore: number): Site => ({
  architecture: ARCHITECTURE,
  offset: OURS.code,
  semaphore,
  isReturn: false,
  address: 0,
  arguments: [],
  name: 'usdt:shop:sold',
  addressOf: () => undefined,
});

(isUsable ? describe : describe.skip)('ways to run in user programs', () => {
  test.each(['event', 'link'] as const)(
    'by a %s: a place is watched, and so is its count, until it is let go',
    async (way) => {
      const kernel = new Kernel(ARCHITECTURE);
      const attaching = new UserAttaching(kernel, [way]);
      try {
        attaching.way();
      } catch (error) {
        if (!(error instanceof MissingError)) throw error;
        process.stderr.write(`SKIPPED: ${error.message}\n`);
        return;
      }
      const folder = mkdtempSync(join(tmpdir(), 'ca-ways-'));
      const path = join(folder, 'shop');
      writeFileSync(path, library(OURS));
      const mapper = await Mapper.map(0, path);
      const file = openSync(path, 'r');
      try {
        const program = attaching.load('trivial', TRIVIAL);
        const link = await attaching.attach(`/proc/self/fd/${file}`, path, site(OURS.data), program);
        expect((await mapper.memory()).ours).toEqual([PROBED.code, PROBED.data]);
        closeSync(link);
        expect((await mapper.memory()).ours).toEqual(['0000', '0000']);
        const plain = await attaching.attach(
          `/proc/self/fd/${file}`,
          path,
          { ...site(0), isReturn: true },
          program,
        );
        expect((await mapper.memory()).ours).toEqual([PROBED.code, '0000']);
        closeSync(plain);
        closeSync(program);
        await expect(attaching.attach('/proc/self/fd/none', 'a file', site(0), program)).rejects.toThrow(
          'of a file cannot',
        );
      } finally {
        closeSync(file);
        await mapper.end();
        rmSync(folder, { recursive: true });
      }
    },
  );

  test('where no way is possible, that is said with what is needed', () => {
    expect(() => new UserAttaching(new Kernel(ARCHITECTURE), []).way()).toThrow(
      'does not let us stop in user programs',
    );
  });
});
