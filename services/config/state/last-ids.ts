/* Ids that were given out, by scope: the next one is a number that the scope has never seen. */
import { Type } from '../../../common/model/schema';

/** [customer, or null for the global scope; last id given out] */
export const LastIds = Type.Array(
  Type.Tuple([Type.Union([Type.String(), Type.Null()]), Type.Integer({ minimum: 0 })]),
);

/** No customer has this name. Its "id" is where scopes without one begin; releases that do not know it carry it along. */
const FLOOR = '';

/**
 * `anew`: the time (ms) at which a deployment without a state begins anew. Ids begin after it, and so far above all that an
 * earlier state can have given out.
 */
export function noIds(anew: number | undefined): ReadonlyMap<string | null, number> {
  return new Map(anew === undefined ? [] : [[FLOOR, anew]]);
}

export function nextId(last: Map<string | null, number>, customer: string | undefined): string {
  const id = (last.get(customer ?? null) ?? last.get(FLOOR) ?? 0) + 1;
  last.set(customer ?? null, id);
  return String(id);
}
