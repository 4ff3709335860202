/*
 * Aggregators answer nobody but the front door, once it has told them its secret: whoever reaches an aggregator's port
 * directly would walk around tokens and customers' limits. In: a request's headers. Out: nothing, or an error.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { CaError } from './errors';

export const FRONT_DOOR_HEADER = 'x-ca-front-door';

/** Without a secret everybody passes: the deployment asks for no tokens either. */
export function admitFrontDoor(incoming: IncomingMessage, secret: string | undefined): void {
  if (secret === undefined) return;
  const presented = incoming.headers[FRONT_DOOR_HEADER];
  if (typeof presented === 'string' && timingSafeEqual(digest(presented), digest(secret))) return;
  throw new CaError('FORBIDDEN', 'values are read through the front door, the config service');
}

/** Of one length, whatever was presented. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
