/*
 * What was measured, for people and for programs. In: results. Out: bench/results.json, and the table between two markers
 * of the README.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { row, TABLE_HEAD, type Result } from './result';

export interface Report {
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryMb: number;
    readonly kernel: string;
    readonly node: string;
  };
  readonly commit: string;
  /** Without what is for CI only. A value is null where nothing was measured. */
  readonly results: readonly Omit<Result, 'farOff'>[];
}

const BEGIN = '<!-- measured: begin (written by make bench) -->';
const END = '<!-- measured: end -->';

export function reportOf(results: readonly Result[]): Report {
  const [cpu] = cpus();
  return {
    machine: {
      cpu: cpu?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memoryMb: Math.round(totalmem() / 2 ** 20),
      // Whose build it is says nothing about speed.
      kernel: release().replace(/-.*/, ''),
      node: process.version,
    },
    commit: commit(),
    results: results.map(({ farOff: _farOff, ...rest }) => rest),
  };
}

/** root: the checkout. Out: the file. */
export function save(root: string, report: Report): string {
  const file = join(root, 'bench', 'results.json');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`);
  return file;
}

/** Rewrites the README's table from bench/results.json. */
export function intoReadme(root: string): void {
  const file = join(root, 'README.md');
  const report = JSON.parse(readFileSync(join(root, 'bench', 'results.json'), 'utf8')) as Report;
  writeFileSync(file, withTable(readFileSync(file, 'utf8'), report));
}

/** Throws when the markers are not there. */
export function withTable(readme: string, { machine, commit: at, results }: Report): string {
  const [from, to] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`the README has no lines ${BEGIN} and ${END}`);
  const judged = results.filter((r) => r.target !== '' || r.reason !== undefined);
  const shown = results.filter((r) => !judged.includes(r));
  const table = (rows: Report['results']): string[] => [TABLE_HEAD, ...rows.map(row)];
  const lines = [
    BEGIN,
    `${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, Node.js ${machine.node}, at ${at}; broker, load and`,
    'everything else on the same machine.',
    '',
    ...table(judged),
    '',
    '<details><summary>Figures without a target</summary>',
    '',
    ...table(shown),
    '',
    '</details>',
    '',
  ];
  return readme.slice(0, from) + lines.join('\n') + readme.slice(to);
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
