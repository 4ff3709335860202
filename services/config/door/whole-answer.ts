/*
 * A question of the front door's own to an aggregator. In: JSON. Out: the whole answer, within a limit of bytes.
 */
import { request as httpRequest } from 'node:http';
import { CaError, invalid } from '../../../common/service/errors';
import { FRONT_DOOR_HEADER, type DoorKeys } from '../../../common/service/front-door';
import type { Address, Upstream } from './upstream';
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

export function wholeAnswer(
  upstream: Upstream,
  { httpHost: host, httpPort: port }: Address,
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
    const asked = httpRequest({
      agent: upstream.agent,
      host,
      port,
      method: 'POST',
      path,
      headers,
      signal: gone,
    });
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
      reject(error);
      asked.destroy();
    };
    asked.once('response', (answer) => {
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
        if (length > bytesMax)
          asked.destroy(invalid('query', `makes an answer of more than ${bytesMax} bytes`));
        else pieces.push(piece);
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
