/* Ids that were given out, by scope: the next one is a number that the scope has never seen. */
import { Type } from '../../../common/model/schema';

/** [customer, or null for the global scope; last id given out] */
export const LastIds = Type.Array(
  Type.Tuple([Type.Union([Type.String(), Type.Null()]), Type.Integer({ minimum: 0 })]),
);

export function nextId(last: Map<string | null, number>, customer: string | undefined): string {
  const id = (last.get(customer ?? null) ?? 0) + 1;
  last.set(customer ?? null, id);
  return String(id);
}
