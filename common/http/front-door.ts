/*
 * Mutual authentication: aggregators answer only the front door, and the front door accepts answers only from the
 * aggregator it asked. In: headers of a request or an answer. Out: nothing, or an error.
 *
 * The front door derives two keys per aggregator and sends them over the message bus. Each request carries one, each
 * answer the other. A process that takes the port of an aggregator that has ended learns a key that is not valid for
 * any other aggregator, and cannot answer in its name.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { CaError } from '../service/errors';

export const FRONT_DOOR_HEADER = 'x-ca-front-door';
export const AGGREGATOR_HEADER = 'x-ca-aggregator';

export interface DoorKeys {
  /** Sent by the front door. */
  readonly secret: string;
  /** Sent by the aggregator. */
  readonly proof: string;
}

/** The identity of an aggregator. */
export interface Aggregator {
  /** Its routing key. */
  readonly key: string;
  readonly httpHost: string;
  readonly httpPort: number;
}

/** Does not change when the front door restarts, so that aggregators go on answering. */
export function doorKeysOf(master: string, { key, httpHost, httpPort }: Aggregator): DoorKeys {
  const derive = (what: string): string =>
    createHmac('sha256', master).update(`${what} ${key} ${httpHost}:${httpPort}`).digest('hex');
  return { secret: derive('ask'), proof: derive('answer') };
}

/** No request passes before there is a secret: the front door sends it after each hello. */
export function admitFrontDoor(headers: IncomingHttpHeaders, secret: string | undefined): void {
  const presented = headers[FRONT_DOOR_HEADER];
  if (secret !== undefined && typeof presented === 'string' && isSame(presented, secret)) return;
  throw new CaError('FORBIDDEN', 'values are read through the front door, the config service');
}

/** Constant-time comparison; reveals only whether the lengths are equal. */
export function isSame(presented: string, known: string): boolean {
  const [a, b] = [Buffer.from(presented, 'latin1'), Buffer.from(known, 'latin1')];
  return a.length === b.length && timingSafeEqual(a, b);
}
