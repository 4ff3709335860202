/* `cactl value`: what was counted, as text in the shape DTrace prints. */
import { TYPE_NAMES } from '../../../common/model/field';
import type { Command } from '../../cli/command';
import { EXIT, UsageError } from '../../cli/options';
import { valueLines } from '../histogram';
import {
  description,
  drawnFields,
  instrumentation,
  rawValue,
  type ValueResource,
} from '../../cli/system/resources';
import { wholeSecondsOf } from '../../cli/system/session';

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
    {
      name: 'duration',
      short: 'd',
      value: 'TIME',
      about: 'how long a stretch, such as 60 or 5m (default: one second)',
    },
    { name: 'start', value: 'SECONDS', about: 'its first second, since 1970' },
    { name: 'end', value: 'SECONDS', about: 'the second after its last, since 1970' },
    { name: 'rows', value: 'N', about: 'most rows of a histogram (default 16)' },
  ],
  examples: [
    { line: 'cactl value 7', about: 'The newest second.' },
    { line: 'cactl value 7 -d 5m', about: 'The last five minutes in one.' },
  ],
  async run({ args, options, session }) {
    const id = args[0] ?? '';
    const rows = Number(options.get('rows') ?? '16');
    if (!Number.isInteger(rows) || rows < 1 || rows > 1000)
      throw new UsageError('--rows must be a number from 1 to 1000');
    const seconds = (name: string): string | undefined => {
      const text = options.get(name);
      return text === undefined ? undefined : String(wholeSecondsOf(text, `--${name}`));
    };
    const query = { duration: seconds('duration'), start_time: seconds('start'), end_time: seconds('end') };
    const [answer] = await rawValue(session.front, id, { query });
    if (answer === undefined) return EXIT.wrong;
    if (session.json) {
      session.printJson(answer);
      return EXIT.ok;
    }
    const [i, d] = await Promise.all([instrumentation(session.front, id), description(session.front)]);
    const metric = d.metrics.find((m) => m.module === i.module && m.stat === i.stat);
    const type = TYPE_NAMES.find((name) => name === metric?.type);
    const { columns } = session.screen;
    session.print([
      ...valueLines(answer.value, { ...drawnFields(d, i), columns, rows, unit: metric?.unit, type }),
      '',
      completenessText(answer),
    ]);
    return EXIT.ok;
  },
};

/** "60 s from 12:00:01 UTC; 3 of 3 nodes; nothing lost" */
export function completenessText(v: ValueResource): string {
  const from = new Date(1000 * v.start_time).toISOString().slice(11, 19);
  const nodes = `${v.minreporting ?? 0} of ${v.nsources ?? 0} nodes reported`;
  const lost = (v.lost ?? 0) === 0 ? 'nothing lost' : `${v.lost ?? 0} events lost`;
  return `${v.duration} s from ${from} UTC; ${nodes}; ${lost}`;
}
