/*
 * Sends an aggregator's answer to clients. In: what may pass (upstream-answer.ts). Out: for one client a stream at its
 * own speed, without buffering; for several at once the whole answer.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  GZIP_BYTES_MIN,
  compressed,
  gzipStream,
  isCompressible,
  takesGzip,
  weakTag,
} from '../../../../common/http/gzip';
import type { Reply, Request } from '../../../../common/http/http';
import type { PassedAnswer } from './upstream-answer';

/** Infinity: unknown. */
export function lengthOf({ statusCode, headers }: IncomingMessage): number {
  return statusCode === 304 ? 0 : Number(headers['content-length'] ?? Infinity);
}

/** For several at once: whole, and compressed once for all of them. */
export async function collect(
  answer: IncomingMessage,
  { status, headers }: PassedAnswer,
  { headers: asked }: Request,
): Promise<Reply> {
  const pieces: Buffer[] = [];
  for await (const piece of answer as AsyncIterable<Buffer>) pieces.push(piece);
  const named: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name !== 'content-length' && name !== 'content-type') named[NAMES[name] ?? name] = String(value);
  }
  const reply = {
    status,
    headers: named,
    ...(status === 304 ? {} : { bytes: Buffer.concat(pieces), contentType: String(headers['content-type']) }),
  };
  if (status !== 200) return reply;
  const smaller = await compressed(reply, asked['accept-encoding']);
  return smaller.headers?.['Content-Encoding'] === undefined ? reply : smaller;
}

/** As gzip.ts looks for them. */
const NAMES: Readonly<Record<string, string>> = {
  'content-encoding': 'Content-Encoding',
  etag: 'ETag',
  vary: 'Vary',
};

/** At the client's speed: the aggregator is held back while the client's side is full. */
export function pass(
  answer: IncomingMessage,
  { status, headers }: PassedAnswer,
  { headers: asked, outgoing, method }: Request,
): void {
  const { vary, etag } = answer.headers;
  const length = lengthOf(answer);
  const smaller =
    isCompressible(String(headers['content-type'])) &&
    answer.headers['content-encoding'] === undefined &&
    length >= GZIP_BYTES_MIN &&
    takesGzip(asked['accept-encoding']) &&
    method !== 'HEAD' &&
    status === 200;
  if (smaller) {
    delete headers['content-length'];
    Object.assign(headers, {
      'content-encoding': 'gzip',
      vary: vary === undefined ? 'Accept-Encoding' : `${vary}, Accept-Encoding`,
      ...(etag === undefined ? {} : { etag: weakTag(etag).ETag }),
    });
  }
  outgoing.writeHead(status, headers);
  if (smaller) answer.pipe(gzipStream().on('error', () => outgoing.destroy())).pipe(outgoing);
  else copy(answer, outgoing);
}

/** Like pipe, with three listeners instead of ten: most answers are one chunk. */
function copy(answer: IncomingMessage, outgoing: ServerResponse): void {
  answer.on('data', (piece: Buffer) => {
    // A client that has gone: `abandon` ends the rest.
    if (outgoing.destroyed || outgoing.write(piece)) return;
    answer.pause();
    outgoing.once('drain', () => answer.resume());
  });
  answer.once('end', () => {
    if (!outgoing.destroyed) outgoing.end();
  });
}
