/* `cactl value`: what was counted, as text in the shape DTrace prints. */
import type { PointAnswer } from '../../../common/api/value';
import { TYPE_NAMES } from '../../../common/model/field';
import { counted } from '../../../common/model/unit';
import type { PlainValue } from '../../../common/model/value';
import type { Command } from '../../cli/command';
import { EXIT, UsageError, type Options } from '../../cli/options';
import { description, drawnFields, instrumentation, rawValue } from '../../cli/system/resources';
import type { Session } from '../../cli/system/session';
import { STRETCH, stretchOf, timeText, type Stretch } from '../../cli/system/stretch';
import {
  figureLines,
  figures,
  figuresCsv,
  FORM,
  formOf,
  PERCENTILES,
  type FiguresQuery,
  type Form,
} from '../figures';
import { isRanges, valueLines } from '../histogram';

export const value: Command = {
  name: 'value',
  about: 'what was counted: numbers and text histograms',
  details: [
    'Prints the value of an instrumentation for the newest complete second, or for a longer stretch: a number, numbers ' +
      'by key, a histogram, or a histogram for each key, in the shape DTrace prints its aggregations. Every count is ' +
      'exact: rows are made of whole buckets.',
    'The last line says how complete the value is: how many nodes should have reported, how many did in the worst ' +
      'second, and how many events are known to be missing.',
  ],
  arguments: [{ name: 'ID', about: 'which instrumentation', complete: 'instrumentation' }],
  options: [
    ...STRETCH,
    { name: 'rows', value: 'N', about: 'most rows of a histogram (default 16)' },
    PERCENTILES,
    { name: 'by-second', about: 'a line for each second (or slot) instead of one for all' },
    FORM,
  ],
  examples: [
    { line: 'cactl value 7', about: 'The newest second.' },
    { line: 'cactl value 7 -d 5m', about: 'The last five minutes in one.' },
    {
      line: 'cactl value 7 --since 10m --percentiles 50,95,99 --by-second -o csv',
      about: 'Percentiles of each second, for a spreadsheet.',
    },
  ],
  async run({ args, options, session }) {
    const id = args[0] ?? '';
    const rows = Number(options.get('rows') ?? '16');
    if (!Number.isInteger(rows) || rows < 1 || rows > 1000)
      throw new UsageError('--rows must be a number from 1 to 1000');
    const form = formOf(options);
    const now = session.io.clock.now();
    if (form === 'csv' || options.has('by-second') || options.has('percentiles')) {
      return await showFigures(session, id, options, form);
    }
    const [answer] = await rawValue(session.front, id, { query: { ...stretchOf(options, now) } });
    if (answer === undefined) return EXIT.wrong;
    if (form === 'json') {
      session.printJson({ ...answer, value: sortedByKey(answer.value) });
      return EXIT.ok;
    }
    const [i, d] = await Promise.all([instrumentation(session.front, id), description(session.front)]);
    const metric = d.metrics.find((m) => m.module === i.module && m.stat === i.stat);
    const type = TYPE_NAMES.find((name) => name === metric?.type);
    const { columns } = session.screen;
    session.print([
      ...valueLines(answer.value, { ...drawnFields(d, i), columns, rows, unit: metric?.unit, type }),
      '',
      completenessText(answer, now, i['value-scope'] === 'point'),
    ]);
    return EXIT.ok;
  },
};

/** Percentiles and counts, by key, of the whole stretch or of each slot of it. */
async function showFigures(session: Session, id: string, options: Options, form: Form): Promise<number> {
  const now = session.io.clock.now();
  const i = await instrumentation(session.front, id);
  const stretch = stretchOf(options, now, 60);
  const query = {
    ...(options.has('by-second') ? bySlot(stretch, i.granularity, now) : stretch),
    percentiles: options.get('percentiles'),
    limit: form === 'csv' ? '1000' : undefined,
  };
  if (form === 'csv') {
    await figuresCsv(session, id, query);
    return EXIT.ok;
  }
  const answers = await figures(session, id, query);
  if (form === 'json') session.printJson(options.has('by-second') ? answers : answers[0]);
  else {
    const d = await description(session.front);
    const metric = d.metrics.find((m) => m.module === i.module && m.stat === i.stat);
    const { numeric, discrete } = drawnFields(d, i);
    const words = {
      type: numeric?.type,
      metricType: TYPE_NAMES.find((name) => name === metric?.type),
      unit: metric?.unit ?? 'count',
      discrete,
      columns: session.screen.columns,
    };
    session.print(figureLines(answers, words, { timed: options.has('by-second'), nowMs: now }));
  }
  return EXIT.ok;
}

/** The same stretch as one point for each slot. */
function bySlot(
  { start_time, end_time, duration }: Stretch,
  granularity: number,
  nowMs: number,
): FiguresQuery {
  const end = end_time === undefined ? undefined : Number(end_time);
  const length = duration === undefined ? undefined : Number(duration);
  const newest = Math.floor(nowMs / 1000) - 2;
  const start = start_time === undefined ? (end ?? newest) - (length ?? granularity) : Number(start_time);
  const seconds = length ?? (end ?? newest) - start;
  const points = Math.ceil(seconds / granularity);
  if (points < 1) throw new UsageError('the stretch ends before it begins');
  return {
    start_time: String(Math.floor(start / granularity) * granularity),
    duration: String(granularity),
    ndatapoints: String(points),
  };
}

/** By name: two readings can be compared line by line. */
function sortedByKey(value: PlainValue): PlainValue {
  if (typeof value === 'number' || isRanges(value)) return value;
  const entries = Object.entries(value) as [string, number][];
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Of the seconds in which nodes were expected, the one that most of them missed. */
function worstOf({ completeness, nsources = 0, minreporting = 0 }: Partial<PointAnswer>): {
  expected: number;
  reporting: number;
} {
  const expecting = (completeness ?? []).filter(({ expected, reporting }) => expected + reporting > 0);
  const [first, ...others] = expecting;
  if (first === undefined) return { expected: nsources, reporting: minreporting };
  const worst = others.reduce((a, b) => (b.expected - b.reporting > a.expected - a.reporting ? b : a), first);
  // A node that has just started is not expected yet.
  return { expected: Math.max(worst.expected, worst.reporting), reporting: worst.reporting };
}

/** "60 s from 12:00:01 UTC; 3 of 3 nodes reported; nothing lost; by bpf" */
export function completenessText(v: PointAnswer, nowMs: number, isLevel = false): string {
  const { expected, reporting } = worstOf(v);
  const nodes = `${reporting} of ${counted(expected, 'nodes')} reported`;
  const lost = (v.lost ?? 0) === 0 ? 'nothing lost' : counted(v.lost ?? 0, 'events', 'lost');
  // A sum of levels has no meaning: the first of the stretch is shown.
  const level = isLevel && v.duration > 1 ? '; a level: as it was in the first of these' : '';
  const sources = v.sources === undefined || v.sources.length === 0 ? '' : `; by ${v.sources.join(', ')}`;
  return `${v.duration} s from ${timeText(v.start_time, nowMs)}; ${nodes}; ${lost}${sources}${level}`;
}
