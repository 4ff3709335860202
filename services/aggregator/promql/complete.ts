/*
 * What is missing from the values read, as a sentence. In: an instrumentation and a time range. Out:
 * "9,997 of 10,000 nodes reported in 3 of 60 s", or nothing.
 */
import { namingOf } from '../../../common/prometheus/naming';
import type { Notes } from '../../../common/prometheus/promql/evaluate';
import { NAME_LABEL } from '../../../common/prometheus/promql/expression';
import { quote } from '../../../common/prometheus/promql/quoted';
import type { Owned } from '../owned';
import { completeness } from '../dataset/reading';

const NOTES_MAX = 20;

export function noteMissing(
  { dataset, asked, instrumentation }: Owned,
  from: number,
  to: number,
  notes: Notes,
): void {
  if (!(to > from) || notes.warnings.size >= NOTES_MAX) return;
  const runs = completeness(dataset, from, to - from, asked);
  const short = runs.filter(({ expected, reporting }) => reporting < expected);
  const worst = short.reduce(
    (a, b) => (b.expected - b.reporting > a.expected - a.reporting ? b : a),
    short[0] ?? NONE,
  );
  const lost = runs.reduce((sum, run) => sum + (run.lost * run.duration) / dataset.granularity, 0);
  const parts: string[] = [];
  if (short.length > 0) {
    const seconds = short.reduce((sum, { duration }) => sum + duration, 0);
    parts.push(
      `${whole(worst.reporting)} of ${whole(worst.expected)} nodes reported in ${whole(seconds)} of ${whole(to - from)} s`,
    );
  }
  if (lost > 0) parts.push(`${whole(lost)} events were lost`);
  if (parts.length === 0) return;
  const { labels } = namingOf(instrumentation);
  const who = ['customer', 'id'].flatMap((label) => {
    const value = labels.get(label);
    return value === undefined ? [] : [`${label}=${quote(value)}`];
  });
  notes.warnings.add(`${labels.get(NAME_LABEL) ?? ''}{${who.join(',')}}: ${parts.join('; ')}`);
}

const NONE = { expected: 0, reporting: 0 };

function whole(number: number): string {
  return Math.round(number).toLocaleString('en');
}
