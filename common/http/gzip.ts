/*
 * Compresses answers that are worth it. In: a reply, and the client's Accept-Encoding. Out: the reply,
 * smaller. Pictures are not compressed again.
 */
import { constants, createGzip, gzip, type Gzip } from 'node:zlib';
import { promisify } from 'node:util';
import { accepts, listOf } from './header-list';
import type { Reply } from './reply';

/** Shorter answers are not compressed: they fit into one packet anyway. */
export const GZIP_BYTES_MIN = 1400;

const gzipAsync = promisify(gzip);

/** The fastest level: it makes JSON of values 5 to 10 times smaller; higher levels cost more than they save. */
const LEVEL = { level: constants.Z_BEST_SPEED };

/** True if the client accepts gzip, by name or by *, and not with q=0. */
export function takesGzip(acceptEncoding: string | undefined): boolean {
  const entries = listOf(acceptEncoding);
  const isNamed = entries.some(({ name }) => name === 'gzip');
  return accepts(entries, isNamed ? 'gzip' : '*');
}

export function isCompressible(contentType: string | undefined): boolean {
  return /^(application\/(?:json|openmetrics-text)|text\/|image\/svg\+xml)/.test(contentType ?? '');
}

/** For proxied answers. Flushes with each write, so that nothing waits in the compressor. */
export function gzipStream(): Gzip {
  return createGzip({ ...LEVEL, flush: constants.Z_SYNC_FLUSH });
}

export async function compressed(reply: Reply, acceptEncoding: string | undefined): Promise<Reply> {
  const { json, bytes, streamed, headers } = reply;
  if (streamed === true || (json === undefined && bytes === undefined)) return reply;
  const contentType = json === undefined ? reply.contentType : 'application/json';
  if (!isCompressible(contentType) || headers?.['Content-Encoding'] !== undefined) return reply;
  const plain = json === undefined ? (bytes ?? '') : `${JSON.stringify(json)}\n`;
  const { json: _json, ...rest } = reply;
  const vary = {
    Vary: headers?.['Vary'] === undefined ? 'Accept-Encoding' : `${headers['Vary']}, Accept-Encoding`,
  };
  const whole = { ...rest, bytes: plain, contentType: contentType ?? '', headers: { ...headers, ...vary } };
  if (Buffer.byteLength(plain) < GZIP_BYTES_MIN || !takesGzip(acceptEncoding)) return whole;
  return {
    ...whole,
    bytes: await gzipAsync(plain, LEVEL),
    headers: { ...whole.headers, 'Content-Encoding': 'gzip', ...weakTag(headers?.['ETag']) },
  };
}

/** A weak ETag: the same content in other bytes (RFC 9110, section 8.8.1). */
export function weakTag(etag: string | undefined): { ETag?: string } {
  if (etag === undefined) return {};
  return { ETag: etag.startsWith('W/') ? etag : `W/${etag}` };
}
