/*
 * `cactl explain`: what a question costs. Of a running one: what each node and its aggregator spend on it. Of one that
 * does not exist yet: how many programs, instructions and bytes of kernel memory it would take.
 */
import type { DatasetStatus, GatheringStatus } from '../../../common/api/status';
import { shortText } from '../../../common/model/unit';
import type { Command } from '../../cli/command';
import { EXIT, UsageError } from '../../cli/options';
import { shortId } from '../diagnose';
import type { DryRun } from '../dry';
import { QUESTION } from '../question';
import type { Session } from '../../cli/system/session';
import { answersOf, survey } from '../../cli/system/survey';
import { table } from '../../cli/screen/table';
import { visible } from '../../cli/screen/visible';

export const explain: Command = {
  name: 'explain',
  about: 'what a question costs, running or only thought of',
  details: [
    'With an id: which source gathers it on each node, how many reports it sent, what was lost, and what its values take ' +
      'in the memory of its aggregator. CPU is shown where the source measures it.',
    'With a metric and the options of create: which kernel probes it would use, how many instructions each of their ' +
      'programs has and how much kernel memory their maps may take. Nothing is created.',
  ],
  arguments: [{ name: 'ID|METRIC', about: 'an instrumentation, or a metric', complete: 'instrumentation' }],
  options: QUESTION,
  examples: [
    { line: 'cactl explain 7', about: 'What does it cost us?' },
    { line: 'cactl explain syscall.syscalls --by execname,latency', about: 'What would it cost?' },
  ],
  async run({ args, options, session }) {
    const what = args[0] ?? '';
    if (/^(?:global;|cust:[^;]+;)?\d+$/.test(what)) return await explainRunning(session, what);
    if (!what.includes('.'))
      throw new UsageError(`"${what}" is neither an id (7) nor a metric (syscall.syscalls)`);
    const dry = await (await import('../dry.js')).dryRun(what, options, session.io.host);
    if (session.json) session.printJson(dry);
    else session.print(await dryCost(dry));
    return EXIT.ok;
  },
};

async function explainRunning(session: Session, id: string): Promise<number> {
  const fqid = /^\d+$/.test(id)
    ? session.target.customer === undefined
      ? `global;${id}`
      : `cust:${session.target.customer};${id}`
    : id;
  const found = await survey(session);
  const nodes = answersOf(found, 'instrumenter').flatMap(({ service, host, status }) =>
    status.instrumentations.filter((row) => row.fqid === fqid).map((row) => ({ service, host, row })),
  );
  const aggregators = answersOf(found, 'aggregator').flatMap(({ service, host, status }) => {
    const row = status.instrumentations[fqid];
    return row === undefined ? [] : [{ service, host, row }];
  });
  const known = nodes.length + aggregators.length > 0;
  if (session.json) session.printJson({ fqid, nodes, aggregators });
  else if (!known)
    session.print([
      `No service that answers has instrumentation ${shortId(fqid)}; "cactl list" shows those there are.`,
    ]);
  else
    session.print([
      ...nodeTable(nodes, session.screen.columns),
      ...aggregators.flatMap(({ service, row }) => ['', ...datasetLines(service, row)]),
    ]);
  return known ? EXIT.ok : EXIT.wrong;
}

function nodeTable(
  nodes: readonly { readonly host: string; readonly row: GatheringStatus }[],
  columns: number,
): string[] {
  const right = 'right' as const;
  return table(
    [
      { title: 'NODE', least: 8 },
      { title: 'SOURCE' },
      { title: 'STATE' },
      { title: 'REPORTS', align: right },
      { title: 'ERRORS', align: right },
      { title: 'LATE', align: right },
      { title: 'CPU', align: right },
      { title: 'REASON', least: 6 },
    ],
    nodes.map(({ host, row: { source = '', state, reports, errors, late, percentOfCore, reason = '' } }) => [
      host,
      source,
      state,
      ...[reports, errors, late].map(String),
      percentOfCore === undefined ? '-' : `${percentOfCore.toFixed(2)}%`,
      reason,
    ]),
    columns,
  );
}

export function datasetLines(service: string, { bytes, keys, slots, counts }: DatasetStatus): string[] {
  const { lost, late, duplicate } = counts;
  return [
    `${visible(service)} keeps ${slots} slots with ${keys} keys in ${shortText(bytes, 'size')}`,
    `${lost === 0 ? 'no' : lost} events lost, ${late} reports late, ${duplicate} came twice`,
  ];
}

async function dryCost({ metric, bpf, d }: DryRun): Promise<string[]> {
  const { catalogued, sourcesOf } = await import('../obstacles.js');
  const description = catalogued(metric);
  const sources = description === undefined ? [] : sourcesOf(description);
  const lines = [`${metric} can be observed by: ${sources.join(', ')}`];
  if (bpf !== undefined && 'unavailable' in bpf)
    lines.push(`BPF does not work on this machine: ${bpf.unavailable}`);
  else if (bpf !== undefined) {
    const bytes = bpf.maps.reduce((sum, m) => sum + m.bytes, 0);
    lines.push(
      '',
      ...bpf.programs.map((p) => `${p.tracepoint}: ${p.instructions} instructions at each event`),
      `${bpf.maps.length} maps, ${shortText(bytes, 'size')} of kernel memory at most`,
    );
  }
  if (d.length > 0)
    lines.push(
      '',
      ...d.map(({ system, text }) => `DTrace on ${system}: a program of ${text.split('\n').length} lines`),
    );
  lines.push('', `"cactl create ${metric} … --dry-run" prints the programs.`);
  return lines;
}
