/* A change that must be on disk before it is answered. In: what to change. Out: its result, or why it cannot be saved. */
import { CaError } from '../../../common/service/errors';
import type { Log } from '../../../common/service/log';
import type { Draft, Store } from './store';

export function save<T>(store: Store, log: Log, apply: (draft: Draft) => T): Promise<T> {
  return saving(log, store.change(apply));
}

/** A full or broken disk is a matter of time and of the operator, not of the client's question. */
export async function saving<T>(log: Log, change: Promise<T>): Promise<T> {
  try {
    return await change;
  } catch (error) {
    if (error instanceof CaError) throw error;
    log.error({ err: error }, 'cannot save the state');
    throw new CaError('NO_RESOURCE', 'the state cannot be saved now', { retryAfter: 10, cause: error });
  }
}
