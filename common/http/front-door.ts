/*
 * Aggregators answer nobody but the front door, and the front door believes nobody but the aggregator it asked. In: a
 * request's or an answer's headers. Out: nothing, or an error.
 *
 * The front door makes two keys for each aggregator and tells them over the message bus. With each request it shows one;
 * with each answer the aggregator shows the other. Whoever takes the port of an aggregator that has ended learns a key
 * that opens no other aggregator, and cannot answer in its name.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { CaError } from '../service/errors';

export const FRONT_DOOR_HEADER = 'x-ca-front-door';
export const AGGREGATOR_HEADER = 'x-ca-aggregator';

export interface DoorKeys {
  /** Shown by the front door. */
  readonly secret: string;
  /** Shown by the aggregator. */
  readonly proof: string;
}

/** Everything that says which aggregator it is. */
export interface Aggregator {
  /** Its routing key. */
  readonly key: string;
  readonly httpHost: string;
  readonly httpPort: number;
}

/** The same after a restart of the front door, so that aggregators go on answering. */
export function doorKeysOf(master: string, { key, httpHost, httpPort }: Aggregator): DoorKeys {
  const derive = (what: string): string =>
    createHmac('sha256', master).update(`${what} ${key} ${httpHost}:${httpPort}`).digest('hex');
  return { secret: derive('ask'), proof: derive('answer') };
}

/** Nobody passes before there is a secret: the front door tells it after each hello. */
export function admitFrontDoor(headers: IncomingHttpHeaders, secret: string | undefined): void {
  const presented = headers[FRONT_DOOR_HEADER];
  if (secret !== undefined && typeof presented === 'string' && isSame(presented, secret)) return;
  throw new CaError('FORBIDDEN', 'values are read through the front door, the config service');
}

/** In a time that tells nothing but whether they are equally long. */
export function isSame(presented: string, known: string): boolean {
  const [a, b] = [Buffer.from(presented, 'latin1'), Buffer.from(known, 'latin1')];
  return a.length === b.length && timingSafeEqual(a, b);
}
