/* Man pages: one for each command, from the same texts as the help; roff takes none of them for requests. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AMQPSNOOP } from '../../amqpsnoop/program';
import { CACTL } from '../../cactl/commands';
import { NODE_PROGRAM } from '../../node/program';
import { escape, manPages } from './man';
import { run } from '../../cactl/testing/console';

const REQUESTS = /^\.(TH|SH|PP|TP|B|I|nf|fi)( |$)/;

test('every command that is listed has a page with all its options', () => {
  const pages = new Map(manPages(CACTL, '1').map(({ file, text }) => [file, text]));
  const [cactl = ''] = pages.values();
  for (const command of CACTL.commands) {
    if (command.hidden === true) continue;
    const page = pages.get(`cactl-${command.name}.1`) ?? '';
    expect(cactl).toContain(escape(command.name));
    for (const { name } of [...command.options, ...CACTL.options])
      expect(page).toContain(`\\-\\-${escape(name)}`);
    for (const { line } of command.examples) expect(page).toContain(escape(line));
    expect(page).toContain('.SH EXIT STATUS');
  }
  expect(manPages(AMQPSNOOP, '1').map(({ file }) => file)).toEqual(['amqpsnoop.1']);
});

test('no line of text begins with what roff would take for a request', () => {
  for (const { text } of [CACTL, AMQPSNOOP, NODE_PROGRAM].flatMap((program) => manPages(program, '1'))) {
    for (const line of text.split('\n')) if (/^[.']/.test(line)) expect(line).toMatch(REQUESTS);
  }
  expect(escape('.run \\ -x')).toBe('\\&.run \\e \\-x');
});

test('man --write puts all of them into a folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cactl-man-'));
  const { out } = await run(CACTL, ['man', '--write', folder]);
  expect(out).toMatch(/^wrote \d+ pages to/);
  expect(readdirSync(folder)).toEqual(
    expect.arrayContaining(['cactl.1', 'cactl-watch.1', 'amqpsnoop.1', 'cloud-analytics-join.1']),
  );
  rmSync(folder, { recursive: true });
});

const GROFF = spawnSync('groff', ['--version']).status === 0;
(GROFF ? test : test.skip)(
  `groff finds nothing to complain about${GROFF ? '' : ' (skipped: groff is not installed)'}`,
  () => {
    for (const { text } of manPages(CACTL, '1')) {
      const { stderr } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-Kutf8'], {
        input: text,
        encoding: 'utf8',
      });
      expect(stderr).toBe('');
    }
  },
);
