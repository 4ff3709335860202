/* The last step of an answer. In: a reply, or an error of any kind. Out: bytes; texts of unknown errors are not sent. */
import type { ServerResponse } from 'node:http';
import { CaError } from '../service/errors';
import type { Log } from '../service/log';
import type { Reply } from './reply';

export function send(outgoing: ServerResponse, reply: Reply): void {
  if (reply.streamed === true || outgoing.destroyed) return;
  const bytes = reply.json === undefined ? reply.bytes : `${JSON.stringify(reply.json)}\n`;
  const type = reply.json === undefined ? reply.contentType : 'application/json';
  const headers: Record<string, string | number> = { ...reply.headers };
  if (type !== undefined) headers['Content-Type'] = type;
  if (bytes !== undefined) headers['Content-Length'] = Buffer.byteLength(bytes);
  outgoing.writeHead(reply.status ?? 200, headers);
  outgoing.end(bytes);
}

export function sendError(outgoing: ServerResponse, error: unknown, log: Log): void {
  const known = error instanceof CaError ? error : new CaError('INTERNAL');
  if (known.status >= 500 && known.code === 'INTERNAL') log.error({ err: error }, 'a request failed');
  if (outgoing.headersSent) {
    outgoing.destroy(); // half an answer cannot be taken back; closing the connection shows that it is incomplete
    return;
  }
  const headers: Record<string, string> = {};
  if (known.retryAfter !== undefined) headers['Retry-After'] = String(known.retryAfter);
  if (known.allow !== undefined) headers['Allow'] = known.allow.join(', ');
  // An unread body would be parsed as the next request.
  if (known.code === 'TOO_LARGE') headers['Connection'] = 'close';
  const { code, message, field } = known;
  const body = { error: { code, message, ...(field === undefined ? {} : { field }) } };
  send(outgoing, { status: known.status, headers, json: body });
}
