/* `cactl special`: what is over-represented in a box of a heatmap, against everything around it. */
import type { SpecialAnswer } from '../../../common/api/special';
import { parseQuantity, shortText } from '../../../common/model/unit';
import type { TypeName } from '../../../common/model/field';
import type { Command } from '../../cli/command';
import { EXIT, UsageError } from '../../cli/options';
import { table } from '../../cli/screen/table';
import { description, drawnFields, instrumentation, instrumentationPath } from '../../cli/system/resources';
import { parseWhen, STRETCH, stretchOf } from '../../cli/system/stretch';
import { messageOf } from '../../../common/service/errors';
import { completenessText } from './value';

export const special: Command = {
  name: 'special',
  about: 'what is over-represented in a box of a heatmap',
  details: [
    'A box is a range of values (--min, --max) during a range of time (--box-start, --box-end). For each key: its share of what is in ' +
      'the box, its share of all the rest of the stretch, and how much more often it is inside. Without a numeric field, or ' +
      'without --min and --max, the box is the range of time alone: what changed.',
    'Keys are ranked by G, the log-likelihood ratio: how much more often, weighed by how much evidence there is. p is the ' +
      'probability of so large a difference by chance, corrected for the number of keys (Holm); * marks p below 0.01. ' +
      'Levels and bytes are ranked by the difference of their shares and are not tested.',
  ],
  arguments: [{ name: 'ID', about: 'which instrumentation', complete: 'instrumentation' }],
  options: [
    { name: 'min', value: 'VALUE', about: 'lowest value of the box, such as 50ms' },
    { name: 'max', value: 'VALUE', about: 'where the values of the box end' },
    { name: 'box-start', value: 'WHEN', about: 'its first second (default: that of the stretch)' },
    { name: 'box-end', value: 'WHEN', about: 'the second after its last' },
    { name: 'limit', short: 'n', value: 'N', about: 'most keys (default 20)' },
    ...STRETCH,
  ],
  examples: [
    { line: 'cactl special 7 --min 50ms', about: 'Whose are the slow ones of the last minute?' },
    {
      line: 'cactl special 7 --since 30m --box-start 14:05',
      about: 'What is there more of since the deploy at five past two?',
    },
  ],
  async run({ args, options, session }) {
    const id = args[0] ?? '';
    const now = session.io.clock.now();
    const [i, d] = await Promise.all([instrumentation(session.front, id), description(session.front)]);
    const { numeric, discrete } = drawnFields(d, i);
    const amount = (name: string): string | undefined => {
      const text = options.get(name);
      if (text === undefined) return undefined;
      if (numeric === undefined)
        throw new UsageError(`--${name}: ${id} has no numeric field in its breakdown`);
      return rawOf(text, name, numeric.type);
    };
    const when = (name: string): string | undefined => {
      const text = options.get(name);
      return text === undefined ? undefined : String(parseWhen(text, `--${name}`, now));
    };
    const query = {
      ...stretchOf(options, now, 60),
      box_start: when('box-start'),
      box_end: when('box-end'),
      box_ymin: amount('min'),
      box_ymax: amount('max'),
      limit: options.get('limit'),
    };
    const path = `${instrumentationPath(id)}/value/special`;
    const answer = (await session.front.json(path, { query, extraMs: 5000 })) as SpecialAnswer;
    if (session.json) {
      session.printJson(answer);
      return EXIT.ok;
    }
    session.print([...lines(answer, discrete, session.screen.columns), '', completenessText(answer, now)]);
    return EXIT.ok;
  },
};

/** Whole, in the field's raw unit. */
function rawOf(text: string, name: string, type: TypeName): string {
  try {
    return String(Math.round(parseQuantity(text, type, `--${name}`)));
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

function lines(
  { keys, inside, outside, omitted, test }: SpecialAnswer,
  discrete: string | undefined,
  columns: number,
): string[] {
  const all = inside + outside;
  const sum = `in the box: ${shortText(inside, undefined)} of ${shortText(all, undefined)} (${percent(all > 0 ? inside / all : 0)})`;
  if (discrete === undefined)
    return [sum, 'without a discrete field in the breakdown there are no keys to compare'];
  const rows = keys.map((row) => [
    row.key,
    shortText(row.inside, undefined),
    percent(row.share_inside),
    percent(row.share_outside),
    row.ratio === null ? 'only here' : `${Number(row.ratio.toPrecision(2))}×`,
    ...(row.p === undefined
      ? []
      : [
          `${row.p < 1e-9 ? '<1e-9' : String(Number(row.p.toPrecision(2)))}${row.significant === true ? ' *' : '  '}`,
        ]),
  ]);
  const right = (title: string): { title: string; align: 'right' } => ({ title, align: 'right' });
  const heads = [
    { title: discrete.toUpperCase(), least: 12 },
    ...['IN THE BOX', 'SHARE', 'SHARE OUTSIDE', 'MORE OFTEN', ...(test === undefined ? [] : ['P'])].map(
      right,
    ),
  ];
  const more = omitted === 0 ? [] : [`${omitted} more keys`];
  const note = test === undefined ? [] : [`* p below ${test.alpha}, corrected for ${test.keys} keys`];
  return [sum, '', ...table(heads, rows, columns), ...more, ...note];
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(3))}%`;
}
