/*
 * The completion scripts in the shells they are for, each in a real terminal: a stand-in for cactl offers words, hostile
 * ones among them; what stands on the line after Tab is what the shell made of them.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { completionScript, SHELLS, type Shell } from './completion';
import { startTerminal } from '../../cactl/testing/terminal';

jest.setTimeout(120_000);

const START: Readonly<Record<Shell, readonly string[]>> = {
  bash: ['--noprofile', '--norc', '-i'],
  zsh: ['-f', '-i'],
  fish: ['--no-config', '-i'],
};

/** Offers by what stands before the cursor. None of these may be run, expanded or split by the shell. */
const STAND_IN = `#!/bin/sh
[ "$1" = __complete ] || exit 0
shift 4
for last; do :; done
case "$*" in
'create di'*) printf 'disk.physio_ops\\tI/O: operations\\n' ;;
'show 1'*) printf '1234\\tdisk.physio_ops by $(touch %s), *\\n' "$HOME/expanded" ;;
*) printf 'create\\tnew\\nclone\\ta copy\\n' ;;
esac
`;

/** The home of these shells, too: they leave files there as soon as they are started. */
const folder = mkdtempSync(join(tmpdir(), 'cactl-shells-'));

beforeAll(() => {
  const file = join(folder, 'cactl');
  writeFileSync(file, STAND_IN);
  chmodSync(file, 0o755);
  for (const shell of SHELLS)
    writeFileSync(join(folder, `script.${shell}`), completionScript('cactl', shell));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe.each(SHELLS)('%s', (shell) => {
  const missing = ['tmux', shell].filter((program) => pathOf(program) === '').join(' and ');
  (missing === '' ? test : test.skip)(
    `completes metrics and ids, and leaves what stands in descriptions alone${missing === '' ? '' : ` (skipped: there is no ${missing})`}`,
    async () => {
      const own = [`HOME=${folder}`, `XDG_RUNTIME_DIR=${folder}`, `PATH=${folder}:/usr/bin:/bin`];
      const env = ['-i', ...own, 'TERM=screen', 'LANG=C.UTF-8'];
      const { type, shows, stop } = await startTerminal(
        100,
        24,
        'env',
        ...env,
        pathOf(shell),
        ...START[shell],
      );
      try {
        await type(shell === 'zsh' ? 'autoload -Uz compinit; compinit -D; ' : 'true; ');
        await type(`. ${folder}/script.${shell}; echo ready`, 'Enter');
        await shows(/^ready/m);
        await type('cactl create di', 'Tab');
        await shows(/cactl create disk\.physio_ops/);
        await type('C-u', 'cactl show 1', 'Tab');
        await shows(/cactl show 1234/);
        expect(existsSync(join(folder, 'expanded'))).toBe(false);
      } finally {
        await stop();
      }
    },
  );
});

/** '': it is not there, or does not run here. */
function pathOf(program: string): string {
  try {
    const [path, flag] = [
      execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim(),
      '-c',
    ];
    if (program !== 'tmux')
      execFileSync(path, [flag, 'true'], { env: { PATH: process.env['PATH'], HOME: folder } });
    return path;
  } catch {
    return '';
  }
}
