/*
 * What was measured, for people and for programs. In: results. Out: bench/results.json, and tables between two markers: all
 * of it in docs/speed.md, five rows in the README.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { row, TABLE_HEAD, type Kept, type Result } from './result';

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
  readonly results: readonly Kept[];
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
    results: results.map(({ farOff: _farOff, targets: _targets, ...rest }) => rest),
  };
}

/** root: the checkout. Out: the file. */
export function save(root: string, report: Report): string {
  const file = join(root, 'bench', 'results.json');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`);
  return file;
}

/** Of the README: what users feel, what hosts pay, and how far it goes. */
const README_ROWS = ['latency.p99', 'host.event', 'host.enable.p99', 'rss.idle', 'growth.1000x20.late'];

/** Rewrites the tables of the README and docs/speed.md from bench/results.json. */
export function intoDocs(root: string): void {
  const report = JSON.parse(readFileSync(join(root, 'bench', 'results.json'), 'utf8')) as Report;
  for (const [name, lines] of [
    ['README.md', fewRows(report)],
    ['docs/speed.md', allRows(report)],
  ] as const) {
    const file = join(root, name);
    writeFileSync(file, withLines(readFileSync(file, 'utf8'), lines));
  }
}

/** Throws when the markers are not there. */
export function withLines(text: string, lines: readonly string[]): string {
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`there are no lines ${BEGIN} and ${END}`);
  return text.slice(0, from) + [BEGIN, ...lines, ''].join('\n') + text.slice(to);
}

export function fewRows(report: Report): string[] {
  const rows = README_ROWS.flatMap((id) => report.results.filter((r) => r.id === id));
  return [...machineOf(report), '', ...table(rows)];
}

export function allRows(report: Report): string[] {
  const judged = report.results.filter((r) => r.target !== '' || r.reason !== undefined);
  const shown = report.results.filter((r) => !judged.includes(r));
  return [
    ...machineOf(report),
    '',
    ...table(judged),
    '',
    '<details><summary>Figures without a target</summary>',
    '',
    ...table(shown),
    '',
    '</details>',
  ];
}

const table = (rows: Report['results']): string[] => [TABLE_HEAD, ...rows.map(row)];

function machineOf({ machine, commit: at }: Report): string[] {
  return [
    `${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, Node.js ${machine.node}, at ${at}; broker, load and`,
    'everything else on the same machine.',
  ];
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
