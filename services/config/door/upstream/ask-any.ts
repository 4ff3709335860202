/*
 * The front door's own question to the first of several aggregators that answers it. In: aggregators with the same values.
 */
import { CaError } from '../../../../common/service/errors';
import type { Asked, Proxy } from './proxy';
import type { Answered } from './whole-answer';

/** As `ask`, of the first of these that answers. */
export async function askAny(
  { ask }: Pick<Proxy, 'ask'>,
  [home, ...others]: readonly [Asked, ...Asked[]],
  ...what: Rest<Parameters<Proxy['ask']>>
): Promise<Answered> {
  try {
    const answered = await ask(home, ...what);
    if (others.length === 0 || (answered.status !== 404 && answered.status < 500)) return answered;
  } catch (error) {
    const [, , gone] = what;
    if (others.length === 0 || gone.aborted || !(error instanceof CaError)) throw error;
  }
  return askAny({ ask }, others as [Asked, ...Asked[]], ...what);
}

type Rest<T extends readonly unknown[]> = T extends readonly [unknown, ...infer R] ? R : never;
