/*
 * Carries values from one aggregator to another. In: an instrumentation, an aggregator that may have more of it, one that
 * may have less. Out: the seconds that the second one lacks, in pieces of bounded size. Aggregators answer nobody but the
 * front door, so the values go through here; nothing of them is kept.
 */
import { CaError } from '../../../../common/service/errors';
import type { Instrumentation } from '../../../../common/model/instrumentation';
import { instrumentationPath } from '../../api/present';
import type { Proxy } from '../../door/upstream/proxy';
import type { Aggregator } from '../members';

/** One piece, as JSON. */
const PIECE_BYTES = 8 * 1024 * 1024;
/** Pieces of one copy: more than one instrumentation can have. */
const PIECES = 1000;

interface Piece {
  /** Where the next piece begins; absent: this was the last one. */
  readonly next?: number;
}

/** Resolves to the number of slots that could not be copied yet, because both were still receiving them. */
export async function copyValues(
  proxy: Pick<Proxy, 'ask'>,
  instrumentation: Instrumentation,
  from: Aggregator,
  to: Aggregator,
): Promise<number> {
  const path = `${instrumentationPath(instrumentation)}/value`;
  const gone = new AbortController().signal;
  const say = async (aggregator: Aggregator, what: string, json: unknown): Promise<unknown> => {
    const { status, body } = await proxy.ask(aggregator, `${path}/${what}`, json, gone, PIECE_BYTES);
    const text = body.toString('utf8');
    if (status === 200) return JSON.parse(text);
    throw new CaError(
      'NO_RESOURCE',
      `${aggregator.instance} answered ${status} to ${what}: ${text.slice(0, 200)}`,
    );
  };
  const held = await say(to, 'held', {});
  let left = 0;
  let next: number | undefined = 0;
  for (let pieces = 0; next !== undefined && pieces < PIECES; pieces++) {
    const piece = (await say(from, 'lacking', { held, from: next })) as Piece;
    const taken = (await say(to, 'take', piece)) as { readonly left: number };
    left += taken.left;
    next = piece.next;
  }
  return left;
}
