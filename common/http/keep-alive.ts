/*
 * The time-out of a connection whose answer was sent before its request's body had arrived, such as a refusal. Node.js
 * applies its keep-alive time-out there as everywhere, but up to 20.19 (Debian 13) the body's arrival put back the longer
 * time-out of a running request: 10,000 refused requests would hold all connections for 90 s.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

interface Timeouts {
  /** For a connection with a request, in milliseconds, as the server's `setTimeout` has it. */
  readonly idleMs: number;
  /** For a connection between two requests. */
  readonly keepAliveMs: number;
}

/** A connection's request that arrived last, and whether its time-out is ours. */
interface Last {
  incoming: IncomingMessage;
  ours: boolean;
}
const lasts = new WeakMap<Socket, Last>();

/** To be called for each request, when its headers have arrived. */
export function keepAlive(incoming: IncomingMessage, outgoing: ServerResponse, timeouts: Timeouts): void {
  const { socket, headers } = incoming;
  const last = lasts.get(socket);
  if (last !== undefined) {
    last.incoming = incoming;
    if (last.ours) socket.setTimeout(timeouts.idleMs);
    last.ours = false;
  }
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return;
  if (last === undefined) lasts.set(socket, { incoming, ours: false });
  outgoing.once('finish', () => {
    if (incoming.complete) return;
    incoming.once('end', () => {
      // Not before the parser returns: only then does Node.js set its own.
      setImmediate(shorten, incoming, socket, timeouts);
    });
  });
}

function shorten(incoming: IncomingMessage, socket: Socket, { idleMs, keepAliveMs }: Timeouts): void {
  const last = lasts.get(socket);
  if (last?.incoming !== incoming || socket.timeout !== idleMs) return;
  last.ours = true;
  socket.setTimeout(keepAliveMs);
}
