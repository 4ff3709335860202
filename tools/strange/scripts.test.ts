/* The scripts of deps/ in a copy of the checkout whose path has blanks, with an apt that has one package of ours. */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkoutFolder } from '../stack/checkout';

const DEBIAN = spawnSync('dpkg-deb', ['--version']).status === 0;
const onDebian = DEBIAN ? test : test.skip;
const why = DEBIAN ? '' : ' (skipped: there is no dpkg-deb)';
let folder: string;
let checkout: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ca-scripts-'));
  checkout = join(folder, 'my check "out"');
  const scripts = (path: string): boolean => !path.includes(join('deps', 'build'));
  cpSync(join(checkoutFolder(), 'deps'), join(checkout, 'deps'), { recursive: true, filter: scripts });
  writeFileSync(join(checkout, 'package.json'), '{"engines": {\n    "node": ">=20.15"\n}}');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function script(
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): { status: number | null; out: string } {
  const done = spawnSync('sh', [join(checkout, 'deps', name), ...args], {
    env: { PATH: process.env['PATH'], HOME: folder, ...env },
    encoding: 'utf8',
  });
  return { status: done.status, out: done.stdout + done.stderr };
}

/** An apt-get that knows the package frobnicate alone. Out: a PATH on which it is the first. */
function ownApt(): string {
  const [tree, bin] = [join(folder, 'tree'), join(folder, 'bin')];
  for (const path of ['DEBIAN', 'usr/bin', 'etc']) mkdirSync(join(tree, path), { recursive: true });
  mkdirSync(bin);
  writeFileSync(
    join(tree, 'DEBIAN', 'control'),
    'Package: frobnicate\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n',
  );
  writeFileSync(join(tree, 'DEBIAN', 'postinst'), `#!/bin/sh\ntouch '${join(folder, 'postinst-has-run')}'\n`);
  chmodSync(join(tree, 'DEBIAN', 'postinst'), 0o755);
  writeFileSync(join(tree, 'usr', 'bin', 'real'), '#!/bin/sh\necho "frobnicated $1 of $#"\n');
  chmodSync(join(tree, 'usr', 'bin', 'real'), 0o755);
  spawnSync('ln', ['-s', '/usr/bin/real', join(tree, 'usr', 'bin', 'frobnicate')]);
  spawnSync('dpkg-deb', ['--build', '--root-owner-group', tree, join(folder, 'frobnicate_1_all.deb')]);
  writeFileSync(
    join(bin, 'apt-get'),
    `#!/bin/sh
for word in "$@"; do
  case $word in
  Dir::Cache::archives=*) archives=\${word#*=} ;;
  frobnicate) known=yes ;;
  --print-uris) uris=yes ;;
  --download-only) download=yes ;;
  nonesuch) echo "E: Unable to locate package nonesuch" >&2; exit 100 ;;
  esac
done
[ -z "$uris" ] || echo "'http://example.org/frobnicate_1_all.deb' frobnicate_1_all.deb 2600000 x"
[ -z "$download" ] || cp '${folder}/frobnicate_1_all.deb' "$archives/"
`,
  );
  chmodSync(join(bin, 'apt-get'), 0o755);
  return `${bin}:${process.env['PATH']}`;
}

onDebian(
  `a program that is missing is unpacked and runs from there; its package's scripts do not run${why}`,
  () => {
    const PATH = ownApt();
    expect(script('fetch.sh', ['--plan', 'frobnicate'], { PATH }).out).toBe(
      '1 Debian packages, 3 MB to download into deps/build: frobnicate\n',
    );
    const fetched = script('fetch.sh', ['frobnicate'], { PATH });
    expect(fetched).toEqual({
      status: 0,
      out: expect.stringContaining('fetching frobnicate into deps/build') as unknown,
    });
    const path = join(checkout, 'deps', 'build', 'bin', 'frobnicate');
    expect(spawnSync(path, ['a b', 'c'], { encoding: 'utf8' }).stdout).toBe('frobnicated a b of 2\n');
    expect(existsSync(join(folder, 'postinst-has-run'))).toBe(false);
    // Nothing is asked of apt any more.
    expect(script('fetch.sh', ['--plan', 'frobnicate']).out).toBe('');
    expect(script('fetch.sh', ['--path', 'frobnicate']).out).toBe(`${path}\n`);
  },
);

onDebian(`programs of another release of the system are fetched again${why}`, () => {
  const PATH = ownApt();
  script('fetch.sh', ['frobnicate'], { PATH });
  writeFileSync(join(checkout, 'deps', 'build', 'system', 'release'), 'debian 1 m68k\n');
  expect(script('fetch.sh', ['--plan', 'frobnicate'], { PATH }).out).toContain('1 Debian packages');
});

onDebian(
  `what apt does not offer is said in one line, with what apt says, and the others are fetched${why}`,
  () => {
    const PATH = ownApt();
    const { status, out } = script('fetch.sh', ['nonesuch', 'frobnicate'], { PATH });
    expect(out).toMatch(/^missing: nonesuch, .*: apt says: E: Unable to locate package nonesuch; fix: /m);
    expect(status).toBe(0);
    expect(existsSync(join(checkout, 'deps', 'build', 'bin', 'frobnicate'))).toBe(true);
  },
);

test('a program that the machine has is left as it is', () => {
  expect(script('fetch.sh', ['--path', 'sh']).out).toMatch(/^\/.*\/sh\n$/);
  expect(existsSync(join(checkout, 'deps', 'build', 'bin'))).toBe(false);
});

test('too old a Node.js is said in one sentence with the fix', () => {
  expect(script('own.sh', ['--check'])).toEqual({ status: 0, out: '' });
  writeFileSync(join(checkout, 'package.json'), '{"engines": {\n    "node": ">=99.1"\n}}');
  expect(script('own.sh', ['--check'])).toEqual({
    status: 1,
    out: expect.stringMatching(
      /^Node\.js here is v\d+.*, and 99\.1 or newer is needed; fix: .*\n$/,
    ) as unknown,
  });
});

const ROOT = process.getuid?.() === 0;
(ROOT ? test : test.skip)(
  `what a sudo make that was interrupted has left to root is one sentence with the fix${ROOT ? '' : ' (skipped: it needs root)'}`,
  () => {
    for (const path of [folder, checkout]) chmodSync(path, 0o755);
    for (const name of ['build/reports', '.run']) mkdirSync(join(checkout, name), { recursive: true });
    const asNobody = (): string =>
      spawnSync(
        'setpriv',
        [
          '--reuid=65534',
          '--regid=65534',
          '--clear-groups',
          'sh',
          join(checkout, 'deps', 'own.sh'),
          '--check',
        ],
        { encoding: 'utf8' },
      ).stderr;
    spawnSync('chown', ['-R', '65534:65534', checkout]);
    expect(asNobody()).toBe('');
    for (const left of ['build/reports', 'build', '.run', '']) {
      spawnSync('chown', ['0:0', join(checkout, left)]);
      expect(asNobody()).toBe(
        `${join(checkout, left)} belongs to root, and nobody cannot write there; fix: sudo chown -R nobody '${checkout}'\n`,
      );
      spawnSync('chown', ['65534:65534', join(checkout, left)]);
    }
  },
);

test('nothing is removed while a system runs from here; afterwards all that was made, and what stays is listed', () => {
  for (const name of ['build', '.run', 'node_modules', '.npm']) {
    mkdirSync(join(name === '.npm' ? folder : checkout, name));
  }
  const program = join(folder, 'tools', 'stack');
  mkdirSync(program, { recursive: true });
  writeFileSync(join(program, 'main.js'), 'setInterval(() => {}, 1000)');
  const system = spawn(process.execPath, [join(program, 'main.js')], { stdio: 'ignore' });
  try {
    writeFileSync(join(checkout, '.run', 'lock'), String(system.pid));
    const refused = script('clean.sh', ['--all', 'build', '.run', 'node_modules']);
    expect(refused.status).toBe(1);
    expect(refused.out).toMatch(/^a system runs from here \(process \d+\); fix: /);
    expect(existsSync(join(checkout, 'build'))).toBe(true);
  } finally {
    system.kill();
  }
  writeFileSync(join(checkout, '.run', 'lock'), '4194304');
  const { status, out } = script('clean.sh', ['--all', 'build', '.run', 'node_modules']);
  expect(status).toBe(0);
  expect(out).toMatch(/removed build\nremoved \.run\nremoved node_modules\nleft: this folder, .*check "out"/);
  expect(out).toMatch(/left: .*\.npm, npm's cache/);
  expect(readFileSync(join(checkout, 'package.json'), 'utf8')).toContain('node');
  expect(existsSync(join(checkout, 'node_modules'))).toBe(false);
});
