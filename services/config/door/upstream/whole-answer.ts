/*
 * A question of the front door's own to an aggregator. In: JSON. Out: the whole answer, within a limit of bytes.
 */
import { CaError, invalid } from '../../../../common/service/errors';
import { FRONT_DOOR_HEADER, type DoorKeys } from '../../../../common/http/front-door';
import type { Upstream } from './upstream';
import { readAnswer } from './upstream-answer';

export interface Answered {
  readonly status: number;
  readonly body: Buffer;
}

interface Question {
  readonly json: unknown;
  readonly gone: AbortSignal;
  readonly bytesMax: number;
  readonly keys: DoorKeys;
}

/** An idle connection may be closed at the other end just as we use it: asking again, once, does no harm. */
export async function wholeAnswer(upstream: Upstream, path: string, question: Question): Promise<Answered> {
  try {
    return await answerOver(true, upstream, path, question);
  } catch (error) {
    if ((error as { reused?: boolean }).reused !== true || question.gone.aborted) throw error;
    return answerOver(false, upstream, path, question);
  }
}

function answerOver(
  pooled: boolean,
  upstream: Upstream,
  path: string,
  { json, gone, bytesMax, keys }: Question,
): Promise<Answered> {
  const body = Buffer.from(JSON.stringify(json));
  const { doubtMs, answerMs } = upstream.limits;
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': body.length,
      [FRONT_DOOR_HEADER]: keys.secret,
    };
    const asked = upstream.request({ method: 'POST', path, headers, signal: gone }, pooled);
    const doubt = setTimeout(() => {
      upstream.doubt();
    }, doubtMs);
    const timer = setTimeout(() => {
      asked.destroy(new CaError('TIMED_OUT', 'the aggregator did not answer in time', { retryAfter: 1 }));
    }, answerMs);
    const settled = (): void => {
      clearTimeout(doubt);
      clearTimeout(timer);
    };
    const failed = (error: Error): void => {
      settled();
      reject(
        error instanceof CaError ? error : Object.assign(error, { reused: asked.reusedSocket && !answered }),
      );
      asked.destroy();
    };
    let answered = false;
    asked.once('response', (answer) => {
      answered = true;
      answer.on('error', failed);
      try {
        readAnswer(answer, keys.proof);
      } catch (error) {
        failed(error as Error);
        return;
      }
      clearTimeout(doubt);
      upstream.succeeded();
      const pieces: Buffer[] = [];
      let length = 0;
      answer.on('data', (piece: Buffer) => {
        length += piece.length;
        if (length <= bytesMax) pieces.push(piece);
        else failed(invalid('query', `makes an answer of more than ${bytesMax} bytes`));
      });
      answer.once('end', () => {
        settled();
        resolve({ status: answer.statusCode ?? 502, body: Buffer.concat(pieces) });
      });
    });
    asked.on('error', failed);
    asked.end(body);
  });
}
