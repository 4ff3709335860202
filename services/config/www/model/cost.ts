/*
 * What an instrumentation costs its nodes, in words. In: the cost that came with a value. Out: a few words for a badge,
 * and the whole of it for who asks; '' where nodes have not told.
 */
import type { Cost } from './answers.ts';
import { shortNumber } from './numbers.ts';
import { formatCount } from './units.ts';

/** "0.03 % of a core": over all nodes together. */
export function costText(cost: Cost | undefined): string {
  return cost === undefined ? '' : `${percentText(cost.percent_of_core)} of a core`;
}

export function costDetails(cost: Cost | undefined): string {
  if (cost === undefined) return '';
  const { nodes, percent_of_core, worst, runs_per_second, ns_per_run, memory_bytes } = cost;
  // Customers do not learn servers' names.
  const where =
    nodes !== 1 ? `on ${nodes} nodes together` : worst === undefined ? 'on one node' : `on ${worst.node}`;
  const most =
    nodes === 1 || worst === undefined
      ? ''
      : `, most on ${worst.node}: ${percentText(worst.percent_of_core)}`;
  const each = `${formatCount(Math.round(runs_per_second))} runs a second of ${formatCount(Math.round(ns_per_run))} ns`;
  const memory = `${shortNumber(Math.round(memory_bytes / 1024))} KiB in the kernel`;
  return `Counting costs ${percentText(percent_of_core)} of one core ${where}${most}; ${each}; ${memory}.`;
}

function percentText(percent: number): string {
  if (percent > 0 && percent < 0.01) return `less than ${shortNumber(0.01)} %`;
  return `${shortNumber(Number(percent.toPrecision(2)))} %`;
}
