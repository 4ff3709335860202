/*
 * The status with each member's own status. In: the status, and a timeout for members.
 * Out: the same, where each aggregator's and instrumenter's row has a `status`: its answer, or why there is none.
 */
import type { ConfigStatus } from '../../../common/api/status';
import { messageOf } from '../../../common/service/errors';
import type { Bus } from '../fleet/bus';

/** Greatest number of members that one request asks. */
export const MEMBERS_ASKED = 200;

/** Members beyond the limit keep their row as it is, and are counted. */
export async function withMembers(
  status: ConfigStatus,
  bus: Pick<Bus, 'call'>,
  timeoutMs: number,
): Promise<ConfigStatus> {
  let left: number = MEMBERS_ASKED;
  let unasked = 0;
  const asked = async <R extends { readonly key: string }>(row: R): Promise<R> => {
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
  const [aggregators, instrumenters] = await Promise.all([
    Promise.all(status.aggregators.map(asked)),
    Promise.all(status.instrumenters.map(asked)),
  ]);
  return { ...status, aggregators, instrumenters, unasked };
}
