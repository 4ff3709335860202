/* `cactl metrics`: what can be asked here, and why something cannot. */
import type { Command } from '../../cli/command';
import { EXIT } from '../../cli/options';
import type { Obstacle } from '../obstacles';
import {
  description,
  metricOf,
  typeOfField,
  type Description,
  type MetricResource,
} from '../../cli/system/resources';
import type { Session } from '../../cli/system/session';
import { survey, type Answered } from '../../cli/system/survey';
import { table } from '../../cli/screen/table';
import { visible } from '../../cli/screen/visible';

export const metrics: Command = {
  name: 'metrics',
  about: 'what can be asked here, and why something cannot',
  details: [
    'Without an argument: the metrics that the nodes of this deployment offer, with their fields. Numeric fields, of which ' +
      'heatmaps are made, have their type behind them. With --missing: those of the catalogue that no node offers.',
    'With a metric: its fields one by one; or, when nobody offers it, the reason on each node.',
  ],
  arguments: [{ name: 'METRIC', about: 'module.stat', optional: true, complete: 'metric' }],
  options: [{ name: 'missing', short: 'm', about: 'the ones that cannot be asked, and why' }],
  examples: [
    { line: 'cactl metrics', about: 'What can I ask?' },
    { line: 'cactl metrics disk.physio_ops', about: 'Which fields does it have?' },
    { line: 'cactl metrics --missing', about: 'What do these machines lack?' },
  ],
  async run({ args, options, session }) {
    const d = await description(session.front);
    const [name] = args;
    if (options.has('missing')) return await showMissing(session, d);
    if (name !== undefined) return await showOne(session, d, name);
    const { columns } = session.screen;
    if (session.json) session.printJson(d);
    else if (d.metrics.length === 0) {
      session.print(['No node offers anything yet; "cactl summary" says whether instrumenters are online.']);
      return EXIT.wrong;
    } else {
      const rows = d.metrics.map((m) => [
        `${m.module}.${m.stat}`,
        m.label,
        m.unit ?? m.type ?? '',
        fieldsText(d, m),
      ]);
      session.print(
        table(
          [
            { title: 'METRIC', least: 16 },
            { title: 'WHAT', least: 10 },
            { title: 'UNIT', least: 4 },
            { title: 'FIELDS', least: 12 },
          ],
          rows,
          columns,
        ),
      );
    }
    return EXIT.ok;
  },
};

function fieldsText(d: Description, m: MetricResource): string {
  return m.fields
    .map((field) => {
      const type = typeOfField(d, m, field) ?? 'string';
      return type === 'string' ? field : `${field}(${type})`;
    })
    .join(' ');
}

async function showOne(session: Session, d: Description, name: string): Promise<number> {
  const offered = d.metrics.find((m) => `${m.module}.${m.stat}` === name);
  const { catalogued, obstaclesTo } = await import('../obstacles.js');
  const known = catalogued(name);
  if (offered === undefined) {
    if (known === undefined) metricOf(d, name); // throws: there is no such metric
    const obstacles = known === undefined ? [] : obstaclesTo(known, await instrumenters(session));
    if (session.json) session.printJson({ metric: name, offered: false, obstacles });
    else session.print([`No node offers ${name}:`, ...obstacleLines(obstacles)]);
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
    ...(known === undefined ? [] : [visible(known.question)]),
    ...(known?.misses ?? []).map((sentence) => `not seen: ${visible(sentence)}`),
    '',
    ...table(
      [{ title: 'FIELD' }, { title: 'KIND' }, { title: 'TYPE' }, { title: 'WHAT', least: 10 }],
      rows,
      session.screen.columns,
    ),
  ]);
  return EXIT.ok;
}

async function showMissing(session: Session, d: Description): Promise<number> {
  const { obstaclesTo, sourcesOf, unoffered } = await import('../obstacles.js');
  const missing = unoffered(new Set(d.metrics.map((m) => `${m.module}.${m.stat}`)));
  const nodes = await instrumenters(session);
  const found = missing.map((m) => ({
    metric: `${m.module}.${m.stat}`,
    sources: sourcesOf(m),
    obstacles: obstaclesTo(m, nodes),
  }));
  if (session.json) session.printJson(found);
  else if (found.length === 0) session.print(['Everything in the catalogue can be asked here.']);
  else session.print(found.flatMap(({ metric, obstacles }) => [metric, ...obstacleLines(obstacles)]));
  return EXIT.ok;
}

/** Nodes with the same reason stand together. */
function obstacleLines(obstacles: readonly Obstacle[]): string[] {
  const nodes = new Map<string, string[]>();
  for (const { node, reason } of obstacles) nodes.set(reason, [...(nodes.get(reason) ?? []), node]);
  return [...nodes].map(([reason, on]) => `  ${visible(`${on.join(', ')}: ${reason}`)}`);
}

async function instrumenters(session: Session): Promise<Answered[]> {
  const { answered } = await survey(session);
  return answered.filter((a) => a.service.startsWith('instrumenter'));
}
