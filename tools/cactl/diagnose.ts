/*
 * What is wrong, and what to do about it. In: a survey and its overview. Out: problems, worst first. Pure.
 * Every sentence names the thing, the figure and the next command.
 */
import { spanText } from '../../common/model/unit';
import type { InstrumentationRow } from './overview';
import { numberOf, rowsOf, textOf, type Answered, type Survey } from '../cli/system/survey';

export interface Problem {
  readonly what: string;
  /** The next thing to do. */
  readonly fix: string;
}

/** Clocks further apart than this put values into wrong seconds, or get them dropped as from the future. */
const CLOCK_MS = 1000;
/** Nodes that start show as not reporting for a moment. */
const YOUNG_MS = 15_000;

/** `lost`: events that each instrumentation lost lately. */
export function diagnose(
  s: Survey,
  rows: readonly InstrumentationRow[],
  lost: ReadonlyMap<string, number>,
): Problem[] {
  return [
    ...wires(s),
    ...versions(s),
    ...silent(s),
    ...members(s),
    ...s.answered.flatMap((a) => service(a, s.now)),
    ...questions(rows, lost),
  ];
}

function wires(s: Survey): Problem[] {
  const problems: Problem[] = [];
  if ('failure' in s.broker) {
    problems.push({
      what: s.broker.failure,
      fix: 'without the broker no values move; start it (make run starts a private one) or correct CA_AMQP_URL',
    });
  }
  if ('failure' in s.front) {
    problems.push({
      what: `the front door does not work: ${s.front.failure}`,
      fix:
        'failure' in s.broker
          ? 'is the config service running? see its log'
          : 'cactl ping config; values, list and create need it, ping and status do not',
    });
  }
  return problems;
}

/** Services that are there and cannot take part. */
function versions(s: Survey): Problem[] {
  const config = s.answered.find((a) => a.service === 'config');
  return rowsOf(config?.status['otherVersions']).map((row) => {
    const what = row['what'] === 'values' ? 'sends values of version' : 'speaks version';
    return {
      what: `${textOf(row['key'])} on ${textOf(row['host'])} ${what} ${numberOf(row['version'])}, and takes no part`,
      fix: 'install the same version everywhere, the config service and aggregators first',
    };
  });
}

function silent(s: Survey): Problem[] {
  return s.silent.map((name) => ({
    what: `${name} did not answer within ${spanText(s.timeoutMs)}`,
    fix:
      name === 'config'
        ? 'start it; meanwhile values go on being gathered, but nothing can be created'
        : `cactl ping ${name}; if it stays silent, look at its log and its process on that host`,
  }));
}

function members(s: Survey): Problem[] {
  const config = s.answered.find((a) => a.service === 'config');
  if (config === undefined) return [];
  const problems: Problem[] = [];
  if (rowsOf(config.status['aggregators']).length === 0) {
    problems.push({
      what: 'no aggregator is online',
      fix: 'start one; nothing can be created and no value answered before',
    });
  }
  if (rowsOf(config.status['instrumenters']).length === 0) {
    problems.push({
      what: 'no instrumenter is online',
      fix: 'start one on each node; nothing is gathered before',
    });
  }
  const conflicts = config.status['conflicts'];
  if (Array.isArray(conflicts) && conflicts.length > 0) {
    const first = conflicts[0] as unknown;
    problems.push({
      what: `nodes disagree about metrics: ${typeof first === 'string' ? first : JSON.stringify(first)}`,
      fix: 'run the same version everywhere; cactl status config lists all conflicts',
    });
  }
  return problems;
}

function service({ service: name, clockMs, status }: Answered, now: number): Problem[] {
  const problems: Problem[] = [];
  if (Math.abs(clockMs) > CLOCK_MS) {
    const side = clockMs > 0 ? 'ahead of' : 'behind';
    problems.push({
      what: `the clock of ${name} is ${spanText(Math.abs(clockMs))} ${side} ours`,
      fix: 'synchronise clocks (chrony or ntpd); values of clocks that are off land in the wrong seconds',
    });
  }
  const counters = (status['counters'] ?? {}) as Readonly<Record<string, unknown>>;
  const lost = numberOf(counters['reportsLost']);
  if (lost > 0) {
    problems.push({
      what: `${name} has lost ${lost} reports since it started: the broker was away for longer than it keeps them`,
      fix: 'watch the broker; the gap shows as missing nodes in the values of that time',
    });
  }
  const bus = (status['bus'] ?? {}) as Readonly<Record<string, unknown>>;
  if (bus['ok'] === false) {
    problems.push({
      what: `${name}: ${textOf(bus['reason'])}`,
      fix: 'look after the broker: its log, its disk and its memory',
    });
  }
  const counts = (status['counts'] ?? {}) as Readonly<Record<string, unknown>>;
  const messages = (status['peer'] ?? counts['messages'] ?? counters) as Readonly<Record<string, unknown>>;
  const refused = numberOf(messages['refused']);
  if (refused > 0) {
    problems.push({
      what: `${name} refused ${refused} messages of senders that may not send them`,
      fix: 'its log names their users; docs/trust.md says what each may send',
    });
  }
  const malformed = numberOf(counters['malformed']);
  if (malformed > 0) {
    problems.push({
      what: `${name} got ${malformed} messages that it did not understand`,
      fix: 'amqpsnoop shows who sends them; are all services of one version?',
    });
  }
  problems.push(...disk(name, (status['hindsight'] ?? {}) as Readonly<Record<string, unknown>>));
  for (const row of rowsOf(status['instrumentations'])) {
    const late = numberOf(row['late']);
    const reports = numberOf(row['reports']);
    if (
      name.startsWith('instrumenter') &&
      late > 10 &&
      late * 10 > reports &&
      now - numberOf(status['started']) > YOUNG_MS
    ) {
      problems.push({
        what: `${name} cannot keep up with ${textOf(row['fqid'])}: ${late} seconds came late`,
        fix: `narrow it with --where, or cactl delete ${textOf(row['fqid'])}`,
      });
    }
  }
  return problems;
}

/** Of an aggregator that keeps values on disk. */
function disk(name: string, hindsight: Readonly<Record<string, unknown>>): Problem[] {
  const problems: Problem[] = [];
  if (hindsight['ok'] === false) {
    problems.push({
      what: `${name} cannot write values to disk: ${textOf(hindsight['reason'])}`,
      fix: 'make room in CA_HOME/hindsight on its host, or repair that disk; values are served from memory until then, and go with it',
    });
  }
  const damaged = numberOf(hindsight['damagedBytes']);
  if (damaged > 0) {
    problems.push({
      what: `${name} found ${damaged} damaged bytes among its values on disk when it read them`,
      fix: 'what was in them reads as missing; look after the disk of CA_HOME/hindsight on its host',
    });
  }
  return problems;
}

function questions(rows: readonly InstrumentationRow[], losses: ReadonlyMap<string, number>): Problem[] {
  const problems: Problem[] = [];
  for (const row of rows) {
    const id = shortId(row.fqid);
    const name = `instrumentation ${id} (${row.metric})`;
    if (row.trouble !== undefined)
      problems.push({ what: `${name} ${row.trouble}`, fix: `cactl show '${id}'` });
    else if (row.reporting !== undefined && row.reporting < row.expected) {
      problems.push({
        what: `${name}: ${row.reporting} of ${row.expected} nodes report`,
        fix: `cactl show '${id}' tells which nodes gather it`,
      });
    }
    const lost = losses.get(row.fqid) ?? 0;
    if (lost > 0) {
      problems.push({
        what: `${name} lost ${lost} events in the last minute`,
        fix: `cactl explain '${id}' shows which node is late; if none is, there are too many keys: narrow it with --where`,
      });
    }
  }
  return problems;
}

/** global;7 is 7 to people. */
export function shortId(fqid: string): string {
  return fqid.startsWith('global;') ? fqid.slice('global;'.length) : fqid;
}
