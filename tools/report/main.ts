/*
 * `node main.js [--failed | --budget N] FOLDER …`: the summary of Jest's reports in folders, one for each round of tests, and
 * of the files NAME.failed and NAME.unsteady beside them, which hold a command line. Exits with 1 when anything failed, when
 * nothing passed, or when more than N passed only the second time. --failed: the files that failed, one a line.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { failedFiles, summarize, type JestReport, type Round } from './report';

const { values, positionals } = parseArgs({
  options: { failed: { type: 'boolean' }, budget: { type: 'string' } },
  allowPositionals: true,
});
const fromHere = (file: string): string => relative(process.cwd(), file);

function roundOf(folder: string): Round {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const ending = (end: string): string[] => names.filter((name) => name.endsWith(end));
  return {
    name: positionals.length > 1 ? basename(folder) : '',
    reports: new Map(ending('.json').map((name) => [name, JSON.parse(read(name)) as JestReport])),
    failed: ending('.failed').map((name) => read(name).trim()),
    unsteady: ending('.unsteady').map((name) => read(name).trim()),
  };
}

const rounds = positionals.map(roundOf);
if (values.failed === true) {
  for (const round of rounds)
    for (const file of failedFiles(round, fromHere)) process.stdout.write(`${file}\n`);
} else {
  const budget = values.budget === undefined ? undefined : Number(values.budget);
  const { lines, ok } = summarize(rounds, fromHere, budget);
  process.stdout.write(`\n${lines.join('\n')}\n`);
  process.exitCode = ok ? 0 : 1;
}
