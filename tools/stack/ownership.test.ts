import { mkdirSync, mkdtempSync, rmSync, statSync, lstatSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildFolder } from './checkout';
import { behalfOf, handOverAll, notOurs } from './ownership';

const isRoot = process.getuid?.() === 0;
const asRoot = isRoot ? test : test.skip;
const why = isRoot ? '' : ' (skipped: it needs root)';
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ca-own-'));
  mkdirSync(join(folder, 'broker', 'mnesia'), { recursive: true });
  writeFileSync(join(folder, 'broker', 'password'), 'x', { mode: 0o400 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

asRoot(`sudo: on behalf of its user; what makes no sense as an id is no user${why}`, () => {
  expect(behalfOf({ SUDO_UID: '1234', SUDO_GID: '99' })).toEqual({ uid: 1234, gid: 99 });
  expect(behalfOf({ SUDO_UID: '1234; rm', SUDO_GID: '99' })).toEqual(behalfOf({}));
});

asRoot(`all of a folder is handed over, links themselves and not what they lead to${why}`, () => {
  const outside = join(folder, '..', `ca-own-outside-${process.pid}`);
  writeFileSync(outside, '');
  symlinkSync(outside, join(folder, 'broker', 'link'));
  try {
    handOverAll(folder, { uid: 4321, gid: 4321 });
    for (const path of ['', 'broker', 'broker/mnesia', 'broker/password']) {
      expect(statSync(join(folder, path)).uid).toBe(4321);
    }
    expect(lstatSync(join(folder, 'broker', 'link')).uid).toBe(4321);
    expect(statSync(outside).uid).toBe(0);
  } finally {
    rmSync(outside);
  }
});

test('a folder of our own has no obstacle, nor one that is not there yet', () => {
  expect(notOurs(folder)).toBeUndefined();
  expect(notOurs(join(folder, 'not', 'there'))).toBeUndefined();
});

asRoot(`a user whose folder holds a file of root is told which, and the command that mends it${why}`, () => {
  execFileSync('chown', ['-R', '65534:65534', folder]);
  writeFileSync(join(folder, 'broker', 'mnesia', 'table'), '', { mode: 0o600 });
  // Only another process can be another user; it may enter the checkout, which may be its owner's alone.
  const caps = ['inh-caps', 'ambient-caps', 'bounding-set'].map((set) => `--${set}=-all,+dac_read_search`);
  const script = 'console.log(require(process.argv[1]).notOurs(process.argv[2]))';
  const said = execFileSync(
    'setpriv',
    [
      ...['--reuid=65534', '--regid=65534', '--clear-groups', ...caps, process.execPath, '-e', script],
      ...[join(buildFolder(), 'tools', 'stack', 'ownership.js'), folder],
    ],
    { encoding: 'utf8' },
  );
  expect(said).toMatch(/mnesia\/table is not \w+'s: .*; fix: sudo chown -R \w+ '.*ca-own-/);
});
