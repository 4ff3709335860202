/*
 * What is wrong, and what to do about it. In: a survey and its overview. Out: problems, worst first. Pure.
 * Every sentence names the thing, the figure and the next command.
 */
import type {
  AggregatorStatus,
  ConfigStatus,
  HindsightStatus,
  InstrumenterStatus,
} from '../../common/api/status';
import { spanText } from '../../common/model/unit';
import type { InstrumentationRow } from './overview';
import { configIn, type Answered, type Survey } from '../cli/system/survey';

export interface Problem {
  readonly what: string;
  /** The next thing to do. */
  readonly fix: string;
}

/** Clocks further apart than this put values into wrong seconds, or get them dropped as from the future. */
const CLOCK_MS = 1000;
/** Nodes that start count as not reporting for a moment. */
const YOUNG_MS = 15_000;

/** `lost`: events that each instrumentation lost lately. */
export function diagnose(
  s: Survey,
  rows: readonly InstrumentationRow[],
  lost: ReadonlyMap<string, number>,
): Problem[] {
  return [
    ...wires(s),
    ...inventory(s),
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

/** Missing nodes come first, because all values lack them. */
function inventory(s: Survey): Problem[] {
  const config = configIn(s);
  const { expected = 0, silent: away = 0, silentNodes = [] } = config?.inventory ?? {};
  const problems: Problem[] = [];
  if (away > 0) {
    const shown = silentNodes.slice(0, 3);
    const more = away > shown.length ? ` and ${away - shown.length} more` : '';
    problems.push({
      what: `${away} of ${expected} expected nodes ${away === 1 ? 'is' : 'are'} silent: ${shown.join(', ')}${more}`,
      fix: 'cactl node list --silent; look at their network and their instrumenters; cactl node drain for maintenance, cactl node forget those that are gone for good',
    });
  }
  if (config?.trouble !== undefined) {
    problems.push({
      what: `the config service: ${config.trouble}`,
      fix: 'make its state folder (CA_HOME/config) writable for its user, with room on the disk; nothing can be created or changed before',
    });
  }
  return problems;
}

/** Services that are online but cannot take part, or whose status is not understood. */
function versions(s: Survey): Problem[] {
  const others = (configIn(s)?.otherVersions ?? []).map(({ key, host, what, version }) => ({
    what: `${key} on ${host} ${what === 'values' ? 'sends values of version' : 'speaks version'} ${version}, and takes no part`,
    fix: 'install the same version everywhere, the config service and aggregators first',
  }));
  const rivals = (configIn(s)?.rivals ?? []).map(({ key, machine }) => ({
    what: `a second ${key} was started on ${machine}, and ended: another has the name`,
    fix: 'end it there, or give it a name of its own (CA_HOST)',
  }));
  const odd = s.answered.flatMap(({ service, status }) =>
    status.service === 'odd'
      ? [
          {
            what: `the status of ${service} is not understood: ${status.problem}`,
            fix: `install the same version everywhere; cactl status ${service} prints what it says`,
          },
        ]
      : [],
  );
  return [...others, ...rivals, ...odd];
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
  const config = configIn(s);
  if (config === undefined) return [];
  const problems: Problem[] = [];
  if (config.aggregators.length === 0) {
    problems.push({
      what: 'no aggregator is online',
      fix: 'start one; nothing can be created and no value answered before',
    });
  }
  if (config.instrumenters.length === 0) {
    problems.push({
      what: 'no instrumenter is online',
      fix: 'start one on each node; nothing is gathered before',
    });
  }
  for (const { address, inRotation } of config.upstreams) {
    if (inRotation) continue;
    problems.push({
      what: `the front door gets no answer from the aggregator at ${address}`,
      fix: 'is it running, reachable from there (CA_AGGREGATOR_ADDRESS, firewalls), and its certificate for that address or host (CA_AGGREGATOR_CA)?',
    });
  }
  const [conflict] = config.conflicts;
  if (conflict !== undefined) {
    const more = conflict.nodes > 1 ? ` and ${conflict.nodes - 1} more` : '';
    problems.push({
      what: `nodes disagree about metrics: ${conflict.node}${more}: ${conflict.problems[0] ?? ''}`,
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
  if (status.service === 'odd') return problems;
  if (!status.bus.ok) {
    problems.push({
      what: `${name}: ${status.bus.reason ?? 'the broker does not work for it'}`,
      fix: 'look after the broker: its log, its disk and its memory',
    });
  }
  problems.push(...messages(name, messagesOf(status)));
  if (status.service === 'aggregator' && status.hindsight !== undefined)
    problems.push(...disk(name, status.hindsight));
  if (status.service === 'instrumenter') problems.push(...node(name, status, now));
  return problems;
}

type Messages = ConfigStatus['counts']['messages'];

function messagesOf(status: ConfigStatus | AggregatorStatus | InstrumenterStatus): Messages {
  if (status.service === 'config') return status.counts.messages;
  return status.service === 'aggregator' ? status.peer : status.counters;
}

function messages(name: string, { refused, malformed }: Messages): Problem[] {
  const problems: Problem[] = [];
  if (refused > 0) {
    problems.push({
      what: `${name} refused ${refused} messages of senders that may not send them`,
      fix: 'its log names their users; docs/trust.md says what each may send',
    });
  }
  if (malformed > 0) {
    problems.push({
      what: `${name} got ${malformed} messages that it did not understand`,
      fix: 'amqpsnoop shows who sends them; are all services of one version?',
    });
  }
  return problems;
}

/** A clock that was set is reported for this long. */
const CLOCK_NEWS_MS = 15 * 60_000;

function node(
  name: string,
  { counters, instrumentations, started, clockSet }: InstrumenterStatus,
  now: number,
): Problem[] {
  const problems: Problem[] = [];
  if (counters.reportsLost > 0) {
    problems.push({
      what: `${name} has lost ${counters.reportsLost} reports since it started: the broker was away for longer than it keeps them`,
      fix: 'watch the broker; the gap shows as missing nodes in the values of that time',
    });
  }
  if (clockSet !== undefined && now - clockSet.at < CLOCK_NEWS_MS) {
    problems.push({
      what: `the clock of ${name} was set by ${spanText(Math.abs(clockSet.byMs))} ${clockSet.byMs > 0 ? 'forwards' : 'back'}, ${spanText(now - clockSet.at)} ago`,
      fix: 'let chrony or ntpd slew it; what was counted in the seconds that it skipped or repeated is in lost',
    });
  }
  if (now - started <= YOUNG_MS) return problems;
  for (const { fqid, late, reports } of instrumentations) {
    if (late <= 10 || late * 10 <= reports) continue;
    problems.push({
      what: `${name} cannot keep up with ${fqid}: ${late} seconds came late`,
      fix: `narrow it with --where, or cactl delete ${fqid}`,
    });
  }
  return problems;
}

/** Of an aggregator that keeps values on disk. */
function disk(name: string, { ok, reason = '', damagedBytes }: HindsightStatus): Problem[] {
  const problems: Problem[] = [];
  if (!ok) {
    problems.push({
      what: `${name} cannot write values to disk: ${reason}`,
      fix: 'make room in CA_HOME/hindsight on its host, or repair that disk; values are served from memory until then, and go with it',
    });
  }
  if (damagedBytes > 0) {
    problems.push({
      what: `${name} found ${damagedBytes} damaged bytes among its values on disk when it read them`,
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
        fix: `cactl show '${id}' tells which nodes lose them, and why`,
      });
    }
  }
  return problems;
}

/** global;7 is displayed as 7. */
export function shortId(fqid: string): string {
  return fqid.startsWith('global;') ? fqid.slice('global;'.length) : fqid;
}
