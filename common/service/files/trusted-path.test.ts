import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateFolder, trustedText } from './trusted-path';

const ROOT = process.getuid?.() === 0;
const asRoot = ROOT ? test : test.skip;
const STRANGER = 54_321;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ca-trusted-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('a state folder', () => {
  test('is created for us alone, and existing permissions for others are removed', () => {
    const home = join(folder, 'a', 'home');
    privateFolder('CA_HOME', home);
    expect(modeOf(home)).toBe(0o700);
    chmodSync(home, 0o755);
    mkdirSync(join(home, 'log'), { mode: 0o755 });
    privateFolder('CA_HOME', home);
    expect(modeOf(home)).toBe(0o700);
  });

  test('that others can write to is refused, and so is one that contains such a folder', () => {
    chmodSync(folder, 0o777);
    expect(() => {
      privateFolder('CA_HOME', folder);
    }).toThrow(/CA_HOME cannot be used: .* can be written by others; fix: /);
    chmodSync(folder, 0o700);
    mkdirSync(join(folder, 'log'));
    chmodSync(join(folder, 'log'), 0o777);
    expect(() => {
      privateFolder('CA_HOME', folder);
    }).toThrow(/log can be written by others/);
  });

  asRoot('of another user is refused, as is a link of theirs, and what they left in ours', () => {
    const theirs = join(folder, 'theirs');
    mkdirSync(theirs, { mode: 0o700 });
    chownSync(theirs, STRANGER, STRANGER);
    expect(() => {
      privateFolder('CA_HOME', theirs);
    }).toThrow(`belongs to uid ${STRANGER}`);

    const ours = join(folder, 'ours');
    mkdirSync(ours, { mode: 0o700 });
    const link = join(folder, 'link');
    symlinkSync(ours, link);
    privateFolder('CA_HOME', link);
    lchownSync(link, STRANGER, STRANGER);
    expect(() => {
      privateFolder('CA_HOME', link);
    }).toThrow(`is a link of uid ${STRANGER}`);

    symlinkSync('/etc', join(ours, 'log'));
    lchownSync(join(ours, 'log'), STRANGER, STRANGER);
    expect(() => {
      privateFolder('CA_HOME', ours);
    }).toThrow(`log is a link of uid ${STRANGER}`);
  });
});

describe('a file of the operator’s', () => {
  const file = (mode: number): string => {
    const path = join(folder, 'file');
    writeFileSync(path, 'text');
    chmodSync(path, mode);
    return path;
  };

  test('is read when others cannot change it', async () => {
    expect(await trustedText('CA_TOKENS', file(0o644))).toBe('text');
    expect(await trustedText('CA_TLS_KEY', file(0o640), true)).toBe('text');
  });

  test.each([
    [0o666, false, 'can be written by others; fix: '],
    [0o620, false, 'can be written by others; fix: '],
    [0o644, true, 'everybody can read'],
  ])('with mode %o is refused', async (mode, secret, why) => {
    await expect(trustedText('CA_TOKENS', file(mode), secret)).rejects.toThrow(why);
  });

  test('that is missing, or not a file, is refused with the name of its setting', async () => {
    await expect(trustedText('CA_TOKENS', join(folder, 'nowhere'))).rejects.toThrow(/CA_TOKENS: .*ENOENT/);
    await expect(trustedText('CA_TOKENS', folder)).rejects.toThrow('is no file');
    await expect(trustedText('CA_TOKENS', '/dev/zero')).rejects.toThrow('is no file');
  });

  asRoot('of another user is refused', async () => {
    const path = file(0o600);
    chownSync(path, STRANGER, STRANGER);
    await expect(trustedText('CA_TOKENS', path)).rejects.toThrow(`belongs to uid ${STRANGER}`);
  });
});
