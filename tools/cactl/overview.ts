/*
 * One row for each instrumentation out of what all services said. In: a survey. Out: rows with nodes expected and
 * reporting, events lost, and what it costs; the ones in trouble first.
 */
import { parsePredicateText, predicateText } from '../../common/model/predicate-text';
import { typeOfField, type Description } from '../cli/system/resources';
import { numberOf, rowsOf, textOf, type Row, type Survey } from '../cli/system/survey';

export interface InstrumentationRow {
  readonly fqid: string;
  readonly metric: string;
  readonly by: string;
  readonly where: string;
  /** Nodes that gather it, of those that should. */
  readonly enabled: number;
  readonly wanted: number;
  /** Nodes whose values were in the newest complete second; undefined while its aggregator says nothing. */
  readonly reporting: number | undefined;
  readonly expected: number;
  /** Events known to be missing since its aggregator has it. */
  readonly lost: number;
  /** CPU it costs on the nodes together, in percent of one CPU; undefined where nobody measures it. */
  readonly cost: number | undefined;
  readonly aggregator: string;
  readonly trouble: string | undefined;
}

export function overview(s: Survey): InstrumentationRow[] {
  const config = s.answered.find((a) => a.service === 'config');
  const held = new Map<string, Row>();
  const onNodes = new Map<string, Row[]>();
  for (const { service, status } of s.answered) {
    if (service === 'config') continue;
    for (const row of rowsOf(status['instrumentations'])) {
      const id = textOf(row['fqid']);
      if (service.startsWith('aggregator')) held.set(id, row);
      else onNodes.set(id, [...(onNodes.get(id) ?? []), row]);
    }
  }
  const listed =
    config === undefined ? fromMembers(held, onNodes) : rowsOf(config.status['instrumentations']);
  const known = 'failure' in s.front ? undefined : s.front.description;
  const rows = listed.map((row) => {
    const id = textOf(row['fqid']);
    return {
      ...rowOf(row, held.get(id), onNodes.get(id) ?? []),
      where: whereOf(textOf(row['predicate']), known),
    };
  });
  return rows.sort((a, b) => Number(b.trouble !== undefined) - Number(a.trouble !== undefined));
}

/** Instrumentations that the config service's status had no room for. */
export function unlisted(s: Survey): number {
  const config = s.answered.find((a) => a.service === 'config');
  return numberOf(((config?.status['unlisted'] ?? {}) as Row)['instrumentations']);
}

function rowOf(
  row: Row,
  aggregated: Row | undefined,
  nodes: readonly Row[],
): Omit<InstrumentationRow, 'where'> {
  const state = (row['state'] ?? {}) as Readonly<Record<string, unknown>>;
  const enabled = numberOf(state['enabled']);
  const wanted = enabled + numberOf(state['failed']) + numberOf(state['enabling']);
  const counts = (aggregated?.['counts'] ?? {}) as Readonly<Record<string, unknown>>;
  const expected = numberOf(aggregated?.['expected']);
  const reporting = aggregated === undefined ? undefined : numberOf(aggregated['reporting']);
  const troubled = rowsOf(row['nodes']);
  const failing = troubled.find((n) => n['state'] === 'failed');
  const partial = troubled.find((n) => n['state'] === 'enabled' && textOf(n['reason']) !== '');
  const costs = nodes.flatMap((n) => (typeof n['percentOfCore'] === 'number' ? [n['percentOfCore']] : []));
  return {
    fqid: textOf(row['fqid']),
    metric: textOf(row['metric']),
    by: Array.isArray(row['decomposition']) ? row['decomposition'].join(',') : '',
    enabled,
    wanted,
    reporting,
    expected,
    lost: numberOf(counts['lost']),
    cost: costs.length === 0 ? undefined : costs.reduce((sum, c) => sum + c, 0),
    aggregator: textOf(row['aggregator']),
    trouble: textOf(row['trouble']) || (failureText(failing) ?? partText(partial)),
  };
}

function failureText(failing: Row | undefined): string | undefined {
  if (failing === undefined) return undefined;
  return `fails on ${textOf(failing['node'])}: ${textOf(failing['reason']) || 'no reason given'}`;
}

/** It counts there, but not all that was asked for. */
function partText(partial: Row | undefined): string | undefined {
  if (partial === undefined) return undefined;
  return `sees only a part on ${textOf(partial['node'])}: ${textOf(partial['reason'])}`;
}

/** Services print predicates with raw numbers; with the fields' types known they get their units. */
function whereOf(text: string, d: Description | undefined): string {
  if (text === 'true' || text === '') return '';
  try {
    const predicate = parsePredicateText(text, () => 'any');
    return predicateText(
      predicate,
      (field) => (d === undefined ? undefined : typeOfField(d, undefined, field)) ?? 'any',
    );
  } catch {
    return text;
  }
}

/** The config service is away: what aggregators hold and instrumenters run is all that is known. */
function fromMembers(held: ReadonlyMap<string, Row>, onNodes: ReadonlyMap<string, readonly Row[]>): Row[] {
  return [...new Set([...held.keys(), ...onNodes.keys()])].map((fqid) => {
    const nodes = onNodes.get(fqid) ?? [];
    const aggregated = held.get(fqid);
    const [first] = nodes;
    const states: Record<string, number> = {};
    for (const node of nodes) states[textOf(node['state'])] = (states[textOf(node['state'])] ?? 0) + 1;
    return {
      fqid,
      metric: first?.['metric'] ?? `${textOf(aggregated?.['module'])}.${textOf(aggregated?.['stat'])}`,
      decomposition: first?.['decomposition'] ?? [],
      predicate: first?.['predicate'] ?? '',
      state: states,
    };
  });
}
