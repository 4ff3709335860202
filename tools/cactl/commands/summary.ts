/* `cactl summary`: one screen for a tired operator. What is wrong first, with what to do; then who is up and what runs. */
import { spanText } from '../../../common/model/unit';
import type { Command } from '../../cli/command';
import { EXIT } from '../../cli/options';
import { diagnose, shortId, type Problem } from '../diagnose';
import { overview, unlisted, type InstrumentationRow } from '../overview';
import { rawValue } from '../../cli/system/resources';
import type { Session } from '../../cli/system/session';
import { configIn, survey, type Answered, type Survey } from '../../cli/system/survey';
import { table } from '../../cli/screen/table';
import { wrap } from '../../cli/help/usage';
import { visible } from '../../cli/screen/visible';

export const summary: Command = {
  name: 'summary',
  about: 'how everything is: what is wrong, who is up, what runs',
  details: [
    'Asks every service over the broker and the front door over HTTP, and prints one screen: what is wrong, each with the ' +
      'next thing to do; services with the time they are up, how long their answers took and what they carry; and ' +
      'instrumentations with nodes reporting and expected, events lost and cost. It works while either way is down.',
    'Exits with 0 when all is well, with 1 when something is wrong, and with 3 when the broker itself gave no answer.',
  ],
  arguments: [],
  options: [{ name: 'verbose', short: 'v', about: 'all services and instrumentations, however many' }],
  examples: [
    { line: 'cactl summary', about: 'The first thing to type.' },
    { line: `cactl summary -o json | jq '.problems[].what'`, about: 'For monitoring.' },
  ],
  async run({ options, session }) {
    const found = await survey(session);
    const rows = overview(found);
    const problems = diagnose(found, rows, await recentLosses(session, found, rows));
    if (session.json) {
      const services = found.answered.map(({ service, host, ms, clockMs, status }) => ({
        service,
        host,
        ms,
        clockMs,
        ...(status.service === 'odd' ? {} : { started: status.started }),
      }));
      const { url, broker, silent } = found;
      const front = 'failure' in found.front ? found.front : { ms: found.front.ms };
      session.printJson({
        healthy: problems.length === 0,
        problems,
        notes: notes(found),
        url,
        broker,
        front,
        services,
        silent,
        instrumentations: rows,
        unlisted: unlisted(found),
      });
    } else {
      const { columns, rows: height } = session.screen;
      session.print(
        summaryLines(found, rows, problems, {
          columns,
          most: options.has('verbose') ? Infinity : Math.max(8, Math.floor(height / 3)),
        }),
      );
    }
    if ('failure' in found.broker && found.broker.timedOut) return EXIT.timedOut;
    return problems.length === 0 ? EXIT.ok : EXIT.wrong;
  },
};

/** Each needs a request, so the number is limited. */
const LOOKED_AT = 20;
const RECENT = '60';

/** Events that the last minute lost. Where HTTP is down, what was lost in all has to do. */
async function recentLosses(
  session: Session,
  s: Survey,
  rows: readonly InstrumentationRow[],
): Promise<ReadonlyMap<string, number>> {
  const losing = rows.filter((row) => row.lost > 0).slice(0, LOOKED_AT);
  if ('failure' in s.front) return new Map(losing.map(({ fqid, lost }) => [fqid, lost]));
  const found = losing.map(async ({ fqid, lost }): Promise<[string, number]> => {
    try {
      const [value] = await rawValue(session.front, fqid, { query: { duration: RECENT } });
      return [fqid, value?.lost ?? 0];
    } catch {
      return [fqid, lost];
    }
  });
  return new Map(await Promise.all(found));
}

export function summaryLines(
  s: Survey,
  rows: readonly InstrumentationRow[],
  problems: readonly Problem[],
  size: { columns: number; most: number },
): string[] {
  return [
    ...wrap(headline(s, rows, problems), size.columns),
    ...notes(s).flatMap((note) => wrap(note, size.columns)),
    ...problemLines(problems, size),
    ...(s.answered.length === 0
      ? []
      : ['', ...serviceTable(s, size), ...rest(s.answered.length, size.most, 'cactl summary -v')]),
    ...(rows.length === 0
      ? []
      : [
          '',
          ...instrumentationTable(rows.slice(0, size.most), size.columns),
          ...rest(rows.length + unlisted(s), Math.min(size.most, rows.length), 'cactl list'),
        ]),
  ];
}

function headline(s: Survey, rows: readonly InstrumentationRow[], problems: readonly Problem[]): string {
  const kinds = (prefix: string): number => s.answered.filter((a) => a.service.startsWith(prefix)).length;
  const verdict =
    problems.length === 0
      ? 'all is well'
      : problems.length === 1
        ? '1 thing is wrong'
        : `${problems.length} things are wrong`;
  const here = `${counted(kinds('aggregator'), 'aggregator')}, ${counted(kinds('instrumenter'), 'instrumenter')}, ${counted(rows.length + unlisted(s), 'instrumentation')}`;
  return `${verdict} at ${s.url} (${here})`;
}

/** Facts that are not faults but should be known. */
function notes(s: Survey): string[] {
  return configIn(s)?.bus.sharedUser === true
    ? [
        'all services share one user of the broker: whoever has its password can be any of them (docs/trust.md)',
      ]
    : [];
}

function problemLines(
  problems: readonly Problem[],
  { columns, most }: { columns: number; most: number },
): string[] {
  const shown = problems.slice(0, most);
  return [
    ...shown.flatMap(({ what, fix }) => [
      '',
      ...wrap(visible(what), columns - 2).map((line, i) => (i === 0 ? `! ${line}` : `  ${line}`)),
      ...wrap(visible(fix), columns - 4).map((line, i) => (i === 0 ? `  > ${line}` : `    ${line}`)),
    ]),
    ...(shown.length < problems.length
      ? ['', `… and ${problems.length - shown.length} more: cactl summary -v`]
      : []),
  ];
}

function serviceTable(s: Survey, { columns, most }: { columns: number; most: number }): string[] {
  const broker = 'ms' in s.broker ? [['broker', '', `${s.broker.ms.toFixed(0)} ms`, s.brokerUrl ?? '']] : [];
  const front = 'ms' in s.front ? [['front door', '', `${s.front.ms.toFixed(0)} ms`, s.url]] : [];
  const services = s.answered
    .slice(0, most)
    .map((a) => [a.service, uptime(a, s.now), `${a.ms.toFixed(0)} ms`, load(a)]);
  return table(
    [
      { title: 'SERVICE', least: 16 },
      { title: 'UP', align: 'right' },
      { title: 'PING', align: 'right' },
      { title: 'LOAD', least: 12, drop: 1 },
    ],
    [...broker, ...front, ...services],
    columns,
  );
}

function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

function uptime({ status }: Answered, now: number): string {
  return status.service === 'odd' ? '' : spanText(now - status.started);
}

/** The load of a service, in a few words. */
function load({ status }: Answered): string {
  const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)} MiB`;
  switch (status.service) {
    case 'odd':
      return '';
    case 'config': {
      const { aggregators, instrumenters } = status.online;
      return [
        counted(aggregators, 'aggregator'),
        counted(instrumenters, 'node'),
        mebibytes(status.counts.rssBytes),
      ].join(', ');
    }
    case 'aggregator':
      return `${Object.keys(status.instrumentations).length} running, ${mebibytes(status.memory.rss)}`;
    case 'instrumenter': {
      const names = status.sources.filter(({ metrics }) => metrics > 0).map(({ name }) => name);
      return [
        `${status.instrumentations.length} running`,
        mebibytes(status.memory),
        ...(names.length === 0 ? [] : [names.join(' ')]),
      ].join(', ');
    }
  }
}

function instrumentationTable(rows: readonly InstrumentationRow[], columns: number): string[] {
  return table(
    [
      { title: 'ID', align: 'right', least: 4 },
      { title: 'METRIC', least: 12 },
      { title: 'BY', least: 4, drop: 2 },
      { title: 'WHERE', least: 5, drop: 3 },
      { title: 'NODES', align: 'right', drop: 4 },
      { title: 'REPORT', align: 'right' },
      { title: 'LOST', align: 'right' },
      { title: 'COST', align: 'right', drop: 1 },
    ],
    rows.map((r) => [
      shortId(r.fqid),
      r.metric,
      r.by,
      r.where,
      r.wanted === r.enabled ? String(r.enabled) : `${r.enabled}/${r.wanted}`,
      r.reporting === undefined ? '?' : `${r.reporting}/${r.expected}`,
      String(r.lost),
      r.cost === undefined ? '-' : `${r.cost.toFixed(1)}%`,
    ]),
    columns,
  );
}

/** A line with the number of rows not shown. */
function rest(count: number, most: number, where: string): string[] {
  return count > most ? [`… ${count - most} more: ${where}`] : [];
}
