/*
 * The status together with what each member says of itself. In: the status, and how long members may take.
 * Out: the same, where each aggregator's and instrumenter's row has a `status`: its answer, or why there is none.
 */
import { messageOf } from '../../../common/service/errors';
import { LIMITS } from '../../../common/service/limits';
import type { Bus } from '../fleet/bus';
import type { Status } from './status';

interface Row {
  readonly key: string;
}

/** Members beyond the limit keep their row as it is, and are counted. */
export async function withMembers(
  status: Status,
  bus: Pick<Bus, 'call'>,
  timeoutMs: number,
): Promise<Readonly<Record<string, unknown>>> {
  let left: number = LIMITS.statusMembersAsked;
  let unasked = 0;
  const asked = async (row: Row): Promise<unknown> => {
    if (left === 0) {
      unasked++;
      return row;
    }
    left--;
    const own = await bus
      .call(row.key, 'status', {}, timeoutMs)
      .catch((error: unknown) => ({ error: messageOf(error) }));
    return { ...row, status: own };
  };
  const [aggregators, instrumenters] = await Promise.all(
    [status['aggregators'], status['instrumenters']].map((rows) => Promise.all((rows as Row[]).map(asked))),
  );
  return { ...status, aggregators, instrumenters, unasked };
}
