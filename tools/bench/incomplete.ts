/*
 * Why a second was not complete in time: which node's message was missing, and where it was. In: the second, the fleet's record of
 * sent reports, the aggregator's of received ones. Out: a sentence, and whether only the load generator was late.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { SecondStatus } from '../../common/api/status';
import type { Left } from '../fleet/schedule';
import type { TestStack } from '../testing/test-stack';
import type { Nodes } from './nodes';

type Came = Pick<SecondStatus, 'arrival' | 'missing'>;

export interface Explained {
  readonly text: string;
  /** Its messages were sent too late to be received in time. */
  readonly ofLoadGenerator: boolean;
}

/** Messages in transit arrive, or are requested again, within this time. */
const SETTLE_MS = 4000;
const SHOWN = 3;

/** `waitedMs`: how long after the second's end the test waited for it. */
export async function explain(
  stack: TestStack,
  fleet: Pick<Nodes, 'left'>,
  fqid: string,
  second: number,
  waitedMs: number,
): Promise<Explained> {
  const before = await came(stack, fqid, second);
  await pause(SETTLE_MS);
  const [left, after] = await Promise.all([fleet.left(second), came(stack, fqid, second)]);
  return account({ second, waitedMs, left, before, after, fqid });
}

interface Facts {
  readonly second: number;
  readonly fqid: string;
  readonly waitedMs: number;
  readonly left: Left | undefined;
  readonly before: Came | undefined;
  readonly after: Came | undefined;
}

export function account({ second, fqid, waitedMs, left, before, after }: Facts): Explained {
  const missing = before?.missing[fqid] ?? [];
  const stillMissing = after?.missing[fqid] ?? [];
  const lateLeft = missing.filter((node) => (left?.late[node] ?? 0) >= waitedMs);
  const refused = missing.filter((node) => left?.refused.includes(node) === true);
  const parts = [
    `second ${second}: ${missing.length === 0 ? 'all had come when it was looked at' : `of ${names(missing)} no report had come`}`,
    left === undefined
      ? 'how they left is not known'
      : `${left.nodes} reports left, the last ${left.lateMs} ms late`,
    ...(refused.length > 0 ? [`those of ${names(refused)} were not taken by their connection`] : []),
    ...(lateLeft.length > 0 ? [`those of ${names(lateLeft)} left after ${waitedMs} ms`] : []),
    after?.arrival === undefined
      ? 'none came'
      : `the last came ${after.arrival.lastMs} ms after the end, from ${after.arrival.node}, ${after.arrival.underWayMs} ms under way`,
    stillMissing.length === 0 ? 'all came in the end' : `${names(stillMissing)} never came`,
  ];
  // A report that the connection did not accept was still sent in time.
  const own = missing.length > 0 ? lateLeft.length === missing.length : (left?.lateMs ?? 0) >= waitedMs;
  return {
    text: `${parts.join('; ')}${own ? ' (the load generator’s own)' : ''}`,
    ofLoadGenerator: own,
  };
}

function names(nodes: readonly string[]): string {
  const shown = nodes.slice(0, SHOWN).join(', ');
  return nodes.length > SHOWN ? `${shown} and ${nodes.length - SHOWN} more` : shown;
}

/** The status of the aggregator that owns it. */
async function came(stack: TestStack, fqid: string, second: number): Promise<SecondStatus | undefined> {
  const { aggregators } = await stack.status();
  for (const { instance } of aggregators) {
    const said = await stack.secondAt(instance, second).catch(() => undefined);
    const answer = said as SecondStatus | undefined;
    if (answer === undefined) continue;
    if (answer.owns.includes(fqid)) return answer;
  }
  return undefined;
}
