/* `cactl metrics`: the metrics available here, found by their synonyms, and why others are missing. */
import type { MetricInfo, UnavailableMetric } from '../../../common/api/catalogue';
import { searchMetrics } from '../../../common/model/search';
import type { Command } from '../../cli/command';
import { EXIT } from '../../cli/options';
import { description, metricOf, typeOfField, type Description } from '../../cli/system/resources';
import type { Session } from '../../cli/system/session';
import { table } from '../../cli/screen/table';
import { visible } from '../../cli/screen/visible';

export const metrics: Command = {
  name: 'metrics',
  about: 'what can be asked here, and why something cannot',
  details: [
    'Without an argument: the metrics that the nodes of this deployment offer, with their fields. Numeric fields, of which ' +
      'heatmaps are made, have their type behind them. With --missing: those that exist and no node offers, with the reasons.',
    'With words such as fsync, container or sql: the metrics that have them in their name, their other names, their question ' +
      'or their fields, those that are missing here included.',
    'With a metric: the question that it answers, and its fields one by one; or, when no node offers it, the reason.',
  ],
  arguments: [
    {
      name: 'WORD',
      about: 'a metric, or words to search for',
      optional: true,
      repeat: true,
      complete: 'metric',
    },
  ],
  options: [{ name: 'missing', short: 'm', about: 'the ones that cannot be asked, and why' }],
  examples: [
    { line: 'cactl metrics', about: 'What can I ask?' },
    { line: 'cactl metrics slow disk', about: 'Which of it is about slow disks?' },
    { line: 'cactl metrics disk.physio_ops', about: 'Which fields does it have?' },
    { line: 'cactl metrics --missing', about: 'What do these machines lack?' },
  ],
  async run({ args, options, session }) {
    const d = await description(session.front);
    if (options.has('missing')) return showMissing(session, d.unavailable);
    if (args.length === 0) return showAll(session, d);
    const [name = '', ...more] = args;
    if (more.length === 0 && /^\w+\.\w+$/.test(name)) return showOne(session, d, name);
    return search(session, d, args.join(' '));
  },
};

function showAll(session: Session, d: Description): number {
  if (session.json) session.printJson(d);
  else if (d.metrics.length === 0) {
    session.print(['No node offers anything yet; "cactl summary" says whether instrumenters are online.']);
    return EXIT.wrong;
  } else {
    const rows = d.metrics.map((m) => [nameOf(m), m.label, m.unit ?? m.type ?? '', fieldsText(d, m)]);
    session.print(
      table(
        [
          { title: 'METRIC', least: 16 },
          { title: 'WHAT', least: 10 },
          { title: 'UNIT', least: 4 },
          { title: 'FIELDS', least: 12 },
        ],
        rows,
        session.screen.columns,
      ),
    );
  }
  return EXIT.ok;
}

function search(session: Session, d: Description, text: string): number {
  const found = searchMetrics(d.metrics, text, d);
  const missing = searchMetrics(d.unavailable, text, d);
  if (session.json) session.printJson({ metrics: found, unavailable: missing });
  else if (found.length + missing.length === 0)
    session.print([`Nothing here is called ${visible(text)}; "cactl metrics" lists what can be asked.`]);
  else {
    const rows = found.map((m) => [nameOf(m), m.question ?? m.label]);
    session.print([
      ...(rows.length === 0
        ? []
        : table(
            [
              { title: 'METRIC', least: 16 },
              { title: 'QUESTION', least: 20 },
            ],
            rows,
            session.screen.columns,
          )),
      ...missing.flatMap((m) => [
        `not here: ${visible(nameOf(m))}, ${visible(m.question ?? m.label)}`,
        ...reasonLines(m),
      ]),
    ]);
  }
  return found.length > 0 ? EXIT.ok : EXIT.wrong;
}

function showOne(session: Session, d: Description, name: string): number {
  const offered = d.metrics.find((m) => nameOf(m) === name);
  if (offered === undefined) {
    const missing = d.unavailable.find((m) => nameOf(m) === name);
    // Throws: there is no such metric.
    if (missing === undefined) metricOf(d, name);
    const reasons = missing === undefined ? [] : reasonLines(missing);
    if (session.json) session.printJson({ metric: name, offered: false, reasons: missing?.reasons ?? [] });
    else session.print([`No node offers ${name}:`, ...reasons]);
    return EXIT.wrong;
  }
  if (session.json) {
    session.printJson(offered);
    return EXIT.ok;
  }
  const rows = offered.fields.map((field) => {
    const type = typeOfField(d, offered, field) ?? 'string';
    return [field, type === 'string' ? 'discrete' : 'numeric', type, d.fields[field]?.label ?? ''];
  });
  session.print([
    `${name}: ${visible(offered.label)}, counted in ${offered.unit ?? offered.type ?? 'events'}, ${offered.interval === 'point' ? 'a snapshot each second' : 'adding up over time'}`,
    ...(offered.question === undefined ? [] : [visible(offered.question)]),
    ...(offered.synonyms === undefined ? [] : [`also: ${visible(offered.synonyms.join(', '))}`]),
    ...((offered.sources ?? []).length === 0 ? [] : [`by: ${(offered.sources ?? []).join(', ')}`]),
    ...(offered.misses ?? []).map((sentence) => `not seen: ${visible(sentence)}`),
    '',
    ...table(
      [{ title: 'FIELD' }, { title: 'KIND' }, { title: 'TYPE' }, { title: 'WHAT', least: 10 }],
      rows,
      session.screen.columns,
    ),
  ]);
  return EXIT.ok;
}

function showMissing(session: Session, missing: readonly UnavailableMetric[]): number {
  if (session.json) session.printJson(missing);
  else if (missing.length === 0) session.print(['Everything in the catalogue can be asked here.']);
  else session.print(missing.flatMap((m) => [visible(nameOf(m)), ...reasonLines(m)]));
  return EXIT.ok;
}

function nameOf({ module, stat }: Pick<MetricInfo, 'module' | 'stat'>): string {
  return `${module}.${stat}`;
}

function fieldsText(d: Description, m: MetricInfo): string {
  return m.fields
    .map((field) => {
      const type = typeOfField(d, m, field) ?? 'string';
      return type === 'string' ? field : `${field}(${type})`;
    })
    .join(' ');
}

/** The reason of most nodes first. */
function reasonLines({ reasons }: UnavailableMetric): string[] {
  return [...reasons]
    .sort((a, b) => b.nodes - a.nodes)
    .map(({ reason, nodes }) => `  ${nodes === 1 ? '1 node' : `${nodes} nodes`}: ${visible(reason)}`);
}
