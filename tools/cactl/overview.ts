/*
 * One row for each instrumentation, from the statuses of all services. In: a survey. Out: rows with nodes expected and
 * reporting, events lost, and the cost; the ones with problems first.
 */
import type { NodeState } from '../../common/api/instrumentation';
import type { DatasetStatus, GatheringStatus, InstrumentationStatus } from '../../common/api/status';
import { metricName } from '../../common/model/metric';
import { parsePredicateText, predicateText } from '../../common/model/predicate/predicate-text';
import { typeOfField, type Description } from '../cli/system/resources';
import { answersOf, configIn, type Survey } from '../cli/system/survey';

export interface InstrumentationRow {
  readonly fqid: string;
  readonly metric: string;
  readonly by: string;
  readonly where: string;
  /** Nodes that gather it, of those that should. */
  readonly enabled: number;
  readonly wanted: number;
  /** Nodes whose values were in the newest complete second; undefined while its aggregator does not answer. */
  readonly reporting: number | undefined;
  readonly expected: number;
  /** Events known to be missing since its aggregator has it. */
  readonly lost: number;
  /** CPU cost on all nodes together, in percent of one CPU; undefined if it is not measured. */
  readonly cost: number | undefined;
  readonly aggregator: string;
  readonly trouble: string | undefined;
}

export function overview(s: Survey): InstrumentationRow[] {
  const held = new Map(
    answersOf(s, 'aggregator').flatMap(({ status }) => Object.entries(status.instrumentations)),
  );
  const onNodes = new Map<string, GatheringStatus[]>();
  for (const { status } of answersOf(s, 'instrumenter')) {
    for (const row of status.instrumentations) {
      onNodes.set(row.fqid, [...(onNodes.get(row.fqid) ?? []), row]);
    }
  }
  const listed = configIn(s)?.instrumentations ?? fromMembers(held, onNodes);
  const known = 'failure' in s.front ? undefined : s.front.description;
  const rows = listed.map((row) => ({
    ...rowOf(row, held.get(row.fqid), onNodes.get(row.fqid) ?? []),
    where: whereOf(row.predicate, known),
  }));
  return rows.sort((a, b) => Number(b.trouble !== undefined) - Number(a.trouble !== undefined));
}

/** Instrumentations that the config service's status had no room for. */
export function unlisted(s: Survey): number {
  return configIn(s)?.unlisted.instrumentations ?? 0;
}

type Listed = Pick<InstrumentationStatus, 'fqid' | 'metric' | 'decomposition' | 'predicate' | 'state'> &
  Partial<InstrumentationStatus>;

function rowOf(
  { fqid, metric, decomposition, state, nodes: troubled = [], aggregator = '', trouble }: Listed,
  held: DatasetStatus | undefined,
  nodes: readonly GatheringStatus[],
): Omit<InstrumentationRow, 'where'> {
  const costs = nodes.flatMap(({ percentOfCore }) => percentOfCore ?? []);
  return {
    fqid,
    metric,
    by: decomposition.join(','),
    enabled: state.enabled,
    wanted: state.enabled + state.failed + state.enabling,
    reporting: held?.reporting,
    expected: held?.expected ?? 0,
    lost: held?.counts.lost ?? 0,
    cost: costs.length === 0 ? undefined : costs.reduce((sum, c) => sum + c, 0),
    aggregator,
    trouble: trouble ?? troubleOf(troubled),
  };
}

function troubleOf(nodes: readonly NodeState[]): string | undefined {
  const failing = nodes.find(({ state }) => state === 'failed');
  if (failing !== undefined) return `fails on ${failing.node}: ${failing.reason ?? 'no reason given'}`;
  // It counts there, but only in part.
  const partial = nodes.find(({ state, reason }) => state === 'enabled' && reason !== undefined);
  return partial === undefined ? undefined : `sees only a part on ${partial.node}: ${partial.reason ?? ''}`;
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
function fromMembers(
  held: ReadonlyMap<string, DatasetStatus>,
  onNodes: ReadonlyMap<string, readonly GatheringStatus[]>,
): Listed[] {
  return [...new Set([...held.keys(), ...onNodes.keys()])].map((fqid) => {
    const nodes = onNodes.get(fqid) ?? [];
    const dataset = held.get(fqid);
    const [first] = nodes;
    const state = { enabling: 0, enabled: 0, failed: 0, stopped: 0, unsupported: 0 };
    for (const node of nodes) state[node.state]++;
    return {
      fqid,
      metric: first?.metric ?? (dataset === undefined ? '' : metricName(dataset)),
      decomposition: first?.decomposition ?? [],
      predicate: first?.predicate ?? '',
      state,
    };
  });
}
