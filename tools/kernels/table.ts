/*
 * docs/kernels.md: kernel × metric. In: each kernel's results, kept beside it as JSON so that one kernel can be tried
 * alone. Out: the text.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Report } from './report';

export interface KernelResult {
  readonly release: string;
  readonly date: string;
  readonly seconds: number;
  /** "counted", "accepted", or why not. */
  readonly metrics: Readonly<Record<string, string>>;
  readonly programs: number;
  /** Runs of a question about syncs during 5,000 other calls. */
  readonly apart?: number;
  readonly enabled: number;
  readonly underLoad: number;
}

export type Results = Readonly<Record<string, KernelResult>>;

export const COUNTED = 'counted';
export const ACCEPTED = 'accepted';

/** What is wrong, a sentence each; empty when the kernel passed. */
export function complaintsOf(reports: readonly Report[]): string[] {
  return reports.flatMap((report) => {
    switch (report.kind) {
      case 'tried':
        return report.state === 'failed' ? [`${report.metric} is refused: ${report.detail}`] : [];
      case 'counted':
        return report.state === 'wrong'
          ? [`${report.metric} is counted wrongly: ${report.detail ?? ''}`]
          : [];
      case 'verified':
        return report.refused.map((reason) => `the verifier refuses ${reason}`);
      case 'loaded':
        return report.failures.map((reason) => `under load: ${reason}`);
      case 'failed':
        return [report.reason];
      default:
        return [];
    }
  });
}

export function resultOf(reports: readonly Report[], seconds: number): KernelResult {
  const metrics: Record<string, string> = {};
  let [release, programs, enabled, underLoad] = ['', 0, 0, 0];
  let apart: number | undefined;
  for (const report of reports) {
    if (report.kind === 'begun') release = report.release;
    if (report.kind === 'tried') metrics[report.metric] = report.state === 'ok' ? ACCEPTED : report.detail;
    if (report.kind === 'counted' && report.state === 'right') metrics[report.metric] = COUNTED;
    if (report.kind === 'apart') apart = report.runs;
    if (report.kind === 'verified') programs = report.programs;
    if (report.kind === 'loaded') [enabled, underLoad] = [report.enabled, report.seconds];
  }
  const date = new Date().toISOString().slice(0, 10);
  return {
    release,
    date,
    seconds: Math.round(seconds),
    metrics,
    programs,
    ...(apart === undefined ? {} : { apart }),
    enabled,
    underLoad,
  };
}

export function readResults(path: string): Results {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Results;
  } catch {
    return {};
  }
}

export function writeResults(path: string, results: Results): void {
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
}

/** The text below the table is written by hand, and stays. */
export function notesOf(text: string): string {
  const at = text.indexOf('\n## ');
  return at === -1 ? '' : text.slice(at);
}

export function textOf(results: Results): string {
  const kernels = Object.entries(results).sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
  const metrics = [...new Set(kernels.flatMap(([, { metrics }]) => Object.keys(metrics)))].sort();
  const reasons: string[] = [];
  const cell = (state: string | undefined): string => {
    if (state === undefined) return '';
    if (state === COUNTED || state === ACCEPTED) return state;
    if (!reasons.includes(state)) reasons.push(state);
    return `unavailable (${reasons.indexOf(state) + 1})`;
  };
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    '# Kernels',
    '',
    'Made by `make kernels`: Debian’s kernels, each booted under emulation with two CPUs. *counted*: work of known size is',
    'counted exactly. *accepted*: enabled, read and closed. Then programs made at random are shown to the verifier, and',
    'questions come and go while both CPUs do what they count.',
    '',
    row(['metric', ...kernels.map(([name]) => name)]),
    row(['---', ...kernels.map(() => '---')]),
    ...metrics.map((metric) => row([metric, ...kernels.map(([, result]) => cell(result.metrics[metric]))])),
    row(['random programs accepted', ...kernels.map(([, { programs }]) => String(programs))]),
    row([
      'questions enabled under load, ends of seconds',
      ...kernels.map(([, { enabled, underLoad }]) => `${enabled}, ${underLoad}`),
    ]),
    row([
      'programs run by 5,000 calls that `fs.syncs` is not about',
      ...kernels.map(([, { apart }]) => String(apart ?? '')),
    ]),
    row(['boot and run', ...kernels.map(([, { seconds }]) => `${seconds} s`)]),
    row(['release, date', ...kernels.map(([, { release, date }]) => `${release}, ${date}`)]),
    '',
    ...reasons.map((reason, i) => `${i + 1}. ${reason}`),
    '',
  ].join('\n');
}
