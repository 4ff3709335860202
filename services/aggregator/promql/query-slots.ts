/*
 * How many queries are evaluated at a time: each may hold many numbers and their text. In: queries. Out: each in its turn, or
 * NO_RESOURCE with when to try again, when too many wait already.
 */
import { CaError } from '../../../common/service/errors';

const AT_A_TIME = 4;
const WAITING_MAX = 64;

export class QuerySlots {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  async run<T>(query: () => Promise<T>): Promise<T> {
    if (this.running >= AT_A_TIME) {
      if (this.waiting.length >= WAITING_MAX) {
        throw new CaError(
          'NO_RESOURCE',
          `${AT_A_TIME} queries are answered and ${WAITING_MAX} wait already`,
          {
            retryAfter: 1,
          },
        );
      }
      // Whoever leaves hands its place over: `running` stays as it is.
      await new Promise<void>((enter) => this.waiting.push(enter));
    } else this.running++;
    try {
      return await query();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.running--;
      else next();
    }
  }
}
