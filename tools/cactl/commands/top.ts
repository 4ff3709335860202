/* `cactl top`: which keys take most, over any window: how often, how long together, percentiles of each. */
import { TYPE_NAMES } from '../../../common/model/field';
import type { Command } from '../../cli/command';
import { EXIT, UsageError } from '../../cli/options';
import { description, drawnFields, instrumentation } from '../../cli/system/resources';
import { STRETCH, stretchOf } from '../../cli/system/stretch';
import { figureLines, figures, figuresCsv, FORM, formOf, PERCENTILES } from '../figures';
import { completenessText } from './value';

/** Names for the figures of the API. */
const SORTS: Readonly<Record<string, string>> = { time: 'sum', bytes: 'sum' };
const FIGURES = ['count', 'time', 'bytes', 'mean', 'min', 'max', 'p50', 'p95', 'p99', 'last'];

export const top: Command = {
  name: 'top',
  about: 'the largest keys, with percentiles of each',
  details: [
    'A line for each key of an instrumentation, over the last minute or any other window: how many events, the time that they ' +
      'took together (or their bytes), mean, percentiles and extremes; ranked by count, or by what --sort says: time is the ' +
      'time spent, p99 who is slowest. Of a level, such as memory: its last value, mean and extremes.',
    'As CSV the columns have their units in their names, raw: sum_ns, p99_ns.',
  ],
  arguments: [{ name: 'ID', about: 'which instrumentation', complete: 'instrumentation' }],
  options: [
    {
      name: 'sort',
      short: 's',
      value: 'FIGURE',
      about: 'count (default), time, mean, min, max, p99 …; of levels last (default), mean, min, max',
      complete: FIGURES,
    },
    PERCENTILES,
    { name: 'limit', short: 'n', value: 'N', about: 'most keys (default 20)' },
    ...STRETCH,
    FORM,
  ],
  examples: [
    { line: 'cactl top 7 --sort time', about: 'Who spends most time in it?' },
    {
      line: 'cactl top 7 --since 10m --percentiles 50,99,99.9 -o csv',
      about: 'Ten minutes for a spreadsheet.',
    },
    { line: 'cactl top 7 --at 03:00 -d 5m --sort p99', about: 'Who was slow at three?' },
  ],
  async run({ args, options, session }) {
    const id = args[0] ?? '';
    const form = formOf(options);
    const sort = options.get('sort');
    if (sort !== undefined && !FIGURES.includes(sort) && !/^(?:sum|p\d{1,3}(?:\.\d+)?)$/.test(sort)) {
      const named = FIGURES.filter((name) => !name.startsWith('p')).join(', ');
      throw new UsageError(`--sort must be one of ${named}, or a percentile such as p99, not ${sort}`);
    }
    const now = session.io.clock.now();
    const query = {
      ...stretchOf(options, now, 60),
      percentiles: options.get('percentiles'),
      sort: sort === undefined ? undefined : (SORTS[sort] ?? sort),
      limit: options.get('limit'),
    };
    if (form === 'csv') {
      await figuresCsv(session, id, query);
      return EXIT.ok;
    }
    const [answer] = await figures(session, id, query);
    if (answer === undefined) return EXIT.wrong;
    if (form === 'json') {
      session.printJson(answer);
      return EXIT.ok;
    }
    const [i, d] = await Promise.all([instrumentation(session.front, id), description(session.front)]);
    const metric = d.metrics.find((m) => m.module === i.module && m.stat === i.stat);
    const { numeric, discrete } = drawnFields(d, i);
    const words = {
      type: numeric?.type,
      metricType: TYPE_NAMES.find((name) => name === metric?.type),
      unit: metric?.unit ?? 'count',
      discrete,
      columns: session.screen.columns,
    };
    session.print([
      ...figureLines([answer], words, { timed: false, nowMs: now }),
      '',
      completenessText(answer, now),
    ]);
    return EXIT.ok;
  },
};
